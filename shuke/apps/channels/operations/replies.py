"""What comes back: opens, clicks, bounces, and people who want out."""

from datetime import datetime

from django.db import transaction

from shuke.apps.channels.events import MessageClicked
from shuke.apps.channels.models import Message
from shuke.apps.channels.operations.facts import delivery_fact, record_facts
from shuke.apps.channels.operations.recording import note_bounce
from shuke.apps.channels.queries.settings import consent_channel
from shuke.apps.channels.queries.tracking import clicked_target, opened_message, unsubscribe_target
from shuke.apps.channels.rules.bounces import parse_report
from shuke.apps.channels.rules.machines import is_machine
from shuke.apps.compliance.operations import record_consents
from shuke.apps.compliance.schemas import Decision
from shuke.platform.errors import NotFound
from shuke.platform.events import emit
from shuke.platform.permissions import SYSTEM

#: A link is public: somebody who calls it in a loop fills nothing.
ENGAGEMENTS_KEPT = 50


def record_open(*, at: datetime, token: str, user_agent: str, method: str = "GET") -> None:
    """Somebody, or some machine, loaded the pixel.  Raises ``NotFound`` for a forged token."""
    _engage(opened_message(token), "opened", at=at, user_agent=user_agent, method=method)


def record_click(*, at: datetime, token: str, user_agent: str, method: str = "GET") -> str:
    """A link was followed; returns where it leads.  Raises ``NotFound`` for a forged token."""
    message_id, url = clicked_target(token)
    _engage(message_id, "clicked", at=at, user_agent=user_agent, method=method, url=url)
    return url


@transaction.atomic
def _engage(
    message_id: str, event: str, *, at: datetime, user_agent: str, method: str, url: str = ""
) -> None:
    row = (
        Message.objects.select_for_update(of=("self",))
        .select_related("member")
        .defer("content_encrypted")
        .filter(public_id=message_id)
        .first()
    )
    if row is None or row.engagements >= ENGAGEMENTS_KEPT:
        return
    seconds = (at - row.sent_at).total_seconds() if row.sent_at else None
    machine = is_machine(event=event, user_agent=user_agent, method=method, seconds_since_sent=seconds)
    row.engagements += 1
    if not machine:
        # Whoever clicks has opened, also where images are not loaded.
        row.opened_at = row.opened_at or at
        if event == "clicked":
            row.clicked_at = row.clicked_at or at
            emit(MessageClicked(row.public_id, row.member.public_id, url, at))
    row.save(update_fields=["engagements", "opened_at", "clicked_at"])
    record_facts([(row, delivery_fact(row, event, at=at, url=url, is_machine=machine))])


@transaction.atomic
def unsubscribe(*, at: datetime, token: str) -> None:
    """Withdraw consent for the message's channel and purpose.  Twice is once."""
    row = unsubscribe_target(token)
    decision = Decision(
        member_id=row.member.public_id,
        channel=consent_channel(row.channel),
        purpose=row.purpose,
        state="withdrawn",
        decided_at=at,
        source="unsubscribe_link",
        evidence={"message_id": row.public_id},
    )
    record_consents(actor=SYSTEM, at=at, decisions=[decision])
    record_facts([(row, delivery_fact(row, "unsubscribed", at=at))])


@transaction.atomic
def record_delivery_report(*, at: datetime, raw: bytes) -> str | None:
    """Take a delivery report (DSN).  Returns the message it was about, or ``None`` for other mail.

    A hard bounce suppresses the address; taking the same report twice changes nothing.
    """
    report = parse_report(raw)
    if report is None:
        return None
    row = (
        Message.objects.select_for_update(of=("self",))
        .select_related("member")
        .defer("content_encrypted")
        .filter(public_id=report.message_id)
        .first()
    )
    if row is None:
        raise NotFound("message_not_found", f"There is no message {report.message_id}.")
    if report.action == "failed" and row.state != "bounced":
        row.state, row.reason, row.ended_at = "bounced", f"report {report.status}".strip(), at
        row.save(update_fields=["state", "reason", "ended_at"])
        record_facts([(row, delivery_fact(row, "bounced", at=at, reason=row.reason))])
        if report.is_hard:
            note_bounce(row, at=at)
    elif report.action == "delivered" and row.state in {"sent", "uncertain"}:
        row.state, row.reason = "delivered", ""
        row.sent_at = row.sent_at or at
        row.save(update_fields=["state", "reason", "sent_at"])
        record_facts([(row, delivery_fact(row, "delivered", at=at))])
    return row.public_id
