"""The steps of docs/algorithms/tiers.md: its worked table, and that the result depends on facts and dates only."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shuke.apps.loyalty.rules.tiers import (
    Counter,
    Course,
    Facts,
    Invitation,
    Person,
    Span,
    Standing,
    Terms,
    Tier,
    Version,
    Window,
    as_data,
    faults,
    missing,
    placed,
    terms_of,
)
from shuke.apps.loyalty.rules.tiers.windows import bounds, end_that_follows

pytestmark = pytest.mark.once

SPEND = Counter("spend")
LADDER = (Tier("silver", "Silver", 100_000, 100_000), Tier("gold", "Gold", 500_000, 500_000))


def day(year: int, month: int, number: int) -> int:
    return date(year, month, number).toordinal()


def terms(**changes: object) -> Terms:
    plain = Terms(tiers=LADDER, counter=SPEND, window=Window("year"), grace_days=30)
    return replace(plain, **changes)  # type: ignore[arg-type]


def person(*rows: tuple[int, int, int], joined: int = day(2026, 1, 1), **more: object) -> Person:
    return Person(joined=joined, facts={SPEND: Facts(rows)}, **more)  # type: ignore[arg-type]


def told(spans: object) -> list[tuple[str, str, str, str]]:
    """Tier, first, through, why: as people write them."""
    return [
        (
            span.tier,
            date.fromordinal(span.first).isoformat(),
            date.fromordinal(span.through).isoformat() if span.through else "",
            span.why,
        )
        for span in spans  # type: ignore[attr-defined]
    ]


def course_of(wanted: Terms, who: Person, *, until: int, since: int = day(2026, 1, 1)) -> list[Span]:
    return list(
        placed(None, versions=[Version(1, since, wanted)], person=who, start=since, today=until).spans
    )


WORKED = (
    (day(2026, 2, 5), day(2026, 2, 5), 90_000),
    (day(2026, 3, 3), day(2026, 3, 3), 40_000),
    (day(2026, 3, 3), day(2026, 3, 20), -40_000),
    (day(2026, 11, 11), day(2026, 11, 11), 420_000),
)


def test_the_worked_table() -> None:
    who = person(*WORKED, (day(2027, 6, 1), day(2027, 6, 1), 180_000))
    assert told(course_of(terms(), who, until=day(2028, 6, 1))) == [
        ("silver", "2026-03-03", "2027-12-31", "qualified"),
        ("gold", "2026-11-11", "2027-12-31", "qualified"),
        ("gold", "2028-01-01", "2028-01-30", "grace"),
        ("silver", "2028-01-31", "2028-12-31", "downgraded"),
    ]


def test_what_is_missing_on_the_days_of_the_worked_table() -> None:
    who = person(*WORKED, (day(2027, 6, 1), day(2027, 6, 1), 180_000))
    versions = [Version(1, day(2026, 1, 1), terms())]

    def on(today: int) -> tuple[int | None, int | None, int]:
        standing = Course(versions=versions, person=who).walk(None, start=0, today=today)
        assert standing is not None
        found = missing(standing, versions=versions, person=who, today=today)
        return found.to_reach, found.to_keep, found.count

    assert on(day(2026, 2, 5)) == (10_000, None, 90_000)
    assert on(day(2026, 3, 20))[0] == 410_000
    # Gold through 2027: nothing of 2027 is spent yet, all of it is missing to keep.
    assert on(day(2026, 12, 31)) == (None, 500_000, 510_000)
    assert on(day(2027, 12, 31)) == (None, 320_000, 180_000)
    assert on(day(2028, 1, 10)) == (None, 320_000, 0)


@pytest.mark.parametrize(
    ("down", "spent", "tier"),
    [
        ("one_step", 180_000, "silver"),
        ("full", 180_000, "silver"),
        ("one_step", 70_000, "silver"),
        ("full", 70_000, ""),
        ("none", 70_000, "gold"),
    ],
)
def test_down_by_each_rule(down: str, spent: int, tier: str) -> None:
    who = person(*WORKED, (day(2027, 6, 1), day(2027, 6, 1), spent))
    spans = course_of(terms(down=down), who, until=day(2028, 6, 1))
    assert spans[-1].tier == tier
    if down == "none":
        assert told(spans[-1:]) == [("gold", "2028-01-01", "2028-12-31", "granted")]


def test_who_meets_it_in_grace_keeps_the_tier_as_if_in_time() -> None:
    who = person(
        *WORKED,
        (day(2027, 6, 1), day(2027, 6, 1), 180_000),
        (day(2028, 1, 20), day(2028, 1, 20), 320_000),
    )
    assert told(course_of(terms(), who, until=day(2029, 1, 1)))[2:4] == [
        ("gold", "2028-01-01", "2028-01-30", "grace"),
        ("gold", "2028-01-20", "2028-12-31", "kept"),
    ]


def test_keeping_may_ask_for_less_than_reaching() -> None:
    cheap = (LADDER[0], replace(LADDER[1], keep=150_000))
    who = person(*WORKED, (day(2027, 6, 1), day(2027, 6, 1), 180_000))
    spans = course_of(terms(tiers=cheap), who, until=day(2028, 6, 1))
    assert told(spans[-1:]) == [("gold", "2028-01-01", "2028-12-31", "kept")]


def test_up_at_the_end_begins_with_the_next_window() -> None:
    who = person(*WORKED)
    assert told(course_of(terms(up="at_end"), who, until=day(2027, 6, 1))) == [
        ("gold", "2027-01-01", "2027-12-31", "qualified")
    ]


def test_a_tier_that_needs_nothing_is_everybodys_at_once() -> None:
    ladder = (Tier("member", "Member", 0, 0), *LADDER)
    spans = course_of(terms(tiers=ladder, up="at_end"), person(joined=day(2026, 4, 5)), until=day(2026, 6, 1))
    assert [span.tier for span in spans] == ["member"]


def test_a_rolling_tier_lasts_a_window_more() -> None:
    who = person((day(2026, 3, 3), day(2026, 3, 3), 120_000))
    rolling = terms(window=Window("rolling", 90), grace_days=0)
    assert told(course_of(rolling, who, until=day(2026, 9, 1))) == [
        ("silver", "2026-03-03", "2026-06-01", "qualified"),
        ("", "2026-06-02", "", "downgraded"),
    ]


def test_an_invitation_lifts_and_lets_down_to_the_own_tier() -> None:
    gold = Invitation("inv", "gold", day(2026, 6, 1), day(2026, 8, 31))
    who = person((day(2026, 3, 3), day(2026, 3, 3), 120_000), invitations=[gold])
    assert told(course_of(terms(), who, until=day(2026, 12, 1))) == [
        ("silver", "2026-03-03", "2027-12-31", "qualified"),
        ("gold", "2026-06-01", "2026-08-31", "invited"),
        ("gold", "2026-09-01", "2026-09-30", "grace"),
        ("silver", "2026-10-01", "2027-12-31", "downgraded"),
    ]
    back = replace(who, invitations=[replace(gold, taken_back=day(2026, 7, 10))])
    assert told(course_of(terms(), back, until=day(2026, 12, 1)))[2:] == [
        ("silver", "2026-07-10", "2027-12-31", "downgraded")
    ]
    # Whoever earned it meanwhile has it, and a step down is no lower than one's own.
    alone = person(invitations=[gold])
    assert told(course_of(terms(down="full"), alone, until=day(2026, 12, 1)))[-1][0] == ""
    assert told(course_of(terms(), alone, until=day(2026, 12, 1)))[-1] == (
        "silver",
        "2026-10-01",
        "2026-12-31",
        "downgraded",
    )


def test_nobody_moves_by_a_version_before_its_first_day() -> None:
    stricter = terms(tiers=(replace(LADDER[0], reach=400_000, keep=400_000), LADDER[1]))
    versions = [Version(1, day(2026, 1, 1), terms()), Version(2, day(2026, 6, 1), stricter)]
    early = person((day(2026, 3, 3), day(2026, 3, 3), 120_000))
    late = person((day(2026, 7, 3), day(2026, 7, 3), 120_000))

    def spans(who: Person, until: int) -> list[tuple[str, str, str, str]]:
        return told(placed(None, versions=versions, person=who, start=0, today=until).spans)

    assert spans(late, day(2026, 12, 1)) == []
    # A present tier lasts through its end; the version valid then decides about keeping.
    assert spans(early, day(2028, 3, 1)) == [
        ("silver", "2026-03-03", "2027-12-31", "qualified"),
        ("silver", "2028-01-01", "2028-01-30", "grace"),
        ("", "2028-01-31", "", "downgraded"),
    ]


def test_a_tier_that_is_gone_is_replaced_by_the_next_above() -> None:
    only_gold = terms(tiers=(LADDER[1],))
    versions = [Version(1, day(2026, 1, 1), terms()), Version(2, day(2026, 6, 1), only_gold)]
    who = person((day(2026, 3, 3), day(2026, 3, 3), 120_000))
    assert told(placed(None, versions=versions, person=who, start=0, today=day(2026, 12, 1)).spans) == [
        ("silver", "2026-03-03", "2027-12-31", "qualified"),
        ("gold", "2026-06-01", "2027-12-31", "granted"),
    ]


def test_facts_that_come_late_lift_from_today_never_backwards() -> None:
    versions = [Version(1, day(2026, 1, 1), terms())]
    before = person((day(2026, 3, 3), day(2026, 3, 3), 90_000))
    first = placed(None, versions=versions, person=before, start=0, today=day(2027, 2, 1))
    assert first.spans == []
    after = person((day(2026, 3, 3), day(2026, 3, 3), 90_000), (day(2026, 4, 3), day(2026, 4, 3), 30_000))
    facts = after.facts[SPEND]
    assert facts.seen(day(2027, 1, 31)) != before.facts[SPEND].seen(day(2027, 1, 31))
    second = placed(
        first.standing, versions=versions, person=after, start=0, today=day(2027, 2, 2), was_changed=True
    )
    assert told(second.spans) == [("silver", "2027-02-02", "2027-12-31", "qualified")]
    # What vanishes takes nothing back.
    third = placed(
        second.standing, versions=versions, person=before, start=0, today=day(2027, 2, 3), was_changed=True
    )
    assert third.spans == []


def test_the_day_that_was_counted_last_is_looked_at_again() -> None:
    versions = [Version(1, day(2026, 1, 1), terms())]
    noon, night = (
        person((day(2026, 3, 3), day(2026, 3, 3), 90_000)),
        person((day(2026, 3, 3), day(2026, 3, 3), 120_000)),
    )
    first = placed(None, versions=versions, person=noon, start=0, today=day(2026, 3, 3))
    second = placed(first.standing, versions=versions, person=night, start=0, today=day(2026, 3, 4))
    assert told(second.spans) == [("silver", "2026-03-03", "2027-12-31", "qualified")]


def test_a_count_that_rises_because_a_negative_fact_leaves_the_window_is_seen() -> None:
    who = person((day(2026, 1, 1), day(2026, 1, 1), -50_000), (day(2026, 1, 20), day(2026, 1, 20), 120_000))
    rolling = terms(window=Window("rolling", 90))
    # 120,000 less 50,000 until 31 March; on 1 April 1 January is no longer in the window.
    assert told(course_of(rolling, who, until=day(2026, 4, 10)))[0][:2] == ("silver", "2026-04-01")


def test_a_merged_members_tier_goes_on() -> None:
    versions = [Version(1, day(2026, 1, 1), terms())]
    first = placed(None, versions=versions, person=person(), start=0, today=day(2026, 5, 1))
    held = Span("gold", day(2026, 2, 1), day(2027, 12, 31), "qualified", 1, 600_000)
    after = placed(
        first.standing, versions=versions, person=person(), start=0, today=day(2026, 5, 2), others=[held]
    )
    assert told(after.spans) == [("gold", "2026-05-02", "2027-12-31", "qualified")]


@pytest.mark.parametrize(
    ("window", "first", "last", "following"),
    [
        (Window("rolling", 365), (2025, 11, 28), (2026, 11, 27), (2027, 11, 27)),
        (Window("year"), (2026, 1, 1), (2026, 12, 31), (2027, 12, 31)),
        (Window("quarter"), (2026, 10, 1), (2026, 12, 31), (2027, 3, 31)),
        (Window("anniversary"), (2026, 3, 10), (2027, 3, 9), (2028, 3, 9)),
    ],
)
def test_the_windows_of_27_november_2026(
    window: Window, first: tuple[int, int, int], last: tuple[int, int, int], following: tuple[int, int, int]
) -> None:
    joined, today = day(2020, 3, 10), day(2026, 11, 27)
    assert bounds(window, today, joined=joined) == (day(*first), day(*last))
    assert end_that_follows(window, today, joined=joined) == day(*following)


def test_the_anniversary_of_29_february() -> None:
    joined = day(2024, 2, 29)
    window = Window("anniversary")
    assert bounds(window, day(2026, 2, 27), joined=joined) == (day(2025, 2, 28), day(2026, 2, 27))
    assert bounds(window, day(2028, 2, 29), joined=joined) == (day(2028, 2, 29), day(2029, 2, 27))


def test_faults_are_told_by_field() -> None:
    wrong = Terms(
        tiers=(Tier("a", "", 5, 9), Tier("a", "A", 5, 5)),
        counter=Counter("points"),
        window=Window("rolling", 0),
        up="at_end",
        grace_days=999,
    )
    assert set(faults(wrong)) == {
        "up",
        "window",
        "grace_days",
        "counter",
        "tiers.0.name",
        "tiers.0.keep",
        "tiers.1.code",
        "tiers.1.reach",
    }
    assert faults(terms()) == {}
    assert terms_of(as_data(terms())) == terms()


# --- counting every day, or once, gives the same memberships ---

START, END = day(2026, 1, 1), day(2028, 3, 31)
days = st.integers(START - 200, END)
WINDOWS = (
    Window("rolling", 90),
    Window("rolling", 365),
    Window("year"),
    Window("quarter"),
    Window("anniversary"),
)


@st.composite
def some_terms(draw: st.DrawFn) -> Terms:
    window = draw(st.sampled_from(WINDOWS))
    ups = ["at_once"] if window.kind == "rolling" else ["at_once", "at_end"]
    steps = draw(st.lists(st.integers(0, 30), min_size=1, max_size=3, unique=True).map(sorted))
    tiers = tuple(
        Tier(f"t{place}", f"T{place}", step, draw(st.integers(0, step))) for place, step in enumerate(steps)
    )
    return Terms(
        tiers=tiers,
        counter=SPEND,
        window=window,
        up=draw(st.sampled_from(ups)),  # type: ignore[arg-type]
        down=draw(st.sampled_from(["none", "one_step", "full"])),
        grace_days=draw(st.sampled_from([0, 7, 30])),
    )


@st.composite
def some_person(draw: st.DrawFn) -> Person:
    rows = []
    for belongs, value in draw(st.lists(st.tuples(days, st.integers(1, 15)), max_size=12)):
        rows.append((belongs, belongs, value))
        if draw(st.integers(0, 3)) == 0:
            rows.append((belongs, belongs + draw(st.integers(0, 120)), -draw(st.integers(1, value + 2))))
    invitations = []
    for number, first in enumerate(draw(st.lists(st.integers(START, END), max_size=2))):
        last = first + draw(st.integers(0, 200))
        ended = draw(st.none() | st.integers(first, last))
        invitations.append(Invitation(f"i{number}", f"t{draw(st.integers(0, 2))}", first, last, ended))
    return Person(draw(st.integers(day(2019, 1, 1), END)), {SPEND: Facts(rows)}, invitations)


@st.composite
def some_versions(draw: st.DrawFn) -> list[Version]:
    first = [Version(1, START, draw(some_terms()))]
    if draw(st.booleans()):
        first.append(Version(2, draw(st.integers(START + 1, END)), draw(some_terms())))
    return first


class EveryDay(Course):
    """Looks at every single day, as the steps are written."""

    def _days(self, state: object, *, first: int, today: int) -> Iterator[int]:
        del state
        return iter(range(first, today + 1))


@settings(max_examples=120, deadline=None)
@given(some_versions(), some_person())
def test_skipping_days_on_which_nothing_changes_changes_nothing(versions: list[Version], who: Person) -> None:
    plain, skipping = EveryDay(versions=versions, person=who), Course(versions=versions, person=who)
    slow = plain.walk(None, start=START, today=END)
    fast = skipping.walk(None, start=START, today=END)
    assert skipping.spans == plain.spans
    assert fast == slow


@settings(max_examples=120, deadline=None)
@given(some_versions(), some_person(), st.lists(st.integers(START, END), max_size=6))
def test_counting_often_or_once_gives_the_same_memberships(
    versions: list[Version], who: Person, stops: list[int]
) -> None:
    once = placed(None, versions=versions, person=who, start=START, today=END)
    standing: Standing | None = None
    spans: list[Span] = []
    for stop in [*sorted(stops), END]:
        step = placed(standing, versions=versions, person=who, start=START, today=stop)
        standing, spans = step.standing, [*spans, *step.spans]
    assert spans == once.spans
    assert standing == once.standing


@settings(max_examples=60, deadline=None)
@given(some_versions(), some_person(), st.integers(START, END - 40))
def test_counting_daily_for_a_month_gives_the_same_memberships(
    versions: list[Version], who: Person, since: int
) -> None:
    once = placed(None, versions=versions, person=who, start=START, today=since + 40)
    step = placed(None, versions=versions, person=who, start=START, today=since)
    standing, spans = step.standing, list(step.spans)
    for today in range(since, since + 41):
        step = placed(standing, versions=versions, person=who, start=START, today=today)
        standing, spans = step.standing, [*spans, *step.spans]
    assert spans == once.spans


@settings(max_examples=120, deadline=None)
@given(some_versions(), some_person())
def test_every_membership_holds_what_is_promised(versions: list[Version], who: Person) -> None:
    spans = placed(None, versions=versions, person=who, start=START, today=END).spans
    by_number = {version.number: version for version in versions}
    assert [span.first for span in spans] == sorted({span.first for span in spans})
    for place, span in enumerate(spans):
        following = spans[place + 1] if place + 1 < len(spans) else None
        version = by_number[span.version]
        assert span.first >= version.first
        tier = version.terms.tier(span.tier)
        if span.why == "qualified" and tier is not None:
            assert span.count >= tier.reach
        if span.why == "kept" and tier is not None:
            assert span.count >= tier.keep
        # No gap but "no tier": what ends is followed on the next day at the latest.
        if span.through is not None and span.through < END:
            assert following is not None
            assert following.first <= span.through + 1
