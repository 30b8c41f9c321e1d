"""What a slot's bandit over strategies learns: its days are counted from the lake, and its beliefs are made of its days
(see ``counted_days``)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import ibis
from django.db import transaction

from shuke.apps.recommendations.models import BanditArm, BanditDay, Slot
from shuke.apps.recommendations.operations.counted_days import (
    HALF_LIFE_DAYS,
    RECENT_DAYS,
    Counted,
    counted,
    put_in_place,
    slot_to_renew,
)
from shuke.platform.warehouse import lake
from shuke.science.recommendations import online
from shuke.science.recommendations.bandit_counts import DayCount, day_counts, delays, faded


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
    period = counted(at=at, days=days)
    slots = [row for row in Slot.objects.exclude(state="draft").order_by("code") if row.bandit]
    if not slots:
        return []
    with lake().read() as snapshot:
        lists = snapshot.table("recommendation_lists")
        lists = lists.filter(
            lists.local_month >= period.month,
            lists.local_date >= ibis.literal(period.first),
            lists.slot.isin([row.code for row in slots]),
        )
        events = snapshot.table("events").filter(lambda t: t.local_month >= period.month)
        told = online.answers(lists, snapshot.table("identity_map"))
        touched = online.touches(told, events)
        # Read once for each slot; a table of this connection is gone with it.
        found = {
            row.code: day_counts(
                delays(
                    told.filter(told.slot == row.code, told.strategy.isin(row.bandit)),
                    touched,
                    at=period.until,
                )
                .to_pyarrow()
                .to_pylist()
            )
            for row in slots
        }
    return [_keep(row.code, found[row.code], period=period) for row in slots]


@transaction.atomic
def _keep(code: str, counts: Sequence[DayCount], *, period: Counted) -> Learned:
    """Put the days in the place of what was there, and make the beliefs of all days."""
    learned = Learned(code, sum(count.lists for count in counts), sum(count.taken for count in counts))
    row = slot_to_renew(code, BanditArm, period=period)
    if row is None:
        return learned
    days = [
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
    ]
    put_in_place(days, BanditDay, slot=row, period=period)
    _believe(row, period=period)
    return learned


def _believe(row: Slot, *, period: Counted) -> None:
    days = BanditDay.objects.filter(slot=row, day__gte=period.horizon)
    beliefs = faded(map(day_count, days), today=period.today, half_life=HALF_LIFE_DAYS)
    BanditArm.objects.filter(slot=row).exclude(arm__in=row.bandit).delete()
    for strategy in row.bandit:
        taken, left = beliefs.get(strategy, (0.0, 0.0))
        BanditArm.objects.update_or_create(
            slot=row, arm=strategy, defaults={"taken": taken, "left": left, "learned_until": period.until}
        )


def day_count(row: BanditDay) -> DayCount:
    """A row as the science has it."""
    return DayCount(row.strategy, row.day, row.lists, row.drawn, row.taken, row.exposures)
