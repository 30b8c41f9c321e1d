"""The facts that tiers are counted from: all members at once, from the lake in one query and from the ledger's rows."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import ibis
import pyarrow as pa
from ibis.expr import types as ir

from shuke.apps.loyalty.models import PointsEntry
from shuke.apps.loyalty.rules.tiers import Counter, Facts
from shuke.apps.members.queries import speakers
from shuke.lake.reading import Snapshot
from shuke.platform.batches import in_batches
from shuke.platform.retailer.queries import retailer
from shuke.platform.warehouse import lake
from shuke.science.persons import with_member
from shuke.science.purchases import is_purchase

#: Days are ordinals: Arrow counts from 1 January 1970.
EPOCH = date(1970, 1, 1).toordinal()
Row = tuple[int, int, int]
Rows = dict[str, dict[Counter, list[Row]]]
MemberFacts = Mapping[str, Mapping[Counter, Facts]]


def facts_of(counters: Collection[Counter], *, member_ids: Collection[str] | None = None) -> MemberFacts:
    """Facts by member and counter, of ``member_ids`` only where given; members without any are left out.

    Facts of merged members are told as those of who speaks for them.
    """
    found: Rows = defaultdict(lambda: defaultdict(list))
    in_lake = sorted({c for c in counters if c.kind != "points"}, key=str)
    if in_lake:
        _read_lake(in_lake, member_ids=member_ids, found=found)
    for counter in {c for c in counters if c.kind == "points"}:
        for member_id, row in _earned_points(counter.points_type, member_ids=member_ids):
            found[member_id][counter].append(row)
    return {
        member_id: {counter: Facts(rows) for counter, rows in by_counter.items()}
        for member_id, by_counter in found.items()
    }


def _read_lake(counters: list[Counter], *, member_ids: Collection[str] | None, found: Rows) -> None:
    currency = retailer().currency
    with lake().read() as snapshot:
        parts = [
            _FACTS[counter.kind](snapshot, counter, currency).mutate(place=ibis.literal(place, "int64"))
            for place, counter in enumerate(counters)
        ]
        rows = ibis.union(*parts) if len(parts) > 1 else parts[0]
        if member_ids is not None:
            ids = pa.table({"member_id": pa.array(sorted(set(member_ids)), pa.string())})
            rows = rows.semi_join(ibis.memtable(ids), "member_id")
        table = snapshot.connection.to_pyarrow(rows)
    columns = [_plain(table.column(name)) for name in ("place", "member_id", "belongs", "known", "value")]
    for place, member_id, belongs, known, value in zip(*columns, strict=True):
        found[member_id][counters[place]].append((belongs + EPOCH, known + EPOCH, value))


def _plain(column: pa.ChunkedArray) -> list[object]:
    """Python values; days as days since 1970, which is five times cheaper than as dates."""
    if pa.types.is_date32(column.type):
        column = column.cast(pa.int32())
    values: list[object] = column.to_pylist()
    return values


def _owned_orders(snapshot: Snapshot) -> ir.Table:
    orders = snapshot.table("orders")
    return with_member(orders.filter(is_purchase(orders)), snapshot.table("identity_map"))


def _spend(snapshot: Snapshot, _counter: Counter, currency: str) -> ir.Table:
    """What was paid by day; refunds on the day of the order they belong to, known on their own."""
    orders = _owned_orders(snapshot)
    orders = orders.filter(orders.currency == currency)
    paid = orders.group_by("member_id", belongs=orders.local_date, known=orders.local_date).agg(
        value=orders.paid_minor.sum().cast("int64")
    )
    refunds = snapshot.table("refunds")
    refunds = refunds.filter(refunds.currency == currency).select(
        "order_id", "amount_minor", refunded_on="local_date"
    )
    joined = refunds.join(orders.select("order_id", "member_id", "local_date"), "order_id")
    back = joined.group_by("member_id", belongs=joined.local_date, known=joined.refunded_on).agg(
        value=(-joined.amount_minor.sum()).cast("int64")
    )
    return ibis.union(paid, back)


def _orders(snapshot: Snapshot, _counter: Counter, _currency: str) -> ir.Table:
    """Orders by day; an order goes again on the day on which its refunds reach what was paid."""
    orders = _owned_orders(snapshot)
    made = orders.group_by("member_id", belongs=orders.local_date, known=orders.local_date).agg(
        value=orders.count().cast("int64")
    )
    refunds = snapshot.table("refunds")
    daily = refunds.group_by("order_id", "currency", refunded_on=refunds.local_date).agg(
        amount=refunds.amount_minor.sum()
    )
    so_far = ibis.window(
        group_by=["order_id", "currency"], order_by="refunded_on", preceding=None, following=0
    )
    summed = daily.mutate(back=daily.amount.sum().over(so_far))
    paid = orders.select("order_id", "currency", "member_id", "local_date", "paid_minor")
    joined = summed.join(paid, ["order_id", "currency"])
    whole = joined.filter((joined.paid_minor > 0) & (joined.back >= joined.paid_minor))
    gone = whole.group_by("order_id", "member_id", belongs=whole.local_date).agg(
        known=whole.refunded_on.min()
    )
    back = gone.group_by("member_id", "belongs", "known").agg(value=(-gone.count()).cast("int64"))
    return ibis.union(made, back)


def _events(snapshot: Snapshot, counter: Counter, _currency: str) -> ir.Table:
    events = snapshot.table("events")
    named = with_member(events.filter(events.name.isin(counter.events)), snapshot.table("identity_map"))
    return named.group_by("member_id", belongs=named.local_date, known=named.local_date).agg(
        value=named.count().cast("int64")
    )


_FACTS = {"spend": _spend, "orders": _orders, "events": _events}


def _earned_points(points_type: str, *, member_ids: Collection[str] | None) -> Iterator[tuple[str, Row]]:
    """What was earned, and what of it was taken back, on the day it was earned."""
    said = speakers()
    day = _days(retailer().time_zone)
    for member_id, at, earned_at, points in _postings(points_type, _with_absorbed(member_ids, said)):
        known = day(at)
        belongs = known if earned_at is None else day(earned_at)
        yield said.get(member_id, member_id), (belongs, max(known, belongs), -points)


def _with_absorbed(member_ids: Collection[str] | None, said: Mapping[str, str]) -> list[str] | None:
    if member_ids is None:
        return None
    wanted = set(member_ids)
    return sorted(wanted | {absorbed for absorbed, speaker in said.items() if speaker in wanted})


def _postings(
    points_type: str, member_ids: list[str] | None
) -> Iterator[tuple[str, datetime, datetime | None, int]]:
    """Member, time, time of the earning it takes back, and points as the programme's account has them."""
    rows = PointsEntry.objects.filter(transaction__wallet__points_type__code=points_type)
    earned = rows.filter(transaction__kind="earn", account="issued")
    back = rows.filter(transaction__kind="claw_back", account="clawback") | rows.filter(
        transaction__kind="reverse", transaction__related__kind="earn", account="issued"
    )
    columns = ("transaction__wallet__member__public_id", "transaction__effective_at")
    parts: Iterable[list[str] | None] = [None] if member_ids is None else in_batches(member_ids)
    for part in parts:
        chosen = {} if part is None else {"transaction__wallet__member__public_id__in": part}
        for member_id, at, points in earned.filter(**chosen).values_list(*columns, "points").iterator():
            yield member_id, at, None, points
        of_earning = (*columns, "transaction__related__effective_at", "points")
        yield from back.filter(**chosen).values_list(*of_earning).iterator()


def _days(time_zone: str):  # type: ignore[no-untyped-def]
    """A function from moments to business days as ordinals; an hour has one day, so it is computed once."""
    zone = ZoneInfo(time_zone)
    known: dict[datetime, int] = {}

    def day(moment: datetime) -> int:
        quarter = moment.replace(minute=moment.minute - moment.minute % 15, second=0, microsecond=0)
        if quarter not in known:
            known[quarter] = quarter.astimezone(UTC).astimezone(zone).date().toordinal()
        return known[quarter]

    return day
