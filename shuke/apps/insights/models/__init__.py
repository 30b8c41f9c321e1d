"""What insights remembers beside the lake."""

from shuke.apps.insights.models.funnels import Funnel
from shuke.apps.insights.models.rfm import RfmVersion
from shuke.apps.insights.models.studies import Study
from shuke.apps.insights.models.traits import TraitsBuild

__all__ = ["Funnel", "RfmVersion", "Study", "TraitsBuild"]
