"""Points in the books: months that tie to the ledger and never change, money to the cent, what is expected."""

from collections import Counter
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from itertools import count

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shuke.apps.loyalty.models import LotMove, PointsEntry, PointsTransaction
from shuke.apps.loyalty.operations import (
    adjust_points,
    award_points,
    claw_back_points,
    commit_hold,
    define_points_type,
    give_back_points,
    hold_points,
    reverse_transaction,
    settle_wallets,
    spend_points,
    transfer_points,
)
from shuke.apps.loyalty.operations.finance import name_accounts, set_points_cost
from shuke.apps.loyalty.queries.finance import (
    finance_report,
    journal_lines,
    roll_forward,
    roll_forward_findings,
    what_if,
)
from shuke.apps.loyalty.queries.verification import ledger_findings
from shuke.apps.loyalty.rules import finance
from shuke.apps.loyalty.rules.expiry import Expiry
from shuke.apps.loyalty.schemas import Request
from shuke.apps.members.operations import create_members
from shuke.apps.members.schemas import MemberProfile
from shuke.platform.errors import Invalid, Refused
from shuke.platform.permissions import SYSTEM
from shuke.platform.retailer.operations import change_retailer

DAY = timedelta(days=1)
ZONE = "Asia/Shanghai"
_keys = count()


def moment(year: int, month: int, day: int, hour: int = 12, minute: int = 0) -> datetime:
    """A time in Shanghai."""
    return datetime(year, month, day, hour, minute, tzinfo=UTC) - timedelta(hours=8)


def asked(at: datetime, reason: str = "") -> Request:
    return Request(key=f"finance:{next(_keys)}", actor="test", at=at, reason=reason)


@pytest.fixture
def people(db, lake_home):
    """Two members; points that end with the third month after they were earned."""
    at = moment(2025, 1, 1)
    change_retailer(actor=SYSTEM, at=at, time_zone=ZONE, currency="CNY")
    define_points_type(
        actor=SYSTEM, at=at, code="points", name="Points", expiry=Expiry("end_of_month", months=3)
    )
    refs = create_members(at=at, source="test", profiles=[MemberProfile(), MemberProfile()])
    return [ref.public_id for ref in refs]


def award(member: str, points: int, at: datetime, earned_at: datetime | None = None, **values):
    return award_points(
        request=asked(at),
        member_id=member,
        points_type="points",
        points=points,
        earned_at=earned_at,
        **values,
    )


def spend(member: str, points: int, at: datetime):
    held = hold_points(
        request=asked(at), member_id=member, points_type="points", points=points, expires_at=at + DAY
    )
    return commit_hold(request=asked(at), hold_id=held.transaction_id)


def shown(at: datetime) -> dict[str, dict[str, int]]:
    """The roll-forward of points: what is not zero, by month."""
    return {
        f"{line.month:%Y-%m}": {
            "opening": line.opening.points,
            **{name: amount.points for name, amount in line.movements.items() if amount.points},
            "closing": line.closing.points,
        }
        for line in roll_forward(points_type="points", at=at)
    }


def story(people) -> None:
    """Ann earns 1,000 in January, spends 300, gets 50 back, brings goods back for 200; Bob gets 80 from her."""
    ann, bob = people
    first = award(ann, 1000, moment(2025, 1, 10))
    spent = spend(ann, 300, moment(2025, 1, 20))
    give_back_points(request=asked(moment(2025, 2, 3)), commit_id=spent.transaction_id, points=50)
    claw_back_points(request=asked(moment(2025, 2, 8)), earn_id=first.transaction_id, points=200)
    transfer_points(
        request=asked(moment(2025, 2, 9)), giver_id=ann, taker_id=bob, points_type="points", points=80
    )
    adjust_points(request=asked(moment(2025, 2, 10), "gift"), member_id=bob, points_type="points", points=25)
    slip = award(bob, 40, moment(2025, 2, 11))
    reverse_transaction(request=asked(moment(2025, 2, 12)), transaction_id=slip.transaction_id)


