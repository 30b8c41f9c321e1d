"""What others see of experiments."""

from datetime import datetime

from ninja import Schema

from shuke.apps.experiments.rules import CONTROL, Arm, control_arms

__all__ = ["CONTROL", "Arm", "ArmView", "ExperimentView", "control_arms"]


class ArmView(Schema):
    """An arm and its weight; its share is the weight over the sum of weights."""

    name: str
    weight: int


class ExperimentView(Schema):
    """One experiment.  ``is_randomised`` says whether chance decides the arm."""

    id: str
    name: str
    salt: str
    arms: list[ArmView]
    state: str
    is_randomised: bool
    created_at: datetime
    started_at: datetime | None
    ended_at: datetime | None

    @property
    def weights(self) -> dict[str, int]:
        """Weight by arm name, as the sample ratio check takes it."""
        return {arm.name: arm.weight for arm in self.arms}
