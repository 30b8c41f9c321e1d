"""Taking people out of the facts on their way to the lake, and out of those kept for a replay."""

import re
from collections.abc import Collection

from django.db.models import TextField
from django.db.models.functions import Cast

from shuke.platform.outbox.models import OutboxRow
from shuke.platform.outbox.relay import relay_once

COLUMNS = ("person_key", "member_id")


def take_out(values: Collection[str]) -> int:
    """Remove every fact whose person key or member id is one of the values; returns how many facts.

    A row that waits keeps its place even if nothing is left in it, so that the relay passes it: a relay
    that has read it before and not committed it yet is refused by the lake from then on.
    """
    wanted = set(values)
    if not wanted:
        return 0
    pattern = re.compile("|".join(re.escape(value) for value in sorted(wanted)))
    removed = 0
    texts = OutboxRow.objects.annotate(text=Cast("payload", TextField())).values_list("pk", "text")
    for pk in [pk for pk, text in texts.iterator(chunk_size=200) if pattern.search(text)]:
        removed += _rewrite(pk, wanted)
    return removed


def _rewrite(pk: int, wanted: set[str]) -> int:
    row = OutboxRow.objects.filter(pk=pk).first()
    if row is None:
        return 0
    kept = [item for item in row.payload if not any(item.get(name) in wanted for name in COLUMNS)]
    removed = len(row.payload) - len(kept)
    if not kept and row.relayed_at is not None:
        row.delete()
    elif removed:
        OutboxRow.objects.filter(pk=pk).update(payload=kept)
    return removed


def pass_waiting() -> None:
    """Relay until the lake has passed every row that waited at the call, whoever carries it there."""
    newest = OutboxRow.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
    waiting = OutboxRow.objects.filter(pk__lte=newest, relayed_at=None, fault="")
    while waiting.exists():
        relay_once()
