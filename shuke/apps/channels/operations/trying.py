"""Test messages to one's own address."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from shuke.apps.channels.adapters.contract import ChannelUnavailable, Outcome, Outgoing
from shuke.apps.channels.models import Message, new_message_id
from shuke.apps.channels.queries.rendering import fault_text, render_preview, sealed
from shuke.apps.channels.queries.settings import adapter_of
from shuke.apps.channels.rules.templating import Content, Rendered, TemplateFault
from shuke.apps.members.queries import member_refs
from shuke.platform.audit.operations import record_audit
from shuke.platform.errors import Invalid, Refused
from shuke.platform.permissions import Actor


class _NoJournal:
    """A test that is killed is simply sent again."""

    def before(self, message_id: str) -> None:
        """Nothing."""

    def after(self, message_id: str, code: int, at: datetime) -> None:
        """Nothing."""


def send_test_message(
    *,
    actor: Actor,
    at: datetime,
    campaign_id: str,
    channel: str,
    member_id: str,
    address: str,
    content: Content,
    context: Mapping[str, Any],
    language: str = "",
) -> str:
    """Send the message as this member would read it to ``address``, marked as a test; returns its id.

    It counts nowhere and goes out without asking the member's consent, since it is not for them.
    """
    if channel == "email":
        _check_address(address)
    try:
        rendered = render_preview(content, context, language=language)
    except TemplateFault as fault:
        raise Refused("template_fault", fault_text(fault)) from fault
    rendered = Rendered(f"[Test] {rendered.subject}"[:200], rendered.text, rendered.html)
    message_id = new_message_id()
    outcome = _deliver(channel, message_id, rendered, address=address, at=at)
    if outcome.kind != "accepted":
        raise Refused("test_not_sent", _("The test was not sent: %(reason)s") % {"reason": outcome.reason})
    _keep(actor, at, message_id, campaign_id, channel, member_id, rendered)
    return message_id


def _check_address(address: str) -> None:
    try:
        validate_email(address)
    except ValidationError as error:
        message = _("This is not an email address.")
        raise Invalid("invalid_address", message, {"address": [str(message)]}) from error


def _deliver(channel: str, message_id: str, rendered: Rendered, *, address: str, at: datetime) -> Outcome:
    outgoing = Outgoing(message_id, address, rendered.subject, rendered.text, rendered.html, at)
    session = adapter_of(channel).open()
    try:
        return session.deliver(outgoing, journal=_NoJournal(), clock=lambda: at)
    except ChannelUnavailable as error:
        raise Refused(
            "email_unavailable",
            _("The mail server could not be used: %(reason)s") % {"reason": str(error)},
        ) from error
    finally:
        session.close()


@transaction.atomic
def _keep(  # noqa: PLR0917 - the facts of one row, in their order
    actor: Actor,
    at: datetime,
    message_id: str,
    campaign_id: str,
    channel: str,
    member_id: str,
    rendered: Rendered,
) -> None:
    ref = member_refs([member_id])[member_id]
    Message.objects.create(
        public_id=message_id,
        campaign_id=campaign_id,
        run_id=f"test_{message_id}",
        member_id=ref.pk,
        channel=channel,
        is_test=True,
        state="sent",
        content_encrypted=sealed(rendered),
        queued_at=at,
        sent_at=at,
        ended_at=at,
    )
    record_audit(
        actor=actor,
        at=at,
        verb="message.tested",
        subject=("campaign", campaign_id),
        changes={"message": [None, message_id]},
    )
