"""Placing members on real rows: facts of the lake and the ledger, history, late facts, merges, invitations."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from shuke.apps.identity.operations import merge_members, unmerge_members
from shuke.apps.loyalty.events import TierChanged
from shuke.apps.loyalty.models import TierMembership, TierStanding
from shuke.apps.loyalty.operations import award_points, claw_back_points, define_points_type
from shuke.apps.loyalty.operations import tiers as operations
from shuke.apps.loyalty.queries import tiers as queries
from shuke.apps.loyalty.schemas import Request
from shuke.apps.loyalty.schemas.tiers import TierCounterView, TierView, TierWindowView
from shuke.platform.audit.models import AuditEntry
from shuke.platform.errors import Invalid, Refused
from shuke.platform.events import subscribe
from shuke.platform.outbox.relay import drain
from shuke.platform.permissions import SYSTEM
from shuke.platform.warehouse import lake
from tests.apps.loyalty.tiers.conftest import (
    AT,
    START,
    TODAY,
    Publish,
    given_back,
    lake_rows,
    order,
    own,
    refund,
    terms,
    told,
)
from tests.series import series

changes: list[TierChanged] = []


@subscribe(TierChanged)
def _note(event: TierChanged) -> None:
    changes.append(event)


@pytest.fixture(autouse=True)
def quiet() -> None:
    changes.clear()


def place(today: date = TODAY, **more: Any) -> Any:
    return operations.place_members(
        at=datetime(today.year, today.month, today.day, 12, tzinfo=UTC), today=today, **more
    )


def history(member_id: str) -> list[tuple[str, str, str, str]]:
    return [
        (row.code, str(row.from_date), str(row.through_date or ""), row.why)
        for row in reversed(queries.tier_history(member_id))
    ]


def worked() -> None:
    """The worked table's facts for k0."""
    early, second = order("k0", date(2026, 2, 5), 90_000), order("k0", date(2026, 3, 3), 40_000)
    told(early, second, order("k0", date(2026, 11, 11), 420_000))
    given_back(refund(second, date(2026, 3, 20), 40_000))


def test_the_worked_table_from_rows_of_the_lake(people: list[str], publish: Publish) -> None:
    worked()
    publish()
    done = place()
    assert (done.members, done.memberships, done.changed) == (3, 2, 0)
    assert history(people[0]) == [
        ("silver", "2026-03-03", "2027-12-31", "qualified"),
        ("gold", "2026-11-11", "2027-12-31", "qualified"),
    ]
    tier = queries.tier_of(people[0], at=AT)
    assert tier is not None
    assert (tier.code, tier.name, tier.count, tier.missing_to_reach, tier.missing_to_keep) == (
        "gold",
        "Gold",
        510_000,
        None,
        500_000,
    )
    assert changes == []  # Nobody is congratulated for the past.
    assert AuditEntry.objects.filter(verb="tier_program.placed").count() == 1


def test_repeating_changes_nothing_and_as_of_reads_say_what_held_then(
    people: list[str], publish: Publish
) -> None:
    worked()
    publish()
    place()
    before = list(TierMembership.objects.order_by("pk").values())
    assert place().memberships == 0
    assert list(TierMembership.objects.order_by("pk").values()) == before

    def codes(on: date) -> list[str]:
        found = queries.tiers_of(people, at=datetime(on.year, on.month, on.day, 12, tzinfo=UTC))
        return [found[each] for each in people]

    assert codes(date(2026, 3, 2)) == ["", "", ""]
    assert codes(date(2026, 3, 3)) == ["silver", "", ""]
    assert codes(TODAY) == ["gold", "", ""]
    then = queries.tier_of(people[0], at=datetime(2026, 5, 1, 12, tzinfo=UTC))
    assert then is not None
    assert (then.code, then.from_date) == ("silver", date(2026, 3, 3))
    assert queries.tiers_over_time([people[0]]) == {
        people[0]: [(date(2026, 3, 3), "silver"), (date(2026, 11, 11), "gold")]
    }


@pytest.mark.once
def test_counting_again_and_again_writes_the_same_rows_as_counting_once(
    people: list[str], publish: Publish
) -> None:
    worked()
    told(order("k1", date(2026, 1, 20), 130_000), order("k2", date(2027, 5, 1), 600_000))
    publish()
    end, day = date(2028, 3, 1), START
    while day < end:
        place(day)
        day += timedelta(days=series(20, long=7))
    place(end)
    often = [history(each) for each in people]
    TierMembership.objects.all().delete()
    TierStanding.objects.all().delete()
    place(end)
    assert [history(each) for each in people] == often
    assert [row[3] for row in often[0]] == ["qualified", "qualified", "grace", "downgraded"]


