"""Points that end soon."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import groupby
from zoneinfo import ZoneInfo

from shuke.apps.loyalty.models import PointsLot

#: How many days before their end members are told of points, the longest first.
STAGES = (30, 7, 1)


@dataclass(frozen=True)
class Ending:
    """Points of a wallet that end on a day, ``days`` from today; ``stage`` is what that is told as."""

    wallet_id: int
    member_id: str
    points_type: str
    ends_on: date
    points: int
    stage: int


def stage_of(days: int) -> int | None:
    """The stage that so many days before the end belong to: the tightest one.

    A night that was missed is made up for at the next one, and never by two words of one end.

    >>> [stage_of(days) for days in (31, 30, 8, 7, 2, 1, 0)]
    [None, 30, 30, 7, 7, 1, 1]
    """
    return min((stage for stage in STAGES if days <= stage), default=None)


def endings(*, at: datetime, today: date, time_zone: str) -> Iterator[Ending]:
    """Points to spend that end within the longest stage, by wallet and day, without holding them all.

    Points that are held for a checkout are on their way to be spent and are left out.
    """
    zone = ZoneInfo(time_zone)
    last = datetime.combine(today + timedelta(days=max(STAGES)), time.max, zone)
    rows = (
        PointsLot.objects.filter(
            is_open=True,
            available__gt=0,
            activates_at__lte=at,
            expires_at__gte=at,
            expires_at__lte=last,
            wallet__points_type__is_spendable=True,
        )
        .order_by("wallet_id", "expires_at")
        .values_list(
            "wallet_id",
            "wallet__member__public_id",
            "wallet__points_type__code",
            "expires_at",
            "available",
        )
    )
    days = (
        (pk, member_id, code, expires_at.astimezone(zone).date(), points)
        for pk, member_id, code, expires_at, points in rows.iterator(chunk_size=2000)
        if expires_at is not None
    )
    for (pk, member_id, code, ends_on), parts in groupby(days, key=lambda row: row[:4]):
        stage = stage_of((ends_on - today).days)
        if stage is not None:
            yield Ending(pk, member_id, code, ends_on, sum(part[4] for part in parts), stage)
