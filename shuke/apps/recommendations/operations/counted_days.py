"""Days that are counted anew: what the bandits of a slot, over strategies and over products, share when they learn.

Nothing is added to a number.  A run counts the newest days from the lists themselves and puts them in the place of what
it had: a run that was killed, came twice or met events that came late gives the same numbers in the end.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from shuke.apps.recommendations.models import BanditArm, BanditDay, ProductBanditDay, ProductBelief, Slot
from shuke.platform.clock import business_date
from shuke.platform.retailer.queries import retailer

#: How long events may take to the lake: nothing younger is judged.
LAG = timedelta(minutes=5)
#: Days that every run counts again; a click may come a day after its list, and its event later still.
RECENT_DAYS = 3
#: Days that the nightly run counts again, and that beliefs are made of.
HORIZON_DAYS = 90
#: What was learned counts half after so many days, so that a change of season is noticed.
HALF_LIFE_DAYS = 30.0


@dataclass(frozen=True)
class Counted:
    """Business days from ``first`` to ``today``, of which everything before ``until`` is judged."""

    first: date
    today: date
    until: datetime

    @property
    def month(self) -> str:
        """The earliest month of the lake that holds any of it."""
        return f"{self.first:%Y-%m}"

    @property
    def horizon(self) -> date:
        """The first day that beliefs are made of."""
        return self.today - timedelta(days=HORIZON_DAYS)


def counted(*, at: datetime, days: int) -> Counted:
    """The last ``days`` business days and what there is of today."""
    until = at - LAG
    today = business_date(until, retailer().time_zone)
    return Counted(today - timedelta(days=days), today, until)


def slot_to_renew(
    code: str, beliefs: type[BanditArm] | type[ProductBelief], *, period: Counted
) -> Slot | None:
    """The slot, locked until the transaction ends; None where it is gone or a later run has been there."""
    row = Slot.objects.select_for_update().filter(code=code).first()
    if row is None or beliefs._default_manager.filter(slot=row, learned_until__gt=period.until).exists():
        return None
    return row


def put_in_place(
    rows: Sequence[BanditDay] | Sequence[ProductBanditDay],
    kind: type[BanditDay] | type[ProductBanditDay],
    *,
    slot: Slot,
    period: Counted,
) -> None:
    """Days in the place of what was there; those that are long past go."""
    days = kind._default_manager
    days.filter(slot=slot, day__gte=period.first).delete()
    days.filter(slot=slot, day__lt=period.today - timedelta(days=4 * HORIZON_DAYS)).delete()
    days.bulk_create(rows)  # type: ignore[arg-type]
