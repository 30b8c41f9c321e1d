"""Orders and events of the lake earn: import, refund, correction, cancellation, history, a killed run."""

from datetime import UTC, date, datetime, timedelta

import polars as pl
import pytest

from shuke.apps.connections.operations import create_account, run_batch, upload
from shuke.apps.loyalty.models import EarningPosition, OrderEarning, PointsTransaction
from shuke.apps.loyalty.operations import award_purchase, define_points_type
from shuke.apps.loyalty.operations.earning import stories
from shuke.apps.loyalty.operations.earning.doings import award_birthdays, award_profiles, earn_events
from shuke.apps.loyalty.operations.replaying import earn_batches, earn_recent, replay_history
from shuke.apps.loyalty.queries.earning import earning_statistics, order_earning
from shuke.apps.loyalty.queries.statements import points_statement, points_wallet
from shuke.apps.loyalty.queries.verification import ledger_findings
from shuke.apps.loyalty.rules.expiry import Expiry
from shuke.apps.members.models import Member
from shuke.apps.members.operations import create_members
from shuke.apps.members.schemas import MemberProfile
from shuke.platform.outbox.relay import drain
from shuke.platform.permissions import SYSTEM
from shuke.platform.retailer.operations import change_retailer
from shuke.platform.warehouse import lake
from tests.apps.loyalty.earning_shop import GROUND, asked, basket, event_rule, publish

BEGIN = datetime(2025, 1, 1, tzinfo=UTC)
AT = datetime(2026, 6, 1, 12, tzinfo=UTC)
ORDERS = "order id,order time,customer id,product id,qty,amount\n"
YEAR = (
    ORDERS
    + "A,2025-01-05 10:00,C1,P1,1,100\nA,2025-01-05 10:00,C1,P2,2,50.90\n"
    + "B,2026-03-06 09:00,C1,P1,1,30\nC,2026-03-06 09:00,C2,P2,3,9\n"
)
GROWTH = {**GROUND, "code": "growth", "points_type": "growth"}


@pytest.fixture
def account(db, lake_home, settings, tmp_path):
    settings.SHUKE_HOME = tmp_path
    change_retailer(actor=SYSTEM, at=BEGIN, time_zone="Asia/Shanghai", currency="CNY")
    define_points_type(
        actor=SYSTEM, at=BEGIN, code="points", name="Points", expiry=Expiry("rolling", months=12)
    )
    define_points_type(actor=SYSTEM, at=BEGIN, code="growth", name="Growth", is_spendable=False)
    return create_account(actor=SYSTEM, at=BEGIN, name="Tills", sales_channel="store")


def bring(account, kind: str, text: str, *, earn: bool = True) -> str:
    view = upload(
        actor=SYSTEM,
        at=AT,
        account_id=account.id,
        kind=kind,
        file_name="f.csv",
        blocks=[text.encode()],
        settings={},
    )
    run_batch(at=AT, batch_id=view.id)
    drain()
    if earn:
        earn_batches(at=AT, batch_ids=[view.id])
    return view.id


def member_of(account, order_no: str) -> str:
    view = order_earning(f"{account.id}:{order_no}")
    assert view is not None
    return view.member_id


def points(member: str, points_type: str = "points", at: datetime = AT) -> int:
    return points_wallet(member, points_type=points_type, at=at).balances.available


def left(account, order_no: str) -> dict[str, int]:
    view = order_earning(f"{account.id}:{order_no}")
    return view.left if view else {}


def test_an_import_earns_a_refund_takes_back_and_nothing_happens_twice(account):
    publish(GROUND, GROWTH, at=BEGIN)
    first = bring(account, "orders", YEAR)
    member = member_of(account, "A")
    assert left(account, "A") == {"points": 150, "growth": 150}
    # The points of January 2025 ended a year later, at the end of their local day.
    assert (points(member), points(member, "growth")) == (30, 180)
    expired = [
        row for row in points_statement(member, points_type="points", limit=9)[0] if row.kind == "expire"
    ]
    assert [row.effective_at.isoformat() for row in expired] == ["2026-01-05T15:59:59.999999+00:00"]
    before = PointsTransaction.objects.count()
    assert earn_batches(at=AT, batch_ids=[first]).orders == 0
    bring(account, "orders", YEAR)
    assert PointsTransaction.objects.count() == before
    header = "refund id,order id,line no,refund time,qty,amount\n"
    bring(account, "refunds", header + "R1,A,2,2026-05-02 10:00,1,25.45\n")
    # Line 2 earned 51 of 150 (largest remainder); half of it is 25.
    assert left(account, "A") == {"points": 125, "growth": 125}
    bring(account, "refunds", header + "R1,A,2,2026-05-02 10:00,1,25.45\nR2,A,2,2026-05-03 10:00,1,25.45\n")
    assert left(account, "A") == {"points": 99, "growth": 99}
    bring(account, "refunds", "refund id,order id,refund time,amount\nR3,B,2026-05-04 10:00,10\n")
    assert left(account, "B") == {"points": 20, "growth": 20}
    assert ledger_findings() == []


