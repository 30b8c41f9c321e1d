"""What the app takes and gives."""

from shuke.apps.recommendations.schemas.bundles import (
    BundleSettings,
    BundlesPage,
    BundleView,
    StrategyFigure,
)
from shuke.apps.recommendations.schemas.evaluation import EvaluationReport, Figure, StrategyReport
from shuke.apps.recommendations.schemas.serving import Answer, Asked, Listed, RecommendedItem
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
    "BundleSettings",
    "BundleView",
    "BundlesPage",
    "EvaluationReport",
    "Figure",
    "Listed",
    "RecommendedItem",
    "SlotInput",
    "SlotRules",
    "SlotView",
    "StrategyFigure",
    "StrategyReport",
]