STORY = {
    "2025-01": {"opening": 0, "issued": 1000, "redeemed": -300, "closing": 700},
    # 50 given back; 200 taken back; 80 from Ann to Bob are nothing in sum; 40 issued and reversed.
    "2025-02": {"opening": 700, "redeemed": 50, "clawback": -200, "adjustment": 25, "closing": 575},
    "2025-03": {"opening": 575, "closing": 575},
    # 550 of January and those that Ann gave to Bob end with April; the gift with May.
    "2025-04": {"opening": 575, "breakage": -550, "closing": 25},
    "2025-05": {"opening": 25, "breakage": -25, "closing": 0},
}


def test_a_year_in_the_books(people):
    story(people)
    assert shown(moment(2025, 4, 30)) == {m: v for m, v in STORY.items() if m < "2025-04"} | {
        "2025-04": {"opening": 575, "closing": 575}
    }
    # On 1 May the points are gone, whether the nightly job has come by or not.
    assert shown(moment(2025, 5, 1))["2025-04"] == STORY["2025-04"]
    settle_wallets(at=moment(2025, 5, 1, 2))
    assert shown(moment(2025, 5, 1))["2025-04"] == STORY["2025-04"]
    settle_wallets(at=moment(2025, 6, 1, 2))
    at = moment(2025, 6, 2)
    assert shown(at) == STORY | {"2025-06": {"opening": 0, "closing": 0}}
    assert shown(moment(2025, 4, 30))["2025-04"]["closing"] == 575, "the past is read as it was"
    assert list(roll_forward_findings()) == []
    report = finance_report(points_type="points", at=moment(2025, 3, 1))
    assert [(part.until, part.amount.points) for part in report.ends] == [
        (date(2025, 4, 1), 550),
        (date(2025, 5, 1), 25),
    ]
    assert sum(part.amount.points for part in report.ages) == report.headline.outstanding.points == 575
    assert [(c.month.month, c.issued, c.redeemed, c.open) for c in report.cohorts] == [
        (1, 720, 250, 470),
        (2, 105, 0, 105),
        (3, 0, 0, 0),
    ]


def test_which_month_a_posting_belongs_to():
    cases = [
        (moment(2025, 12, 31, 23, 59), moment(2026, 1, 1, 2), date(2025, 12, 1)),
        (moment(2025, 12, 31), moment(2026, 1, 5, 23, 59), date(2025, 12, 1)),
        (moment(2025, 12, 31), moment(2026, 1, 6, 0), date(2026, 1, 1)),
        (moment(2025, 11, 3), moment(2026, 1, 2, 9), date(2026, 1, 1)),
        (moment(2025, 12, 31, 23, 59), moment(2025, 12, 31, 23, 59), date(2025, 12, 1)),
    ]
    for effective, recorded, month in cases:
        assert finance.month_of_posting(effective, recorded_at=recorded, time_zone=ZONE) == month


def test_a_closed_month_never_changes(people):
    ann, _ = people
    award(ann, 100, moment(2025, 1, 10))
    before = shown(moment(2025, 2, 6))
    award(ann, 7, moment(2025, 2, 6, 0, 1), earned_at=moment(2025, 1, 30))
    award(ann, 5, moment(2025, 3, 20), earned_at=moment(2025, 1, 30))
    after = shown(moment(2025, 3, 21))
    assert after["2025-01"] == before["2025-01"]
    assert after["2025-02"]["issued"] == 7
    assert after["2025-03"]["issued"] == 5
    happened = roll_forward(points_type="points", at=moment(2025, 3, 21), by_effect=True)
    assert [
        (line.month.month, line.movements["issued"].points, line.closing.points) for line in happened
    ] == [
        (1, 112, 112),
        (2, 0, 112),
        (3, 0, 112),
    ]
    # In time: recorded before the fifth of the following month is over.
    award(ann, 3, moment(2025, 4, 5, 23, 59), earned_at=moment(2025, 3, 31))
    assert shown(moment(2025, 4, 6))["2025-03"]["issued"] == 8


def test_holds_that_ran_out_after_the_end_of_their_points(people):
    ann, _ = people
    award(ann, 100, moment(2025, 1, 10))
    hold_points(
        request=asked(moment(2025, 4, 29)),
        member_id=ann,
        points_type="points",
        points=60,
        expires_at=moment(2025, 5, 3),
    )
    assert shown(moment(2025, 5, 2))["2025-04"] == {"opening": 100, "breakage": -40, "closing": 60}
    late = shown(moment(2025, 5, 4))
    assert late["2025-05"] == {"opening": 60, "breakage": -60, "closing": 0}
    settle_wallets(at=moment(2025, 7, 1))
    assert shown(moment(2025, 5, 2))["2025-04"]["closing"] == 60
    assert shown(moment(2025, 5, 4)) == late


