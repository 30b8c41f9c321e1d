"""Reading experiments and their assignments."""

from collections.abc import Iterable

from django.utils.translation import gettext_lazy as _

from shuke.apps.experiments.models import Experiment
from shuke.apps.experiments.rules import Arm, assign_arms
from shuke.apps.experiments.schemas import ArmView, ExperimentView
from shuke.platform.errors import NotFound


def experiment_view(row: Experiment) -> ExperimentView:
    """The public view of a row."""
    return ExperimentView(
        id=row.public_id,
        name=row.name,
        salt=row.salt,
        arms=[ArmView(**arm) for arm in row.arms],
        state=row.state,
        is_randomised=row.is_randomised,
        created_at=row.created_at,
        started_at=row.started_at,
        ended_at=row.ended_at,
    )


def experiment(experiment_id: str) -> ExperimentView:
    """One experiment.  Raises ``NotFound``."""
    row = Experiment.objects.filter(public_id=experiment_id).first()
    if row is None:
        raise NotFound("experiment_not_found", _("There is no such experiment."))
    return experiment_view(row)


def assignments(experiment_id: str, member_ids: Iterable[str]) -> dict[str, str]:
    """The arm of each member by its id: the same on every call.  Raises ``NotFound``."""
    found = experiment(experiment_id)
    arms = [Arm(arm.name, arm.weight) for arm in found.arms]
    return assign_arms(salt=found.salt, member_ids=member_ids, arms=arms)
