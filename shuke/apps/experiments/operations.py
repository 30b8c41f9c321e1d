"""Changing experiments and telling the lake who was exposed."""

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from shuke.apps.experiments.models import Experiment, new_experiment_id
from shuke.apps.experiments.queries import experiment_view
from shuke.apps.experiments.rules import Arm, check_arms
from shuke.apps.experiments.schemas import ExperimentView
from shuke.apps.identity.queries import primary_person_keys
from shuke.platform.audit.operations import record_audit
from shuke.platform.errors import NotFound, Refused
from shuke.platform.outbox.operations import record
from shuke.platform.permissions import Actor

_ARM_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}")


def _checked(arms: Sequence[Arm]) -> list[dict[str, Any]]:
    """The arms as stored.  Refuses arms that could not be assigned or read in a report."""
    try:
        check_arms(arms)
    except ValueError as error:
        message = _("The arms need different names and weights that add up to more than zero.")
        raise Refused("unfit_arms", message) from error
    odd = [arm.name for arm in arms if not _ARM_NAME.fullmatch(arm.name)]
    if odd:
        message = _("Name arms with small Latin letters, digits, - and _ only.")
        raise Refused("unfit_arm_name", message, {"arms": odd})
    return [{"name": arm.name, "weight": arm.weight} for arm in arms]


@transaction.atomic
def create_experiment(
    *,
    actor: Actor,
    at: datetime,
    name: str,
    arms: Sequence[Arm],
    salt: str = "",
    is_randomised: bool = True,
) -> ExperimentView:
    """A new experiment in draft.

    ``salt`` makes two experiments share their assignment (one lasting control group); left empty,
    the experiment has its own coin.  ``is_randomised`` is false where the arms came from outside
    and not from chance; such an experiment is never given a lift.
    """
    public_id = new_experiment_id()
    row = Experiment.objects.create(
        public_id=public_id,
        name=name,
        salt=salt or public_id,
        arms=_checked(arms),
        is_randomised=is_randomised,
        created_at=at,
    )
    record_audit(
        actor=actor,
        at=at,
        verb="experiment.created",
        subject=("experiment", public_id),
        changes={"arms": [None, row.arms], "is_randomised": [None, is_randomised]},
    )
    return experiment_view(row)


@transaction.atomic
def change_arms(*, actor: Actor, at: datetime, experiment_id: str, arms: Sequence[Arm]) -> ExperimentView:
    """Other arms or weights for an experiment in draft.

    Refuses once it runs: members would move from one arm to another.
    """
    row = _locked(experiment_id)
    if row.state != "draft":
        message = _("The experiment has started; its arms are fixed. Make a new one instead.")
        raise Refused("arms_are_fixed", message)
    before, row.arms = row.arms, _checked(arms)
    row.save(update_fields=["arms"])
    record_audit(
        actor=actor,
        at=at,
        verb="experiment.changed",
        subject=("experiment", experiment_id),
        changes={"arms": [before, row.arms]},
    )
    return experiment_view(row)


@transaction.atomic
def end_experiment(*, actor: Actor, at: datetime, experiment_id: str) -> ExperimentView:
    """Nobody is exposed any more.  Ending twice changes nothing."""
    row = _locked(experiment_id)
    if row.state != "ended":
        row.state, row.ended_at = "ended", at
        row.save(update_fields=["state", "ended_at"])
        subject = ("experiment", experiment_id)
        record_audit(
            actor=actor,
            at=at,
            verb="experiment.ended",
            subject=subject,
            changes={"state": ["running", "ended"]},
        )
    return experiment_view(row)


@transaction.atomic
def expose(
    *,
    experiment_id: str,
    campaign_id: str | None,
    assignments: Mapping[str, str],
    at: datetime,
    is_randomised: bool = True,
    eligible_at: datetime | None = None,
    person_keys: Mapping[str, str] | None = None,
) -> int:
    """Tell the lake that these members (member id → arm) are exposed from ``eligible_at`` (else ``at``) on.

    The first exposure starts the experiment.  Members without any identifier are left out; returns
    how many were told of.  ``person_keys`` (by member id) saves the look-up.  A repeated exposure
    is harmless: readers keep a member's first.
    """
    row = _locked(experiment_id)
    unknown = sorted(set(assignments.values()) - {arm["name"] for arm in row.arms})
    if unknown:
        raise Refused("unknown_arm", _("The experiment has no such arm."), {"arms": unknown})
    if row.state == "ended":
        raise Refused("experiment_ended", _("The experiment has ended; nobody can be exposed to it."))
    if row.state == "draft":
        row.state, row.started_at = "running", at
        row.save(update_fields=["state", "started_at"])
    keys = primary_person_keys(assignments) if person_keys is None else person_keys
    common = {
        "experiment_id": experiment_id,
        "campaign_id": campaign_id,
        "assigned_at": at,
        "eligible_at": eligible_at or at,
        "is_randomised": is_randomised and row.is_randomised,
    }
    return record("exposures", _exposures(assignments, keys=keys, common=common))


def _exposures(
    assignments: Mapping[str, str], *, keys: Mapping[str, str], common: Mapping[str, Any]
) -> Iterator[dict[str, Any]]:
    for member_id, arm in assignments.items():
        if member_id in keys:
            yield {**common, "person_key": keys[member_id], "arm": arm}


def _locked(experiment_id: str) -> Experiment:
    row = Experiment.objects.select_for_update().filter(public_id=experiment_id).first()
    if row is None:
        raise NotFound("experiment_not_found", _("There is no such experiment."))
    return row