def test_debts_lower_what_is_outstanding(people):
    ann, bob = people
    first = award(ann, 100, moment(2025, 1, 10))
    spend(ann, 90, moment(2025, 1, 11))
    claw_back_points(request=asked(moment(2025, 1, 12)), earn_id=first.transaction_id, points=100)
    award(bob, 30, moment(2025, 1, 13))
    headline = finance_report(points_type="points", at=moment(2025, 1, 14)).headline
    assert (headline.outstanding.points, headline.owed) == (-60, 90)
    assert list(roll_forward_findings()) == []


@pytest.mark.parametrize("damage", ["entry", "move", "lot"])
def test_check_18_sees_damage(people, damage):
    story(people)
    assert list(roll_forward_findings()) == []
    if damage == "entry":
        PointsEntry.objects.filter(account="redeemed", points=300).update(points=301)
    elif damage == "move":
        LotMove.objects.filter(bucket="available", delta=-200).update(delta=-199)
    else:
        first = PointsTransaction.objects.filter(kind="earn").order_by("pk").first()
        first.lots.update(points=1001)
    found = list(roll_forward_findings())
    assert found
    assert "points 2025-0" in found[0]


def test_money_of_the_document():
    rates = [
        finance.Rate(date(2025, 1, 1), 1, 1),
        finance.Rate(date(2025, 6, 1), 12, 10),
    ]
    movements = {
        date(2025, 5, 1): Counter(issued=-1050),
        date(2025, 6, 1): Counter(issued=-333, redeemed=333),
    }
    may, june = finance.roll_forward(movements, months=[date(2025, 5, 1), date(2025, 6, 1)], rates=rates)
    assert may.closing_minor == 1050
    assert june.revaluation_minor == 210
    assert (june.money["issued"], june.money["redeemed"], june.closing_minor) == (400, -400, 1260)
    assert finance.rate_in(rates, date(2024, 12, 1)) == 0
    assert finance.rounded(Fraction(5, 2)) == 3
    assert finance.rounded(Fraction(-5, 2)) == -3


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.lists(st.dictionaries(st.sampled_from(list(finance.MOVEMENTS)), st.integers(-5000, 5000)), max_size=8),
    st.lists(st.tuples(st.integers(0, 7), st.integers(0, 500), st.integers(1, 1000)), max_size=3),
)
def test_every_month_adds_up_in_points_and_to_the_cent(months, given_rates):
    names = finance.months_through(date(2025, 1, 1), date(2025, 8, 1))[: len(months)]
    rates = [finance.Rate(finance.next_month(date(2025, 1, 1), by=n), m, p) for n, m, p in given_rates]
    lines = list(finance.roll_forward(dict(zip(names, months, strict=True)), months=names, rates=rates))
    balance, transfers = Counter(), 0
    for line in lines:
        assert line.opening + sum(line.points.values()) == line.closing
        assert line.opening_minor + line.revaluation_minor + sum(line.money.values()) == line.closing_minor
        assert line.closing_minor == finance.rounded(line.closing * line.rate)
        for booking in finance.journal([line]):
            balance[booking.credit] += booking.amount_minor
            balance[booking.debit] -= booking.amount_minor
        # Between members no money moves; over all of them it is nothing (check 18).
        transfers += line.money["transfer"]
        assert balance["liability"] + transfers == line.closing_minor
    assert sum(balance.values()) == 0