def test_an_order_that_is_corrected_or_cancelled_is_computed_again_by_the_rules_of_its_day(account):
    publish(GROUND, at=BEGIN, caps={"points": {"month": 45}})
    bring(account, "orders", YEAR)
    publish({**GROUND, "points": 9}, at=datetime(2026, 6, 1, tzinfo=UTC))
    bring(account, "orders", YEAR.replace("B,2026-03-06 09:00,C1,P1,1,30", "B,2026-03-06 09:00,C1,P1,1,45"))
    assert left(account, "B") == {"points": 45}
    bring(account, "orders", YEAR.replace("B,2026-03-06 09:00,C1,P1,1,30", "B,2026-03-06 09:00,C1,P1,1,10"))
    assert left(account, "B") == {"points": 10}
    header = "order id,order time,customer id,total,status\n"
    orders = lake()
    with orders.read() as snapshot:
        table = snapshot.table("orders")
        rows = table.filter(table.order_id == f"{account.id}:B").to_polars()
    assert header
    cancelled = rows.with_columns(lifecycle_status=pl.lit("cancelled"), batch_id=pl.lit("imp_cancel"))
    orders.upsert("orders", cancelled.to_arrow())
    assert earn_batches(at=AT, batch_ids=["imp_cancel"]).corrections == 1
    assert left(account, "B") == {"points": 0}
    # The cancellation freed the month's cap for another purchase; the order that comes back finds what is left of it.
    other = award_purchase(
        request=asked("other", AT),
        member_id=member_of(account, "B"),
        order_id="t:other",
        purchase=basket(4000, on=date(2026, 3, 7)),
        placed_at=datetime(2026, 3, 7, 4, tzinfo=UTC),
    )
    assert other.earned == {"points": 40}
    orders.upsert("orders", rows.with_columns(batch_id=pl.lit("imp_again")).to_arrow())
    earn_batches(at=AT, batch_ids=["imp_again"])
    assert left(account, "B") == {"points": 5}
    assert ledger_findings() == []


def test_the_checkout_and_the_import_of_one_order_count_once(account):
    publish(GROUND, at=BEGIN)
    bring(account, "orders", YEAR.replace("B,2026-03-06 09:00,C1,P1,1,30\n", ""))
    member = member_of(account, "A")
    award_purchase(
        request=asked("live", AT),
        member_id=member,
        order_id=f"{account.id}:B",
        purchase=basket(3300, on=date(2026, 3, 6)),
    )
    bring(account, "orders", YEAR)
    assert left(account, "B") == {"points": 33}
    award_purchase(
        request=asked("live 2", AT), member_id=member, order_id=f"{account.id}:A", purchase=basket(99_900)
    )
    assert left(account, "A") == {"points": 150}
    header = "refund id,order id,line no,refund time,qty,amount\n"
    bring(account, "refunds", header + "R1,B,1,2026-05-02 10:00,1,33\n")
    assert left(account, "B") == {"points": 0}
    assert ledger_findings() == []


def test_a_history_replayed_gives_what_imports_one_by_one_give(account):
    """And a run that dies on its way is run again: every order earns once."""
    bring(account, "orders", YEAR, earn=False)
    bring(
        account,
        "refunds",
        "refund id,order id,line no,refund time,qty,amount\nR1,A,2,2025-05-02 10:00,1,25.45\n",
        earn=False,
    )
    assert replay_history(at=AT).orders == 0
    publish(GROUND, GROWTH, at=BEGIN)
    told = []
    outcome = replay_history(at=AT, tell=lambda done, total: told.append((done, total)))
    assert (outcome.orders, outcome.returns, outcome.points) == (3, 1, {"points": 164, "growth": 164})
    assert told[-1] == (4, 4)
    member = member_of(account, "A")
    kinds = [
        (row.kind, row.effective_at.date().isoformat())
        for row in points_statement(member, points_type="points", limit=9)[0]
    ]
    assert kinds == [
        ("earn", "2026-03-06"),
        ("expire", "2026-01-05"),
        ("claw_back", "2025-05-02"),
        ("earn", "2025-01-05"),
    ]
    again = replay_history(at=AT)
    assert (again.orders, again.returns, again.members) == (0, 0, 0)
    assert ledger_findings() == []
    statistics = earning_statistics(
        points_type="growth", first=date(2025, 1, 1), last=date(2026, 6, 1), codes=["growth"]
    )
    assert statistics.rules == {"growth": (189, 3)}


