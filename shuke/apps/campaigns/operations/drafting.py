"""Planning a campaign and writing its messages.  Any edit voids an approval."""

from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from shuke.apps.audiences.operations import forget_use, note_use
from shuke.apps.audiences.queries import audience
from shuke.apps.campaigns.models import Campaign, CampaignContent
from shuke.apps.campaigns.queries.campaigns import campaign_row, campaign_view, content_inputs
from shuke.apps.campaigns.rules import EDITABLE
from shuke.apps.campaigns.schemas import CampaignInput, CampaignView, ContentInput
from shuke.platform.audit.operations import record_audit
from shuke.platform.clock import business_date
from shuke.platform.errors import Invalid, Refused
from shuke.platform.permissions import Actor
from shuke.platform.retailer.queries import retailer

INPUT_FIELDS = tuple(name for name in CampaignInput.model_fields if name != "control_percent")


def _check_plan(plan: CampaignInput, *, at: datetime) -> str:
    """Refuses dates in the wrong order and an unknown audience; returns the audience's name."""
    if plan.ends_on < plan.starts_on:
        message = _("The last day lies before the first.")
        raise Invalid("dates_out_of_order", message, {"ends_on": [str(message)]})
    if not plan.audience_id:
        return ""
    as_of = business_date(at, retailer().time_zone)
    return audience(plan.audience_id, as_of=as_of, version=plan.audience_version).name


def _note_audience(row: Campaign) -> None:
    """Let the audience know who uses it, so that nobody archives it unawares."""
    forget_use(kind="campaign", subject_id=row.public_id, except_audience_id=row.audience_id)
    if row.audience_id:
        note_use(audience_id=row.audience_id, kind="campaign", subject_id=row.public_id, label=row.name)


@transaction.atomic
def create_campaign(*, actor: Actor, at: datetime, plan: CampaignInput) -> CampaignView:
    """A new campaign in draft.  Refuses dates out of order and an unknown audience."""
    actor.require("campaigns.edit")
    shop = retailer()
    percent = shop.control_percent if plan.control_percent is None else plan.control_percent
    row = Campaign.objects.create(
        **{field: getattr(plan, field) for field in INPUT_FIELDS},
        audience_name=_check_plan(plan, at=at),
        control_percent=percent,
        currency=shop.currency,
        author_id=actor.id,
        author_name=actor.name,
        editor_id=actor.id,
        created_at=at,
        updated_at=at,
    )
    _note_audience(row)
    _audit(actor, at, row, "campaign.created", {"name": [None, row.name]})
    return campaign_view(row)


def _audit(actor: Actor, at: datetime, row: Campaign, verb: str, changes: dict[str, Any]) -> None:
    record_audit(actor=actor, at=at, verb=verb, subject=("campaign", row.public_id), changes=changes)


def editable(campaign_id: str) -> Campaign:
    """The locked row of a campaign that may still be changed."""
    row = campaign_row(campaign_id, lock=True)
    if row.state not in EDITABLE:
        raise Refused(
            "not_editable",
            _("This campaign is scheduled or was sent and cannot be changed; copy it instead."),
            {"state": row.state},
        )
    return row


def touch(row: Campaign, *, actor: Actor, at: datetime) -> None:
    """Note who edited; an approval or a review of what was there before is void."""
    if row.state != "draft":
        row.state = "draft"
    row.approver_id = row.approver_name = row.approved_fingerprint = ""
    row.approved_at = None
    row.editor_id, row.updated_at = actor.id, at
    row.save()


@transaction.atomic
def change_campaign(*, actor: Actor, at: datetime, campaign_id: str, plan: CampaignInput) -> CampaignView:
    """Set the plan.  Refuses a campaign that is scheduled or was sent; voids an approval."""
    actor.require("campaigns.edit")
    row = editable(campaign_id)
    audience_name = _check_plan(plan, at=at)
    changes = {}
    fields = [*INPUT_FIELDS, *(["control_percent"] if plan.control_percent is not None else [])]
    for field in fields:
        value = getattr(plan, field)
        if getattr(row, field) != value:
            changes[field] = [getattr(row, field), value]
            setattr(row, field, value)
    row.audience_name = audience_name
    if changes:
        touch(row, actor=actor, at=at)
        _note_audience(row)
        _audit(actor, at, row, "campaign.changed", changes)
    return campaign_view(row)


@transaction.atomic
def write_content(*, actor: Actor, at: datetime, campaign_id: str, content: ContentInput) -> CampaignView:
    """Set the templates of one channel, version and language; faulty ones are kept and block sending.

    Refuses the name of the control group as a version, and a campaign that may not be changed.
    """
    actor.require("campaigns.edit")
    row = editable(campaign_id)
    if content.variant in {"control", "unreachable"}:
        raise Refused("reserved_variant", _("This name is taken; call the version otherwise."))
    key = {"channel": content.channel, "variant": content.variant, "language": content.language}
    texts = {"subject": content.subject, "text": content.text, "html": content.html}
    present = CampaignContent.objects.filter(campaign=row, **key).first()
    if present and all(getattr(present, name) == value for name, value in texts.items()):
        return campaign_view(row)
    CampaignContent.objects.update_or_create(
        campaign=row,
        channel=content.channel,
        variant=content.variant,
        language=content.language,
        defaults=texts,
    )
    touch(row, actor=actor, at=at)
    _audit(actor, at, row, "campaign.content_written", {"content": [None, " ".join(key.values())]})
    return campaign_view(row)


@transaction.atomic
def remove_content(
    *, actor: Actor, at: datetime, campaign_id: str, channel: str, variant: str, language: str
) -> CampaignView:
    """Take a version or a language out again.  Removing what is not there changes nothing."""
    actor.require("campaigns.edit")
    row = editable(campaign_id)
    rows = CampaignContent.objects.filter(campaign=row, channel=channel, variant=variant, language=language)
    if rows.delete()[0]:
        touch(row, actor=actor, at=at)
        changes = {"content": [f"{channel} {variant} {language}", None]}
        _audit(actor, at, row, "campaign.content_removed", changes)
    return campaign_view(row)


@transaction.atomic
def copy_campaign(*, actor: Actor, at: datetime, campaign_id: str, name: str = "") -> CampaignView:
    """A new draft with the same plan and messages."""
    actor.require("campaigns.edit")
    source = campaign_row(campaign_id)
    values = {field: getattr(source, field) for field in (*INPUT_FIELDS, "control_percent", "audience_name")}
    values["name"] = (name or str(_("Copy of %(name)s") % {"name": source.name}))[:120]
    row = Campaign.objects.create(
        **values,
        currency=retailer().currency,
        author_id=actor.id,
        author_name=actor.name,
        editor_id=actor.id,
        created_at=at,
        updated_at=at,
    )
    CampaignContent.objects.bulk_create(
        [CampaignContent(campaign=row, **content.model_dump()) for content in content_inputs(source)]
    )
    _note_audience(row)
    _audit(actor, at, row, "campaign.copied", {"from": [None, campaign_id]})
    return campaign_view(row)