def test_costs_begin_in_months_that_are_open(people):
    at = moment(2025, 3, 10)
    set_points_cost(
        actor=SYSTEM, at=at, points_type="points", valid_from=date(2024, 1, 15), minor=1, points=1
    )
    with pytest.raises(Refused, match="closed"):
        set_points_cost(
            actor=SYSTEM, at=at, points_type="points", valid_from=date(2025, 2, 1), minor=2, points=1
        )
    set_points_cost(actor=SYSTEM, at=at, points_type="points", valid_from=date(2025, 3, 1), minor=2, points=1)
    set_points_cost(actor=SYSTEM, at=at, points_type="points", valid_from=date(2025, 3, 1), minor=3, points=2)
    with pytest.raises(Invalid):
        set_points_cost(
            actor=SYSTEM, at=at, points_type="points", valid_from=date(2025, 4, 1), minor=1, points=0
        )
    costs = finance_report(points_type="points", at=at).costs
    assert [(c.valid_from, c.minor, c.points) for c in costs] == [
        (date(2024, 1, 1), 1, 1),
        (date(2025, 3, 1), 3, 2),
    ]


def test_the_journal_books_what_the_liability_moved(people):
    story(people)
    at = moment(2025, 6, 2)
    set_points_cost(actor=SYSTEM, at=at, points_type="points", valid_from=date(2025, 1, 1), minor=1, points=3)
    name_accounts(actor=SYSTEM, at=at, names={"liability": "2204 合同负债"})
    lines = journal_lines(points_type="points", at=at)
    by_month = Counter()
    for line in lines:
        assert "2204 合同负债" in (line.debit, line.credit)
        by_month[line.month] += line.amount_minor if line.credit == "2204 合同负债" else -line.amount_minor
    report = finance_report(points_type="points", at=at)
    for month in report.months:
        assert by_month[month.month] == month.closing.minor - month.opening.minor
    january = [(n.movement, n.amount_minor) for n in lines if n.month == date(2025, 1, 1)]
    assert january == [("issued", 333), ("redeemed", 100)]
    only = journal_lines(points_type="points", at=at, first=date(2025, 2, 1), last=date(2025, 2, 1))
    assert {line.month for line in only} == {date(2025, 2, 1)}
    with pytest.raises(Invalid):
        name_accounts(actor=SYSTEM, at=at, names={"cash": "1001"})


@pytest.fixture
def programme(people):
    """Nine months in which 10 % of each month's 1,000 points are used in every month of their life."""
    ann, bob = people
    set_points_cost(
        actor=SYSTEM,
        at=moment(2025, 1, 1),
        points_type="points",
        valid_from=date(2025, 1, 1),
        minor=1,
        points=1,
    )
    for month in range(1, 10):
        award(ann, 1000, moment(2025, month, 2))
        # Soonest to end first: in each month, what the four living cohorts' share comes to.
        spend(ann, 100 * min(month, 4), moment(2025, month, 20))
    del bob
    return ann


def test_what_is_expected_of_open_points(programme):
    report = finance_report(points_type="points", at=moment(2025, 9, 30))
    headline = report.headline
    assert headline.outstanding.points == sum(c.open for c in report.cohorts)
    assert headline.expected.points + headline.breakage.points == headline.outstanding.points
    assert 0 <= headline.expected_lower <= headline.expected.points <= headline.expected_upper
    assert headline.ultimate_lower <= headline.ultimate_share <= headline.ultimate_upper
    assert 0.3 < headline.ultimate_share < 0.6
    # Less than everything at face value, more than the expected redemptions alone.
    assert headline.expected.minor < headline.contract_liability_minor < headline.outstanding.minor
    assert finance_report(points_type="points", at=moment(2025, 3, 30)).headline.expected is None


def test_what_if(programme):
    at = moment(2025, 9, 30)
    dearer = what_if(points_type="points", at=at, minor=3, points=2)
    assert dearer.outstanding_after.minor == round(dearer.outstanding_before.minor * 1.5)
    shorter = what_if(points_type="points", at=at, months=1)
    assert shorter.expected_after.points < shorter.expected_before.points
    assert shorter.ending_early > 0
    same = what_if(points_type="points", at=at, months=3)
    assert same.ending_early == 0
    assert same.expected_after.points == pytest.approx(same.expected_before.points, abs=2)
    longer = what_if(points_type="points", at=at, months=9)
    assert longer.expected_after.points >= longer.expected_before.points
    noticed = what_if(points_type="points", at=at, months=1, notice_days=62)
    assert noticed.expected_after.points >= shorter.expected_after.points


