"""Review: a second person looks before anything goes out."""

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from shuke.apps.campaigns.models import Campaign
from shuke.apps.campaigns.queries.campaigns import campaign_row, campaign_view, plan_fingerprint
from shuke.apps.campaigns.queries.checking import checklist
from shuke.apps.campaigns.schemas import CampaignView
from shuke.platform.accounts.queries import tokens, users
from shuke.platform.audit.operations import record_audit
from shuke.platform.clock import business_date
from shuke.platform.errors import Refused
from shuke.platform.permissions import Actor
from shuke.platform.retailer.queries import retailer


class NotReady(Refused):
    """The checklist blocks it."""


def _expect(row: Campaign, *states: str) -> None:
    if row.state not in states:
        raise Refused(
            "wrong_state",
            _("The campaign is not at this step (any more); look at it again."),
            {"state": row.state, "expected": list(states)},
        )


def refuse_if_blocked(campaign_id: str, *, at: datetime) -> None:
    """Raise ``NotReady`` with the first thing of the checklist that stands in the way."""
    found = checklist(campaign_id, as_of=business_date(at, retailer().time_zone))
    blocked = {item.key: item.text for item in found.items if item.status == "blocked"}
    if blocked:
        raise NotReady("not_ready", next(iter(blocked.values())), {"blocked": blocked})


@transaction.atomic
def submit_campaign(*, actor: Actor, at: datetime, campaign_id: str) -> CampaignView:
    """Ask for approval.  Refuses while the checklist blocks.  Without two-person approval it is approved at once."""
    actor.require("campaigns.edit")
    row = campaign_row(campaign_id, lock=True)
    _expect(row, "draft")
    refuse_if_blocked(campaign_id, at=at)
    if retailer().needs_second_approval:
        row.state, row.updated_at, row.review_note = "in_review", at, ""
        row.save(update_fields=["state", "updated_at", "review_note"])
        _audit(actor, at, row, "campaign.submitted")
    else:
        _approve(row, actor=actor, at=at)
    return campaign_view(row)


@transaction.atomic
def approve_campaign(*, actor: Actor, at: datetime, campaign_id: str) -> CampaignView:
    """Approve what was submitted.  Refuses its author, its last editor, and programs, while two persons are needed."""
    actor.require("campaigns.approve")
    row = campaign_row(campaign_id, lock=True)
    _expect(row, "in_review")
    if retailer().needs_second_approval:
        if actor.kind == "token":
            raise Refused("person_needed", _("A person must approve, not a program."))
        people = {_person_behind(row.author_id), _person_behind(row.editor_id)}
        if actor.id in people:
            raise Refused(
                "second_person_needed", _("Somebody other than the author must approve this campaign.")
            )
    refuse_if_blocked(campaign_id, at=at)
    _approve(row, actor=actor, at=at)
    return campaign_view(row)


def _person_behind(actor_id: str) -> str:
    """The user of an API token, so that nobody approves what their own program wrote."""
    owner = next((token.owner for token in tokens() if token.id == actor_id), None)
    if owner is None:
        return actor_id
    return next((user.id for user in users() if user.username == owner), actor_id)


def _approve(row: Campaign, *, actor: Actor, at: datetime) -> None:
    row.state, row.updated_at, row.approved_at = "approved", at, at
    row.approver_id, row.approver_name = actor.id, actor.name
    row.approved_fingerprint = plan_fingerprint(row)
    row.save()
    _audit(actor, at, row, "campaign.approved")


@transaction.atomic
def return_campaign(*, actor: Actor, at: datetime, campaign_id: str, note: str) -> CampaignView:
    """Send a submitted campaign back to its author with a note."""
    actor.require("campaigns.approve")
    row = campaign_row(campaign_id, lock=True)
    _expect(row, "in_review")
    row.state, row.updated_at, row.review_note = "draft", at, note[:500]
    row.save(update_fields=["state", "updated_at", "review_note"])
    _audit(actor, at, row, "campaign.returned")
    return campaign_view(row)


def _audit(actor: Actor, at: datetime, row: Campaign, verb: str) -> None:
    subject = ("campaign", row.public_id)
    record_audit(actor=actor, at=at, verb=verb, subject=subject, changes={"state": [None, row.state]})