def test_queries_do_not_grow_with_members(
    people: list[str], publish: Publish, django_assert_max_num_queries: Any
) -> None:
    worked()
    publish()
    with django_assert_max_num_queries(30):
        place()
    with django_assert_max_num_queries(3):
        queries.tiers_of(people, at=AT)


def test_a_change_is_told_once_and_copied_for_the_lake(people: list[str], publish: Publish) -> None:
    publish()
    place(date(2026, 11, 1))
    told(order("k1", date(2026, 11, 20), 100_000))
    place()
    place()
    assert [(c.member_id, c.tier_from, c.tier_to, c.why) for c in changes] == [
        (people[1], "", "silver", "qualified")
    ]
    drain()
    with lake().read() as snapshot:
        rows = snapshot.table("tier_memberships").to_pyarrow().to_pylist()
    assert [(r["member_id"], r["tier"], r["from_date"], r["number"]) for r in rows] == [
        (people[1], "silver", date(2026, 11, 20), 1)
    ]


def test_an_order_told_late_lifts_from_today(people: list[str], publish: Publish) -> None:
    told(order("k0", date(2026, 3, 3), 90_000))
    publish()
    place(date(2027, 2, 1))
    told(order("k0", date(2026, 4, 3), 30_000))
    place(date(2027, 2, 2))
    assert history(people[0]) == [("silver", "2027-02-02", "2027-12-31", "qualified")]


def test_an_order_of_this_window_told_late_lifts_from_today_too(people: list[str], publish: Publish) -> None:
    publish()
    place(date(2026, 6, 10))
    told(order("k0", date(2026, 6, 2), 130_000))
    place(date(2026, 6, 20))
    assert history(people[0]) == [("silver", "2026-06-20", "2027-12-31", "qualified")]


def test_orders_count_until_they_come_back_whole(people: list[str], publish: Publish) -> None:
    ladder = [TierView(code="two", name="Two", reach=2, keep=2)]
    first, second = order("k0", date(2026, 2, 1), 1_000), order("k0", date(2026, 2, 2), 1_000)
    other = order("k1", date(2026, 2, 1), 1_000, order_id="a:part")
    void = order("k1", date(2026, 2, 2), 1_000, payment_status="void")
    told(first, second, other, void)
    # Half of one order, then the rest: from then on it is none.
    given_back(refund(second, date(2026, 2, 3), 500), refund(second, date(2026, 2, 10), 500))
    publish(terms(tiers=ladder, counter=TierCounterView(kind="orders")))
    place()
    assert history(people[0])[0][:2] == ("two", "2026-02-02")
    tier = queries.tier_of(people[0], at=AT)
    assert tier is not None
    assert tier.count == 1
    assert history(people[1]) == []


def test_behaviour_is_counted_by_name(people: list[str], publish: Publish) -> None:
    at = datetime(2026, 5, 5, 12, tzinfo=UTC)
    business = {"local_date": at.date(), "local_month": "2026-05", "local_hour": 12}
    rows = [
        {
            "message_id": f"e{n}",
            "name": name,
            "person_key": "k2",
            "occurred_at": at,
            "received_at": at,
            **business,
        }
        for n, name in enumerate(("check_in", "review", "view"))
    ]
    lake().append("events", lake_rows("events", rows))
    counter = TierCounterView(kind="events", events=["check_in", "review"])
    publish(terms(tiers=[TierView(code="keen", name="Keen", reach=2, keep=1)], counter=counter))
    place()
    assert history(people[2]) == [("keen", "2026-05-05", "2027-12-31", "qualified")]


def test_points_count_as_earned_and_never_as_the_balance(people: list[str], publish: Publish) -> None:
    define_points_type(actor=SYSTEM, at=AT, code="growth", name="Growth value", is_spendable=False)

    def request(key: str, on: date) -> Request:
        return Request(key=key, actor="till", at=datetime(on.year, on.month, on.day, 12, tzinfo=UTC))

    for number, (on, points) in enumerate([(date(2026, 2, 1), 60), (date(2026, 2, 9), 50)]):
        earned = award_points(
            request=request(f"e{number}", on), member_id=people[0], points_type="growth", points=points
        )
    claw_back_points(request=request("c", date(2026, 3, 1)), earn_id=earned.transaction_id, points=20)
    counter = TierCounterView(kind="points", points_type="growth")
    publish(terms(tiers=[TierView(code="hundred", name="100", reach=100, keep=100)], counter=counter))
    place()
    assert history(people[0]) == [("hundred", "2026-02-09", "2027-12-31", "qualified")]
    tier = queries.tier_of(people[0], at=AT)
    assert tier is not None
    assert tier.count == 90


