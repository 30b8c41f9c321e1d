"""What insights remembers beside the lake."""

from shuke.apps.insights.models.rfm import RfmVersion
from shuke.apps.insights.models.studies import Study
from shuke.apps.insights.models.traits import TraitsBuild

__all__ = ["RfmVersion", "Study", "TraitsBuild"]
