"""The rows of recommendations."""

from shuke.apps.recommendations.models.bandits import BanditArm, BanditDay, ProductBanditDay, ProductBelief
from shuke.apps.recommendations.models.bundles import BundleRecord, BundleSetup
from shuke.apps.recommendations.models.evaluations import EvaluationRun
from shuke.apps.recommendations.models.online import OnlineReading
from shuke.apps.recommendations.models.slots import Slot

__all__ = [
    "BanditArm",
    "BanditDay",
    "BundleRecord",
    "BundleSetup",
    "EvaluationRun",
    "OnlineReading",
    "ProductBanditDay",
    "ProductBelief",
    "Slot",
]
