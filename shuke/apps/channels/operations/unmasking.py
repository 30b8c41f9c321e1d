"""Seeing a message as its reader did."""

from datetime import datetime

from django.db import transaction

from shuke.apps.channels.queries.messages import message_content
from shuke.apps.channels.schemas import MessageContent
from shuke.platform.audit.operations import record_audit
from shuke.platform.permissions import Actor


@transaction.atomic
def unmask_message(*, actor: Actor, at: datetime, message_id: str) -> MessageContent:
    """The content with names and address, for who may; the audit notes who looked.  Raises ``NotFound``."""
    actor.require("members.unmask")
    content = message_content(message_id, unmask=True)
    record_audit(actor=actor, at=at, verb="message.unmasked", subject=("message", message_id), changes={})
    return content
