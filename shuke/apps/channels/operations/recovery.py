"""Recovery: placing the messages that a killed worker left between queue and end."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from shuke.apps.channels.adapters.email.smtp import answer_outcome
from shuke.apps.channels.adapters.journal import SUFFIX, boot_id, dead_journal, home_id, journal_paths
from shuke.apps.channels.models import Message
from shuke.apps.channels.operations.recording import Ending, record_endings
from shuke.apps.channels.queries.messages import message_row, message_view
from shuke.apps.channels.rules.journal import NO_JOURNAL, Journal, read_journal
from shuke.apps.channels.schemas import MessageView
from shuke.platform.audit.operations import record_audit
from shuke.platform.errors import Refused
from shuke.platform.permissions import Actor

#: A message that is being sent for longer than this belongs to a worker nobody can ask any more.
ABANDONED = timedelta(hours=1)


def recover_dead_workers(*, at: datetime, folder: Path | None = None) -> dict[str, int]:
    """Place the messages of every dead worker of this home by its journal.  Returns counts by state.

    Safe to run in many processes at once and to be killed in: a journal is removed only after its
    messages are placed, and only messages still being sent under its worker are touched.
    """
    folder = folder or Path(settings.SHUKE_HOME) / "journals"
    counts: dict[str, int] = {}
    for path in journal_paths(folder):
        with dead_journal(path) as raw:
            if raw is None:
                continue
            placed = _place(path.name.removesuffix(SUFFIX), read_journal(raw, boot_id=boot_id()), at=at)
            path.unlink(missing_ok=True)
        for state, count in placed.items():
            counts[state] = counts.get(state, 0) + count
    for worker in _workers_without_journal(folder):
        for state, count in _place(worker, NO_JOURNAL, at=at).items():
            counts[state] = counts.get(state, 0) + count
    return counts


def _workers_without_journal(folder: Path) -> list[str]:
    """Workers of this home that hold messages and whose journal is lost, with the disk for instance."""
    ours = Message.objects.filter(state="sending", worker__startswith=f"{home_id(folder)}.")
    workers = list(ours.order_by().values_list("worker", flat=True).distinct())
    if not workers:
        return []
    # The paths are read after the workers, so a worker that has begun meanwhile is found among them.
    present = {path.name.removesuffix(SUFFIX) for path in journal_paths(folder)}
    lost = [worker for worker in workers if worker not in present]
    # A worker that has just recorded its last batch and removed its journal holds nothing any more.
    return [worker for worker in lost if Message.objects.filter(state="sending", worker=worker).exists()]


@transaction.atomic
def _place(worker: str, journal: Journal, *, at: datetime) -> dict[str, int]:
    rows = list(
        Message.objects.select_for_update(of=("self",))
        .select_related("member")
        .filter(worker=worker, state="sending")
    )
    unsent = [row.pk for row in rows if journal.entry(row.public_id).fate == "unsent"]
    Message.objects.filter(pk__in=unsent).update(state="queued", worker="", claimed_at=None)
    endings = [_ending(row, journal, at=at) for row in rows if row.pk not in set(unsent)]
    counts = record_endings(endings, worker=worker)
    if unsent:
        counts["queued"] = counts.get("queued", 0) + len(unsent)
    return counts


def _ending(row: Message, journal: Journal, *, at: datetime) -> Ending:
    entry = journal.entry(row.public_id)
    if entry.fate == "unknown":
        return Ending(row, "uncertain", at, "killed before the answer was read")
    outcome = answer_outcome("data", entry.code, b"")
    return Ending(row, outcome.kind, datetime.fromtimestamp(entry.answered_at, UTC), outcome.reason)


@transaction.atomic
def resolve_uncertain(*, actor: Actor, at: datetime, message_id: str, as_: str) -> MessageView:
    """Decide what nobody could know: ``as_`` is sent (it arrived), queued (send it again) or failed (leave it).

    Refuses a message that is neither uncertain nor abandoned by its worker for an hour.
    """
    actor.require("campaigns.send")
    if as_ not in {"sent", "queued", "failed"}:
        raise Refused("unknown_decision", _("Decide for sent, queued or failed."), {"as": as_})
    row = Message.objects.select_for_update(of=("self",)).filter(pk=message_row(message_id).pk).get()
    abandoned = row.state == "sending" and row.claimed_at is not None and row.claimed_at < at - ABANDONED
    if row.state != "uncertain" and not abandoned:
        raise Refused("not_uncertain", _("What became of this message is known; there is nothing to decide."))
    before = row.state
    if as_ == "queued":
        row.state, row.worker, row.reason, row.ended_at = "queued", "", "", None
        row.save(update_fields=["state", "worker", "reason", "ended_at"])
    else:
        row.state, row.worker = "sending", "operator"
        row.save(update_fields=["state", "worker"])
        kind = "accepted" if as_ == "sent" else "failed"
        record_endings([Ending(row, kind, at, f"decided by {actor.name}"[:200])], worker="operator")
    record_audit(
        actor=actor,
        at=at,
        verb="message.resolved",
        subject=("message", message_id),
        changes={"state": [before, as_]},
    )
    return message_view(message_row(message_id))
