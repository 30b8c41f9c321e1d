"""What the app takes and gives."""

from shuke.apps.recommendations.schemas.evaluation import EvaluationReport, Figure, StrategyReport
from shuke.apps.recommendations.schemas.serving import Answer, Asked, RecommendedItem
from shuke.apps.recommendations.schemas.slots import (
    ABOUT,
    ArmInput,
    BoostInput,
    SlotInput,
    SlotRules,
    SlotView,
)

__all__ = [
    "ABOUT",
    "Answer",
    "ArmInput",
    "Asked",
    "BoostInput",
    "EvaluationReport",
    "Figure",
    "RecommendedItem",
    "SlotInput",
    "SlotRules",
    "SlotView",
    "StrategyReport",
]
