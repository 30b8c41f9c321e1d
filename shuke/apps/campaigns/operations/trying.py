"""A test to one's own address."""

from datetime import datetime

from django.utils.translation import gettext_lazy as _

from shuke.apps.campaigns.queries.campaigns import campaign_row
from shuke.apps.campaigns.queries.composing import contents_of, member_fields, people, shared_context
from shuke.apps.campaigns.queries.recommending import recommended
from shuke.apps.channels.operations import send_test_message
from shuke.platform.audit.operations import record_audit
from shuke.platform.errors import NotFound, Refused
from shuke.platform.permissions import Actor


def send_test(
    *,
    actor: Actor,
    at: datetime,
    campaign_id: str,
    member_id: str,
    address: str,
    variant: str = "a",
    language: str = "en",
) -> str:
    """Send the message as this member would read it to ``address``; returns the message's id."""
    actor.require("campaigns.edit")
    row = campaign_row(campaign_id)
    content = contents_of(row).get((variant, language))
    if content is None:
        raise Refused("no_content", _("There is no message in this version and language yet."))
    may_unmask = actor.may("members.unmask")
    member = people([member_id], unmask=may_unmask).get(member_id)
    if member is None:
        raise NotFound("member_not_found", _("There is no such member."))
    if may_unmask:
        record_audit(actor=actor, at=at, verb="member.unmasked", subject=("member", member_id), changes={})
    key = (variant, language)
    found = recommended({member_id: key}, contents={key: content}, at=at)[member_id]
    return send_test_message(
        actor=actor,
        at=at,
        campaign_id=campaign_id,
        channel=row.channel,
        member_id=member_id,
        address=address,
        content=content,
        context={**shared_context(row), "member": member_fields(member, recommendations=found.seen)},
        language=language,
    )
