"""Telling of points that end soon, once per wallet, day and stage."""

import json
from collections.abc import Callable, Sequence
from datetime import date, datetime

from django.db import transaction

from shuke.apps.identity.queries import primary_person_keys
from shuke.apps.loyalty.events import PointsExpiring
from shuke.apps.loyalty.models import ExpiryReminder
from shuke.apps.loyalty.queries.reminders import Ending, endings
from shuke.platform.batches import in_batches
from shuke.platform.events import emit
from shuke.platform.outbox.operations import record
from shuke.platform.retailer.queries import retailer

#: What the event is called in the lake's table of events, so that audiences can ask for it.
EVENT_NAME = "Points Expiring"
EVENT_SOURCE = "loyalty"
BATCH = 500


def remind_expiring(*, at: datetime, today: date, tell: Callable[[int], None] = lambda _done: None) -> int:
    """Tell of every ending that has not been told yet; returns how many.  Safe to kill and to run twice.

    Each is an event ``PointsExpiring`` for other apps and a row ``Points Expiring`` in the lake's events,
    by which audiences find the member.  A member without any identifier has no row there.
    """
    told = 0
    for batch in in_batches(endings(at=at, today=today, time_zone=retailer().time_zone), BATCH):
        told += _tell(batch, at=at)
        tell(told)
    return told


@transaction.atomic
def _tell(batch: Sequence[Ending], *, at: datetime) -> int:
    known = set(
        ExpiryReminder.objects.filter(wallet_id__in={e.wallet_id for e in batch}).values_list(
            "wallet_id", "ends_on", "stage"
        )
    )
    news = [e for e in batch if (e.wallet_id, e.ends_on, e.stage) not in known]
    # Two runs at once: the unique key lets one of them through, the other one fails and tells nothing.
    ExpiryReminder.objects.bulk_create(
        [
            ExpiryReminder(
                wallet_id=e.wallet_id, ends_on=e.ends_on, stage=e.stage, points=e.points, reminded_at=at
            )
            for e in news
        ]
    )
    keys = primary_person_keys({e.member_id for e in news})
    record("events", (_fact(e, keys[e.member_id], at=at) for e in news if e.member_id in keys))
    for e in news:
        emit(PointsExpiring(e.member_id, e.points_type, e.points, e.ends_on, e.stage, at))
    return len(news)


def _fact(ending: Ending, person_key: str, *, at: datetime) -> dict[str, object]:
    properties = {
        "points_type": ending.points_type,
        "points": ending.points,
        "ends_on": ending.ends_on.isoformat(),
        "stage": ending.stage,
    }
    return {
        "message_id": f"points-expiring:{ending.wallet_id}:{ending.ends_on}:{ending.stage}",
        "source": EVENT_SOURCE,
        "type": "track",
        "name": EVENT_NAME,
        "person_key": person_key,
        "occurred_at": at,
        "received_at": at,
        "properties": json.dumps(properties),
    }