def test_a_replay_that_was_killed_goes_on(account, monkeypatch):
    bring(account, "orders", YEAR, earn=False)
    publish(GROUND, at=BEGIN)
    real, calls = stories.Stories._post, []

    def dying(self, batch):
        calls.append(len(batch))
        if len(calls) == 2:
            raise KeyboardInterrupt
        real(self, batch)

    monkeypatch.setattr(stories, "BATCH", 1)
    monkeypatch.setattr(stories.Stories, "_post", dying)
    with pytest.raises(KeyboardInterrupt):
        replay_history(at=AT)
    done = OrderEarning.objects.count()
    assert 0 < done < 3
    monkeypatch.setattr(stories.Stories, "_post", real)
    assert replay_history(at=AT).orders == 3 - done
    assert PointsTransaction.objects.filter(kind="earn").count() == 3
    assert ledger_findings() == []


def test_a_person_known_late_earns_by_night(account):
    publish(GROUND, at=BEGIN)
    bring(account, "orders", YEAR, earn=False)
    assert earn_recent(at=AT, since=AT - timedelta(days=100)).orders == 2
    assert order_earning(f"{account.id}:A") is None
    assert earn_recent(at=AT, since=AT - timedelta(days=100)).orders == 0


def event(member_key: str, message: str, name: str, moment: datetime) -> dict[str, object]:
    local = moment + timedelta(hours=8)
    return {
        "message_id": message,
        "source": "src_app",
        "type": "track",
        "name": name,
        "person_key": member_key,
        "anonymous_id": None,
        "occurred_at": moment,
        "received_at": moment,
        "properties": None,
        "context": None,
        "local_month": f"{local:%Y-%m}",
        "local_date": local.date(),
        "local_hour": local.hour,
    }


def test_events_of_the_lake_earn_once_from_where_the_reader_stood(account):
    publish(GROUND, event_rule("checkin", event="Checked In", day_limit=1), at=BEGIN)
    bring(account, "orders", YEAR)
    member = member_of(account, "A")
    with lake().read() as snapshot:
        orders = snapshot.table("orders")
        keys = orders.filter(orders.order_id == f"{account.id}:A").select("person_key").to_pyarrow()
    key = keys["person_key"].to_pylist()[0]
    moment = AT - timedelta(hours=5)
    rows = [
        event(key, "m1", "Checked In", moment),
        event(key, "m2", "Checked In", moment + timedelta(hours=1)),
        event(key, "m3", "Something Else", moment),
        event("nobody", "m4", "Checked In", moment),
    ]
    schema = lake().definition("events").arrow_schema
    lake().append("events", pl.DataFrame(rows).to_arrow().select(schema.names).cast(schema))
    assert earn_events(at=AT).points == {"points": 5}
    assert earn_events(at=AT + timedelta(minutes=1)).points == {}
    assert EarningPosition.objects.get(name="events").read_until == AT + timedelta(minutes=1)
    late = [event(key, "m5", "Checked In", AT + timedelta(days=1))]
    lake().append(
        "events",
        pl.DataFrame(late, schema=pl.DataFrame(rows).schema).to_arrow().select(schema.names).cast(schema),
    )
    assert earn_events(at=AT + timedelta(days=2)).points == {"points": 5}
    assert points(member, at=AT + timedelta(days=2)) == 40
    assert ledger_findings() == []


def test_birthdays_and_complete_profiles_earn_once(account):
    publish(
        event_rule("birthday", event="Birthday", points=50, life_days=30),
        event_rule("profile", event="Profile Completed", points=10, ever_limit=1),
        at=BEGIN,
    )
    born = [date(1990, 5, 31), date(1992, 2, 29), None]
    refs = create_members(
        at=BEGIN,
        source="test",
        profiles=[MemberProfile(name="Ann", birthday=day, joined_on=date(2025, 1, 1)) for day in born],
    )
    ann, bob, cy = (ref.public_id for ref in refs)
    assert award_birthdays(at=AT).points == {"points": 50}
    assert award_birthdays(at=AT + timedelta(days=1)).points == {}
    assert award_profiles(at=AT).points == {"points": 20}
    assert award_profiles(at=AT).points == {}
    assert (points(ann), points(bob), points(cy)) == (60, 10, 0)
    replay = replay_history(at=AT)
    # Ann's of 2025, Bob's of 28 February 2025 and 2026.
    assert replay.points == {"points": 150}
    assert points(bob) == 10
    assert Member.objects.count() == 3
    assert ledger_findings() == []