def test_a_merged_member_is_counted_over_both_and_parted_again(people: list[str], publish: Publish) -> None:
    told(order("k0", date(2026, 3, 3), 60_000), order("k1", date(2026, 4, 4), 120_000))
    publish()
    place(date(2026, 6, 1))
    day = datetime(2026, 6, 10, 12, tzinfo=UTC)
    merge_id = merge_members(actor=SYSTEM, at=day, survivor_id=people[0], absorbed_id=people[1])
    own("k1", people[0], at=day)
    drain()
    place(date(2026, 6, 11))
    assert history(people[0]) == [("silver", "2026-06-11", "2027-12-31", "qualified")]
    assert history(people[1])[-1] == ("", "2026-06-11", "", "merged")
    tier = queries.tier_of(people[1], at=datetime(2026, 6, 12, tzinfo=UTC))
    assert tier is not None
    assert (tier.code, tier.count) == ("silver", 180_000)
    unmerge_members(actor=SYSTEM, at=day + timedelta(days=9), merge_id=merge_id)
    own("k1", people[1], at=day + timedelta(days=9))
    drain()
    place(date(2026, 6, 20))
    assert history(people[1])[-1] == ("silver", "2026-06-20", "2027-12-31", "qualified")
    # What the survivor got lasts through its end.
    assert history(people[0])[-1][0] == "silver"


def test_an_invitation_holds_at_once_and_can_be_taken_back(people: list[str], publish: Publish) -> None:
    publish()
    place()
    wanted = {"first_date": TODAY, "last_date": date(2027, 6, 30), "reason": "Opening guest"}
    made = operations.invite_to_tier(
        actor=SYSTEM, at=AT, today=TODAY, member_id=people[2], tier="gold", **wanted
    )
    assert history(people[2]) == [("gold", "2026-11-27", "2027-06-30", "invited")]
    assert [c.why for c in changes] == ["invited"]
    later = TODAY + timedelta(days=3)
    operations.end_invitation(actor=SYSTEM, at=AT + timedelta(days=3), today=later, invitation_id=made.id)
    assert history(people[2])[-1] == ("", "2026-11-30", "", "downgraded")
    with pytest.raises(Refused, match="over"):
        operations.end_invitation(actor=SYSTEM, at=AT, today=later, invitation_id=made.id)
    verbs = AuditEntry.objects.filter(verb__startswith="tier_invitation").values_list("verb", flat=True)
    assert sorted(verbs) == ["tier_invitation.created", "tier_invitation.ended"]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"reason": " "}, "reason_missing"),
        ({"first_date": TODAY - timedelta(days=1)}, "invitation_in_the_past"),
        ({"last_date": TODAY - timedelta(days=1)}, "invitation_reversed"),
        ({"last_date": date(9999, 12, 31)}, "invitation_too_long"),
        ({"tier": "platinum"}, "tier_unknown"),
    ],
)
def test_what_cannot_be_an_invitation(
    people: list[str], publish: Publish, change: dict[str, Any], code: str
) -> None:
    publish()
    wanted = {"tier": "gold", "first_date": TODAY, "last_date": TODAY, "reason": "r"} | change
    with pytest.raises(Invalid) as refusal:
        operations.invite_to_tier(actor=SYSTEM, at=AT, today=TODAY, member_id=people[0], **wanted)
    assert refusal.value.code == code


def test_distribution_flows_and_who_moved(people: list[str], publish: Publish) -> None:
    worked()
    told(order("k1", date(2026, 10, 1), 120_000))
    program = publish()
    place()
    shares = {share.code: share.members for share in queries.tier_shares(program.id)}
    assert shares == {"": 1, "silver": 1, "gold": 1}
    flows = queries.tier_flows(program.id, first=date(2026, 6, 1), last=TODAY)
    assert {(f.code_from, f.code_to): f.members for f in flows} == {("silver", "gold"): 1, ("", "silver"): 1}
    moved, total = queries.tier_changes(program.id, since=date(2026, 10, 1))
    assert total == 2
    assert [(m.member_id, m.code_from, m.code_to) for m in moved] == [
        (people[0], "silver", "gold"),
        (people[1], "", "silver"),
    ]
    assert queries.members_in_tier("gold") == [people[0]]


def test_forgetting_a_member_leaves_nothing_of_their_tiers(people: list[str], publish: Publish) -> None:
    worked()
    publish()
    place()
    assert queries.exported_tiers(people[0])
    operations.forget_tiers(member_id=people[0])
    assert queries.exported_tiers(people[0]) == []
    assert not TierStanding.objects.filter(member__public_id=people[0]).exists()


def test_a_rolling_window_by_the_day(people: list[str], publish: Publish) -> None:
    told(order("k0", date(2026, 3, 3), 120_000))
    publish(terms(window=TierWindowView(kind="rolling", days=90), grace_days=0))
    place()
    assert history(people[0]) == [
        ("silver", "2026-03-03", "2026-06-01", "qualified"),
        ("", "2026-06-02", "", "downgraded"),
    ]
