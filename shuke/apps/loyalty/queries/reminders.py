"""Points that end soon."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import groupby
from zoneinfo import ZoneInfo

from django.db.models import Q

from shuke.apps.loyalty.models import PointsLot, PointsType
from shuke.apps.loyalty.rules.expiry import Expiry

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
    spendable = PointsType.objects.filter(is_spendable=True)
    kinds = {kind.code: Expiry(**kind.expiry) for kind in spendable}
    lots = PointsLot.objects.filter(
        _may_end(kinds, at=at, last=last),
        is_open=True,
        available__gt=0,
        activates_at__lte=at,
        wallet__points_type__code__in=kinds,
    )
    rows = lots.order_by("wallet_id", "expires_at").values_list(
        "wallet_id",
        "wallet__member__public_id",
        "wallet__points_type__code",
        "wallet__active_at",
        "expires_at",
        "available",
    )
    for (pk, member_id, code), parts in groupby(rows.iterator(chunk_size=2000), key=lambda row: row[:3]):
        days: Counter[date] = Counter()
        for *_, active_at, expires_at, points in parts:
            whole = kinds[code].end_of_wallet(active_at, time_zone=time_zone)
            end = min((moment for moment in (expires_at, whole) if moment), default=None)
            if end is not None and at <= end <= last:
                days[end.astimezone(zone).date()] += points
        for ends_on, points in sorted(days.items()):
            stage = stage_of((ends_on - today).days)
            if stage is not None:
                yield Ending(pk, member_id, code, ends_on, points, stage)


def _may_end(kinds: Mapping[str, Expiry], *, at: datetime, last: datetime) -> Q:
    """Lots with an end in that time, and those whose wallet may have one: months are 28 to 31 days."""
    may_end = Q(expires_at__gte=at, expires_at__lte=last)
    for code, expiry in kinds.items():
        if expiry.policy == "inactivity":
            since = at - timedelta(days=31 * expiry.months + 2)
            until = last - timedelta(days=28 * expiry.months)
            may_end |= Q(
                wallet__points_type__code=code, wallet__active_at__gte=since, wallet__active_at__lte=until
            )
    return may_end
