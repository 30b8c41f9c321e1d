"""Scheduling, starting and stopping.  Starting pins whom the campaign addresses, for good."""

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from shuke.apps.campaigns.models import Campaign, CampaignRun, RunMember
from shuke.apps.campaigns.queries.campaigns import campaign_row, campaign_view, plan_fingerprint
from shuke.apps.campaigns.queries.composing import contents_of
from shuke.apps.campaigns.queries.people import audience_of, reachable
from shuke.apps.campaigns.rules import (
    CONTROL,
    LASTING_CONTROL_SALT,
    STARTABLE,
    STOPPABLE,
    UNREACHABLE,
    cost_minor,
)
from shuke.apps.campaigns.schemas import CampaignView
from shuke.apps.experiments.operations import create_experiment
from shuke.apps.experiments.queries import assignments
from shuke.apps.experiments.schemas import control_arms
from shuke.apps.members.queries import member_refs
from shuke.platform.audit.operations import record_audit
from shuke.platform.clock import business_date
from shuke.platform.errors import Refused
from shuke.platform.money import money_text
from shuke.platform.permissions import Actor
from shuke.platform.retailer.queries import retailer


class BudgetExceeded(Refused):
    """The messages would cost more than the budget."""


def _startable(campaign_id: str) -> Campaign:
    row = campaign_row(campaign_id, lock=True)
    if row.state not in STARTABLE:
        raise Refused(
            "not_approved",
            _("Only an approved campaign can be sent; this one is not approved or was sent already."),
            {"state": row.state},
        )
    if row.approved_fingerprint != plan_fingerprint(row):
        raise Refused("approval_void", _("The campaign was changed after its approval; ask for it again."))
    return row


@transaction.atomic
def schedule_campaign(*, actor: Actor, at: datetime, campaign_id: str, starts_at: datetime) -> CampaignView:
    """Send at ``starts_at``, or now if that is past.  Refuses what is not approved."""
    actor.require("campaigns.send")
    row = _startable(campaign_id)
    row.state, row.scheduled_at, row.updated_at, row.problem = "scheduled", starts_at, at, ""
    row.save(update_fields=["state", "scheduled_at", "updated_at", "problem"])
    _audit(actor, at, row, "campaign.scheduled", scheduled_at=[None, starts_at])
    return campaign_view(row)


@transaction.atomic
def unschedule_campaign(*, actor: Actor, at: datetime, campaign_id: str) -> CampaignView:
    """Take a scheduled campaign back to approved."""
    actor.require("campaigns.send")
    row = campaign_row(campaign_id, lock=True)
    if row.state != "scheduled":
        raise Refused("wrong_state", _("The campaign is not scheduled (any more)."), {"state": row.state})
    row.state, row.scheduled_at, row.updated_at = "approved", None, at
    row.save(update_fields=["state", "scheduled_at", "updated_at"])
    _audit(actor, at, row, "campaign.unscheduled")
    return campaign_view(row)


@transaction.atomic
def start_campaign(*, actor: Actor, at: datetime, campaign_id: str) -> CampaignView:
    """Pin the members with their arms and set the campaign running; ``continue_campaign`` does the rest.

    Refuses an empty audience, a changed campaign, and a run that would cost more than the budget.
    The audience is evaluated as of the business day of ``at``.
    """
    actor.require("campaigns.send")
    row = _startable(campaign_id)
    as_of = business_date(at, retailer().time_zone)
    member_ids = list(audience_of(row, as_of=as_of))
    if not member_ids:
        raise Refused("empty_audience", _("Nobody is in this audience now."))
    arms = _arms(row, member_ids, actor=actor, at=at)
    treated = sum(arm != CONTROL for arm in arms.values())
    _check_budget(row, messages=sum(arm not in {CONTROL, UNREACHABLE} for arm in arms.values()))
    run = CampaignRun.objects.create(
        campaign=row,
        audience_version=row.audience_version,
        as_of=as_of,
        size=len(arms),
        treated=treated,
        started_at=at,
    )
    refs = member_refs(arms)
    RunMember.objects.bulk_create(
        [
            RunMember(run=run, position=position, member_id=refs[member_id].pk, arm=arm)
            for position, (member_id, arm) in enumerate(arms.items())
        ],
        batch_size=2000,
    )
    row.state, row.scheduled_at, row.updated_at = "running", row.scheduled_at or at, at
    row.save(update_fields=["state", "scheduled_at", "updated_at", "experiment_id"])
    _audit(actor, at, row, "campaign.started", members=[0, len(arms)], messages=[0, treated])
    return campaign_view(row)


def _arms(row: Campaign, member_ids: list[str], *, actor: Actor, at: datetime) -> dict[str, str]:
    """Chance decides over those who can be reached; the others are in no arm, so that they dilute none."""
    variants = sorted({variant for variant, _language in contents_of(row)})
    experiment = create_experiment(
        actor=actor,
        at=at,
        name=row.name,
        arms=control_arms(control_percent=row.control_percent, treatments=variants),
        salt=LASTING_CONTROL_SALT if row.is_lasting_control else "",
    )
    row.experiment_id = experiment.id
    can_reach = reachable(row, member_ids)
    arms = assignments(experiment.id, [member_id for member_id in member_ids if member_id in can_reach])
    return {member_id: arms.get(member_id, UNREACHABLE) for member_id in member_ids}


def _check_budget(row: Campaign, *, messages: int) -> None:
    cost = cost_minor(messages=messages, cost_per_thousand_minor=row.cost_per_thousand_minor)
    if cost > row.budget_minor:
        raise BudgetExceeded(
            "budget_exceeded",
            _("%(count)s messages cost %(cost)s, more than the budget of %(budget)s.")
            % {
                "count": messages,
                "cost": money_text(cost, row.currency),
                "budget": money_text(row.budget_minor, row.currency),
            },
            {"cost_minor": cost, "budget_minor": row.budget_minor},
        )


@transaction.atomic
def stop_campaign(*, actor: Actor, at: datetime, campaign_id: str) -> CampaignView:
    """Stop at once: workers notice within a second or a batch, what is still queued is held back."""
    actor.require("campaigns.send")
    row = campaign_row(campaign_id, lock=True)
    if row.state not in STOPPABLE:
        raise Refused("not_running", _("The campaign is not being sent."), {"state": row.state})
    before, row.state, row.updated_at = row.state, "stopped", at
    row.save(update_fields=["state", "updated_at"])
    _audit(actor, at, row, "campaign.stopped", state=[before, "stopped"])
    return campaign_view(row)


@transaction.atomic
def note_problem(*, at: datetime, campaign_id: str, problem: str) -> None:
    """A scheduled campaign could not be started: it goes back to approved and says why."""
    row = campaign_row(campaign_id, lock=True)
    if row.state == "scheduled":
        row.state, row.scheduled_at, row.problem, row.updated_at = "approved", None, problem[:300], at
        row.save(update_fields=["state", "scheduled_at", "problem", "updated_at"])


def _audit(actor: Actor, at: datetime, row: Campaign, verb: str, **changes: list[object]) -> None:
    subject = ("campaign", row.public_id)
    record_audit(actor=actor, at=at, verb=verb, subject=subject, changes=changes)
