"""What a slot's bandit learns: its days are counted from the lake, and its beliefs are made of its days.

Nothing is added to a number here.  A run counts the newest days from the lists themselves and puts them in the place of
what it had: a run that was killed, came twice or met events that came late gives the same numbers in the end.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import ibis
from django.db import transaction

from shuke.apps.recommendations.models import BanditArm, BanditDay, Slot
from shuke.platform.clock import business_date
from shuke.platform.retailer.queries import retailer
from shuke.platform.warehouse import lake
from shuke.science.recommendations import online
from shuke.science.recommendations.bandit_counts import DayCount, day_counts, delays, faded

#: How long events may take to the lake: nothing younger is judged.
LAG = timedelta(minutes=5)
#: Days that every run counts again; a click may come a day after its list, and its event later still.
RECENT_DAYS = 3
#: Days that the nightly run counts again, and that beliefs are made of.
HORIZON_DAYS = 90
#: What was learned counts half after so many days, so that a change of season is noticed.
HALF_LIFE_DAYS = 30.0


@dataclass(frozen=True)
class Learned:
    """``lists``: how many were counted (again); ``taken``: how many of them were clicked."""

    slot: str
    lists: int
    taken: int


def learn(*, at: datetime, days: int = RECENT_DAYS) -> list[Learned]:
    """Count the last ``days`` business days of every slot that has a bandit, and renew what it believes.

    Slots that are paused learn on: a click may come after its list.
    """
    until = at - LAG
    today = business_date(until, retailer().time_zone)
    first = today - timedelta(days=days)
    slots = [row for row in Slot.objects.exclude(state="draft").order_by("code") if row.bandit]
    if not slots:
        return []
    with lake().read() as snapshot:
        lists = snapshot.table("recommendation_lists")
        lists = lists.filter(
            lists.local_month >= f"{first:%Y-%m}",
            lists.local_date >= ibis.literal(first),
            lists.slot.isin([row.code for row in slots]),
        )
        events = snapshot.table("events").filter(lambda t: t.local_month >= f"{first:%Y-%m}")
        told = online.answers(lists, snapshot.table("identity_map"))
        touched = online.touches(told, events)
        # Read once for each slot; a table of this connection is gone with it.
        counted = {
            row.code: day_counts(
                delays(told.filter(told.slot == row.code, told.strategy.isin(row.bandit)), touched, at=until)
                .to_pyarrow()
                .to_pylist()
            )
            for row in slots
        }
    return [_keep(row.code, counted[row.code], first=first, today=today, until=until) for row in slots]


@transaction.atomic
def _keep(code: str, counts: Sequence[DayCount], *, first: date, today: date, until: datetime) -> Learned:
    """Put the days in the place of what was there, and make the beliefs of all days."""
    learned = Learned(code, sum(count.lists for count in counts), sum(count.taken for count in counts))
    row = Slot.objects.select_for_update().filter(code=code).first()
    if row is None or BanditArm.objects.filter(slot=row, learned_until__gt=until).exists():
        return learned
    BanditDay.objects.filter(slot=row, day__gte=first).delete()
    BanditDay.objects.filter(slot=row, day__lt=today - timedelta(days=4 * HORIZON_DAYS)).delete()
    BanditDay.objects.bulk_create(
        BanditDay(
            slot=row,
            strategy=count.strategy,
            day=count.day,
            lists=count.lists,
            drawn=count.drawn,
            taken=count.taken,
            exposures=count.exposures,
        )
        for count in counts
    )
    _believe(row, today=today, until=until)
    return learned


def _believe(row: Slot, *, today: date, until: datetime) -> None:
    days = BanditDay.objects.filter(slot=row, day__gte=today - timedelta(days=HORIZON_DAYS))
    beliefs = faded(map(day_count, days), today=today, half_life=HALF_LIFE_DAYS)
    BanditArm.objects.filter(slot=row).exclude(arm__in=row.bandit).delete()
    for strategy in row.bandit:
        taken, left = beliefs.get(strategy, (0.0, 0.0))
        BanditArm.objects.update_or_create(
            slot=row, arm=strategy, defaults={"taken": taken, "left": left, "learned_until": until}
        )


def day_count(row: BanditDay) -> DayCount:
    """A row as the science has it."""
    return DayCount(row.strategy, row.day, row.lists, row.drawn, row.taken, row.exposures)