STEP = st.tuples(
    st.sampled_from(["award", "late", "spend", "back", "claw", "adjust", "transfer", "night"]),
    st.integers(0, 1),
    st.integers(1, 60),
    st.integers(1, 40),
)


@pytest.mark.slow
@settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))
@given(steps=st.lists(STEP, min_size=4, max_size=12))
def test_any_history_ties_to_the_ledger_and_stays(people, steps):
    """The closing of every month is what the lots hold; closed months of an earlier answer are those of a later."""
    at = moment(2025, 1, 5)
    newest = PointsTransaction.objects.order_by("-recorded_at").values_list("recorded_at", flat=True).first()
    at = max(at, newest or at)
    earlier: list[tuple[datetime, dict[str, dict[str, int]]]] = []
    earns, commits = [], []
    for what, who, points, days in steps:
        at += days * DAY
        member, other = people[who], people[1 - who]
        try:
            if what == "award":
                earns.append(award(member, points, at))
            elif what == "late":
                earns.append(award(member, points, at, earned_at=at - 40 * DAY))
            elif what == "spend":
                commits.append(spend(member, points, at))
            elif what == "back" and commits:
                give_back_points(request=asked(at), commit_id=commits[-1].transaction_id, points=points)
            elif what == "claw" and earns:
                claw_back_points(request=asked(at), earn_id=earns[-1].transaction_id, points=points)
            elif what == "adjust":
                adjust_points(
                    request=asked(at, "test"), member_id=member, points_type="points", points=points - 30 or 1
                )
            elif what == "transfer":
                transfer_points(
                    request=asked(at),
                    giver_id=member,
                    taker_id=other,
                    points_type="points",
                    points=points,
                )
            else:
                settle_wallets(at=at)
        except Refused:
            pass
        earlier.append((at + timedelta(hours=1), shown(at + timedelta(hours=1))))
    assert list(roll_forward_findings()) == []
    report = finance_report(points_type="points", at=at + DAY)
    held = sum(cohort.open for cohort in report.cohorts)
    assert report.headline.outstanding.points == held - report.headline.owed
    assert sum(part.amount.points for part in report.ends) == held
    for then, answer in earlier[::3]:
        assert shown(then) == answer, "as of a past moment nothing changes"
    final = shown(at + DAY)
    for then, answer in earlier:
        for month, line in answer.items():
            if then >= finance.closes_at(date.fromisoformat(f"{month}-01"), time_zone=ZONE):
                assert final[month] == line


def test_points_that_end_with_inactivity_have_a_line_and_days_of_their_own(people):
    """They are no “never”: each wallet's day by its last activity as it was known then; the sum still ties."""
    ann, bob = people
    start = moment(2025, 1, 10)
    define_points_type(
        actor=SYSTEM, at=start, code="idle", name="Idle", expiry=Expiry("inactivity", months=6)
    )
    idle = {"points_type": "idle"}
    award_points(request=asked(start), member_id=ann, points=100, earned_at=start, **idle)
    award_points(request=asked(start), member_id=bob, points=40, earned_at=start, **idle)
    later = moment(2025, 2, 20)
    spend_points(request=asked(later), member_id=ann, points=30, **idle)

    def seen(at: datetime) -> list[tuple[date | None, bool, date | None, int]]:
        report = finance_report(points_type="idle", at=at)
        assert sum(part.amount.points for part in report.ends) == report.headline.outstanding.points
        assert report.months[-1].closing.points == report.headline.outstanding.points
        return [(part.until, part.is_idle, part.first_day, part.amount.points) for part in report.ends]

    july, august = date(2025, 7, 10), date(2025, 8, 20)
    now_known = [(july.replace(day=1), True, july, 40), (august.replace(day=1), True, august, 70)]
    assert seen(later + DAY) == now_known
    assert seen(start + DAY) == [(july.replace(day=1), True, july, 140)]  # as it was known then
    # Bob stayed away: his points are gone whether the nightly job has posted it or not.
    after = moment(2025, 7, 15)
    assert seen(after) == now_known[1:]
    settle_wallets(at=after)
    assert seen(after) == now_known[1:]
    assert seen(later + DAY) == now_known
    assert seen(moment(2025, 7, 12)) == now_known[1:]  # ended, and recorded only afterwards
    assert ledger_findings() == []
