"""What each month did to the programme's accounts, and the same counted from the lots."""

from collections import Counter
from collections.abc import Iterator
from datetime import date, datetime
from typing import TypeVar

from django.db.models import Case, IntegerField, Max, Min, QuerySet, Sum, Value, When

from shuke.apps.loyalty.models import LotMove, PointsEntry, PointsLot, PointsTransaction, PointsType
from shuke.apps.loyalty.queries.finance.passing import Passed
from shuke.apps.loyalty.rules import finance
from shuke.apps.loyalty.rules.postings import REMAINING, WALLET_ACCOUNTS
from shuke.platform.retailer.queries import retailer

Row = TypeVar("Row", PointsEntry, PointsLot, LotMove)
#: By month and account.
Movements = dict[date, Counter[str]]


def first_month(*, time_zone: str) -> date | None:
    """The month of the ledger's first record; ``None`` for an empty one."""
    first = PointsTransaction.objects.aggregate(first=Min("recorded_at"))["first"]
    return finance.first_of_month(first, time_zone=time_zone) if first else None


def movements(points_type_id: int, *, at: datetime, time_zone: str, passed: list[Passed]) -> Movements:
    """Sums of entries by month and account, wallets' accounts too, as of ``at``.

    ``passed`` is what time had made by then (``passing.passed``); it counts as recorded at that moment.
    """
    found: Movements = {}
    rows = PointsEntry.objects.filter(transaction__wallet__points_type_id=points_type_id)
    for month, account, points in _by_month(rows, "account", "points", at=at, time_zone=time_zone):
        found.setdefault(month, Counter())[account] += points
    for item in passed:
        month = finance.month_of_posting(item.effective_at, recorded_at=at, time_zone=time_zone)
        found.setdefault(month, Counter()).update(item.entries)
    return found


def movements_of_lots(
    points_type_id: int, *, at: datetime, time_zone: str, passed: list[Passed]
) -> dict[date, int]:
    """By month, by how much the points that lots still hold have changed: counted without any account."""
    found: Counter[date] = Counter()
    lots = PointsLot.objects.filter(transaction__wallet__points_type_id=points_type_id)
    for month, _bucket, points in _by_month(lots, "bucket", "points", at=at, time_zone=time_zone):
        found[month] += points
    moves = LotMove.objects.filter(transaction__wallet__points_type_id=points_type_id, bucket__in=REMAINING)
    for month, _bucket, points in _by_month(moves, "bucket", "delta", at=at, time_zone=time_zone):
        found[month] += points
    for item in passed:
        month = finance.month_of_posting(item.effective_at, recorded_at=at, time_zone=time_zone)
        found[month] -= sum(gone.points for gone in item.gone)
    return dict(found)


def movements_by_effect(
    points_type_id: int, *, at: datetime, time_zone: str, passed: list[Passed]
) -> Movements:
    """As ``movements``, each posting in the month in which it took effect, whenever it was recorded.

    Not for the books: such months change with everything that is recorded late.  It tells a history that was
    taken in at once as it happened.
    """
    rows = PointsEntry.objects.filter(
        transaction__wallet__points_type_id=points_type_id, transaction__recorded_at__lte=at
    )
    found: Movements = {}
    first = PointsTransaction.objects.filter(recorded_at__lte=at).aggregate(first=Min("effective_at"))[
        "first"
    ]
    if first is not None:
        start, last = (finance.first_of_month(moment, time_zone=time_zone) for moment in (first, at))
        months = finance.months_through(start, last)
        steps = [
            When(
                transaction__effective_at__lt=finance.start_of(
                    finance.next_month(month), time_zone=time_zone
                ),
                then=Value(number),
            )
            for number, month in enumerate(months)
        ]
        number = Case(*steps, default=Value(len(months) - 1), output_field=IntegerField())
        sums = rows.annotate(month=number).values_list("month", "account").annotate(total=Sum("points"))
        for place, account, total in sums.order_by():
            found.setdefault(months[place], Counter())[account] += total
    for item in passed:
        month = finance.first_of_month(item.effective_at, time_zone=time_zone)
        found.setdefault(month, Counter()).update(item.entries)
    return found


def _by_month(
    rows: QuerySet[Row], group: str, amount: str, *, at: datetime, time_zone: str
) -> Iterator[tuple[date, str, int]]:
    """Sums of rows that belong to transactions, by the month that each transaction belongs to."""
    first = first_month(time_zone=time_zone)
    if first is None:
        return
    for month in finance.months_through(first, finance.first_of_month(at, time_zone=time_zone)):
        before = finance.next_month(month, by=-1)
        start, end = (
            finance.start_of(each, time_zone=time_zone) for each in (month, finance.next_month(month))
        )
        # Recorded in this month, but still in time for the one before.
        in_time = When(
            transaction__effective_at__gte=finance.start_of(before, time_zone=time_zone),
            transaction__effective_at__lt=start,
            transaction__recorded_at__lt=finance.closes_at(before, time_zone=time_zone),
            then=Value(1),
        )
        recorded = rows.filter(
            transaction__recorded_at__gte=start,
            transaction__recorded_at__lt=end,
            transaction__recorded_at__lte=at,
        )
        earlier = Case(in_time, default=Value(0), output_field=IntegerField())
        sums = recorded.annotate(earlier=earlier).values_list("earlier", group).annotate(total=Sum(amount))
        for is_earlier, name, total in sums.order_by():
            yield (before if is_earlier else month), name, total


def roll_forward_findings() -> Iterator[str]:
    """Months in which the programme's accounts, the wallets' balances and the lots do not tell the same (check 18).

    Over everything that is recorded, as it is recorded: opening + movements = closing by the accounts, and the
    closing once more by the lots less debts.
    """
    newest = PointsTransaction.objects.aggregate(newest=Max("recorded_at"))["newest"]
    if newest is None:
        return
    zone = retailer().time_zone
    for pk, code in PointsType.objects.order_by("pk").values_list("pk", "code"):
        accounts = movements(pk, at=newest, time_zone=zone, passed=[])
        lots = movements_of_lots(pk, at=newest, time_zone=zone, passed=[])
        by_accounts = by_lots = 0
        for month in sorted({*accounts, *lots}):
            sums = accounts.get(month, Counter())
            by_accounts -= sum(sums[name] for name in finance.MOVEMENTS)
            by_lots += lots.get(month, 0) + sums["debt"]
            if by_accounts != by_lots:
                yield f"{code} {month:%Y-%m}: closing is {by_accounts} by the accounts, {by_lots} by the lots"
            strange = set(sums) - set(finance.MOVEMENTS) - set(WALLET_ACCOUNTS)
            if strange:
                yield f"{code} {month:%Y-%m}: accounts that no roll-forward has: {', '.join(sorted(strange))}"
