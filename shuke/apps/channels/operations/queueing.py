"""Queueing: every recipient's message is rendered once, here, so that a restart cannot render another one."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import transaction

from shuke.apps.channels.models import Message, new_message_id
from shuke.apps.channels.operations.facts import delivery_fact, record_facts
from shuke.apps.channels.queries.rendering import fault_text, render_for, sealed, way_out_label
from shuke.apps.channels.queries.settings import email_settings
from shuke.apps.channels.queries.tracking import LinkMaker
from shuke.apps.channels.rules.templating import Content, TemplateFault
from shuke.apps.channels.schemas import Recipient
from shuke.apps.members.queries import member_refs
from shuke.platform.batches import in_batches

#: Templates by (variant, language).
Contents = Mapping[tuple[str, str], Content]
REASON_CHARS = 200


@transaction.atomic
def queue_messages(
    *,
    at: datetime,
    campaign_id: str,
    run_id: str,
    channel: str,
    recipients: Sequence[Recipient],
    contents: Contents,
    context: Mapping[str, Any],
    purpose: str = "marketing",
) -> int:
    """Add a message for each recipient that has none in this run; returns how many.

    A template that cannot be rendered for somebody makes a message in state ``failed`` with the
    line and field, and does not stop the others.
    """
    refs = member_refs([recipient.member_id for recipient in recipients])
    present = set(
        Message.objects.filter(run_id=run_id, member_id__in=[ref.pk for ref in refs.values()]).values_list(
            "member_id", flat=True
        )
    )
    links, tracking = LinkMaker(), email_settings().is_tracking
    rows = []
    for recipient in recipients:
        ref = refs.get(recipient.member_id)
        if ref is None or ref.pk in present:
            continue
        row = Message(
            public_id=new_message_id(),
            campaign_id=campaign_id,
            run_id=run_id,
            member_id=ref.pk,
            person_key=recipient.person_key,
            channel=channel,
            purpose=purpose,
            variant=recipient.variant,
            language=recipient.language,
            queued_at=at,
        )
        _fill(row, recipient, contents=contents, context=context, links=links, tracking=tracking)
        rows.append(row)
    Message.objects.bulk_create(rows, batch_size=500)
    facts = [(row, delivery_fact(row, "queued", at=at)) for row in rows]
    facts += [
        (row, delivery_fact(row, "failed", at=at, reason=row.reason)) for row in rows if row.state == "failed"
    ]
    record_facts(facts)
    return len(rows)


def _fill(
    row: Message,
    recipient: Recipient,
    *,
    contents: Contents,
    context: Mapping[str, Any],
    links: LinkMaker,
    tracking: bool,
) -> None:
    """Render the recipient's content into the row, or mark the row as failed."""
    try:
        rendered = render_for(
            contents[recipient.variant, recipient.language],
            {**context, "member": recipient.fields},
            message_id=row.public_id,
            links=links,
            label=way_out_label(recipient.language),
            tracking=tracking,
        )
    except TemplateFault as fault:
        row.state, row.reason, row.ended_at = "failed", fault_text(fault)[:REASON_CHARS], row.queued_at
    else:
        row.content_encrypted = sealed(rendered)


def cancel_queued(*, at: datetime, run_id: str, reason: str) -> int:
    """Hold back what is still queued, such as when a campaign is stopped.  Returns how many."""
    total = 0
    while True:
        with transaction.atomic():
            rows = list(
                Message.objects.select_for_update(skip_locked=True, of=("self",))
                .filter(run_id=run_id, state="queued")
                .defer("content_encrypted")
                .order_by("id")[:1000]
            )
            for batch in in_batches([row.pk for row in rows]):
                Message.objects.filter(pk__in=batch).update(state="suppressed", reason=reason, ended_at=at)
            record_facts((row, delivery_fact(row, "suppressed", at=at, reason=reason)) for row in rows)
        total += len(rows)
        if not rows:
            return total
