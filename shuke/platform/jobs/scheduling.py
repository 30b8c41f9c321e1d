"""Schedules: queuing what is due, once however many processes look."""

import logging
from datetime import datetime

from django.db import transaction

from shuke.platform.jobs.declarations import Schedule, schedules
from shuke.platform.jobs.enqueuing import enqueue
from shuke.platform.jobs.models import SCHEDULE_KEY, ScheduleTime
from shuke.platform.retailer.queries import retailer

log = logging.getLogger(__name__)


def fire_due(*, at: datetime) -> int:
    """Queue the jobs whose time has come; returns how many.

    Whoever moves a schedule's next time on queues its job in the same transaction.  Times that passed
    while nothing ran are not made up for: the schedule fires once.
    """
    known = {item.name: item for item in ScheduleTime.objects.all()}
    zone = retailer().time_zone
    fired = 0
    for item in schedules():
        time = known.get(item.name)
        if time is None or time.rule != item.rule:
            _note(item, at=at, zone=zone)
        elif time.next_at <= at:
            fired += _fire(item, due_at=time.next_at, at=at, zone=zone)
    return fired


def _note(item: Schedule, *, at: datetime, zone: str) -> None:
    first = at if item.cron is None else item.next_after(at, zone)
    ScheduleTime.objects.update_or_create(
        name=item.name,
        defaults={"rule": item.rule, "next_at": first},
    )


def _fire(item: Schedule, *, due_at: datetime, at: datetime, zone: str) -> int:
    with transaction.atomic():
        mine = ScheduleTime.objects.filter(name=item.name, next_at=due_at)
        if not mine.update(next_at=item.next_after(at, zone), fired_at=at):
            return 0
        enqueue(item.task, unique_key=f"{SCHEDULE_KEY}{item.name}", **item.kwargs)
    log.debug("schedule fired", extra={"schedule": item.name})
    return 1
