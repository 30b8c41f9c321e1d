"""Points by the month they were issued in: what became of them by age, and when the open ones end."""

from collections import Counter
from collections.abc import Sequence
from datetime import date, datetime

from django.db.models import Case, IntegerField, Max, Min, Sum, Value, When

from shuke.apps.loyalty.models import LotMove, PointsLot
from shuke.apps.loyalty.queries.finance.passing import Passed
from shuke.apps.loyalty.rules import finance
from shuke.apps.loyalty.rules.finance import Cohort
from shuke.apps.loyalty.rules.postings import REMAINING


def cohorts(points_type_id: int, *, at: datetime, time_zone: str, passed: list[Passed]) -> list[Cohort]:
    """Every cohort that was known at ``at``, oldest first, months without one included."""
    lots = PointsLot.objects.filter(
        transaction__wallet__points_type_id=points_type_id, transaction__recorded_at__lte=at
    )
    span = lots.aggregate(
        first=Min("transaction__effective_at"), last=Max("transaction__effective_at"), end=Max("expires_at")
    )
    if span["first"] is None:
        return []
    frame = _Frame(span["first"], span["end"], at=at, time_zone=time_zone)
    found = {month: Cohort(month, 0, {}, Counter()) for month in frame.months}
    issued = lots.annotate(
        cohort=frame.month_number("transaction__effective_at"), end=frame.end_number("expires_at")
    )
    for number, end, points in issued.values_list("cohort", "end").annotate(total=Sum("points")).order_by():
        cohort = found[frame.months[number]]
        cohort.issued += points
        cohort.open_by_end[frame.ends[end]] += points
    _take_away(found, frame, points_type_id, at)
    for item in passed:
        for gone in item.gone:
            cohort = found[frame.month(gone.issued_at)]
            age = finance.months_between(cohort.month, frame.month(item.effective_at))
            cohort.gone.setdefault(age, Counter())[gone.bucket] += gone.points
            cohort.open_by_end[frame.month(gone.expires_at) if gone.expires_at else None] -= gone.points
    for cohort in found.values():
        cohort.open_by_end = Counter({end: n for end, n in cohort.open_by_end.items() if n})
    return [found[month] for month in frame.months]


def _take_away(found: dict[date, Cohort], frame: "_Frame", points_type_id: int, at: datetime) -> None:
    """What has left the lots, by the age at which it did."""
    moves = LotMove.objects.filter(
        transaction__wallet__points_type_id=points_type_id, transaction__recorded_at__lte=at
    ).exclude(bucket__in=REMAINING)
    rows = moves.annotate(
        cohort=frame.month_number("lot__transaction__effective_at"),
        moved=frame.month_number("transaction__effective_at"),
        end=frame.end_number("lot__expires_at"),
    )
    sums = rows.values_list("cohort", "moved", "end", "bucket").annotate(total=Sum("delta")).order_by()
    for number, moved, end, bucket, points in sums:
        cohort = found[frame.months[number]]
        cohort.gone.setdefault(moved - number, Counter())[bucket] += points
        cohort.open_by_end[frame.ends[end]] -= points


class _Frame:
    """The months of a ledger and of its lots' ends, as numbers that a database can group by."""

    def __init__(self, first: datetime, end: datetime | None, *, at: datetime, time_zone: str) -> None:
        self._zone = time_zone
        start, now = self.month(first), self.month(at)
        self.months = finance.months_through(start, now)
        last = max(now, self.month(end)) if end else now
        #: By the numbers of ``end_number``; 0 is "never".
        self.ends: list[date | None] = [None, *finance.months_through(start, last)]

    def month(self, moment: datetime) -> date:
        """The month of a moment."""
        return finance.first_of_month(moment, time_zone=self._zone)

    def month_number(self, field: str) -> Case:
        """The place of a time's month in ``months``."""
        return self._number(field, self.months, offset=0)

    def end_number(self, field: str) -> Case:
        """The place of an end's month in ``ends``."""
        months = [month for month in self.ends if month is not None]
        return self._number(field, months, offset=1, when_null=0)

    def _number(
        self, field: str, months: Sequence[date], *, offset: int, when_null: int | None = None
    ) -> Case:
        nothing = [When(**{f"{field}__isnull": True}, then=Value(when_null))] if when_null is not None else []
        steps = [
            When(
                **{f"{field}__lt": finance.start_of(finance.next_month(month), time_zone=self._zone)},
                then=Value(number),
            )
            for number, month in enumerate(months, start=offset)
        ]
        return Case(*nothing, *steps, default=Value(len(months) - 1 + offset), output_field=IntegerField())
