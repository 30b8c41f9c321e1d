"""Claiming: two workers never hold the same message."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from django.db import connection, transaction
from django.db.models import Q

from shuke.apps.channels.models import Message


@transaction.atomic
def claim(*, run_id: str, worker: str, at: datetime, size: int) -> list[Message]:
    """Up to ``size`` queued messages of the run that are due, now ``sending`` under this worker's name."""
    due = Q(retry_at=None) | Q(retry_at__lte=at)
    waiting = Message.objects.filter(run_id=run_id, state="queued").filter(due).order_by("id")
    if connection.features.has_select_for_update_skip_locked:
        waiting = waiting.select_for_update(skip_locked=True, of=("self",))
    keys = list(waiting.values_list("pk", flat=True)[:size])
    if not keys:
        return []
    # SQLite has the write lock since BEGIN IMMEDIATE, PostgreSQL since the select above.
    Message.objects.filter(pk__in=keys, state="queued").update(state="sending", worker=worker, claimed_at=at)
    rows = Message.objects.select_related("member").filter(pk__in=keys, worker=worker, state="sending")
    return list(rows.order_by("id"))


def release(rows: Iterable[Message], *, worker: str) -> None:
    """Put claimed messages that were not touched back into the queue."""
    keys = [row.pk for row in rows]
    if keys:
        Message.objects.filter(pk__in=keys, worker=worker, state="sending").update(
            state="queued", worker="", claimed_at=None
        )


def has_waiting(run_id: str, states: Sequence[str] = ("queued", "sending")) -> bool:
    """Whether messages of the run are still on their way."""
    return Message.objects.filter(run_id=run_id, state__in=states).exists()
