"""Reading what campaigns did."""

from shuke.apps.measurement.queries.charts import effect_charts
from shuke.apps.measurement.queries.effect import campaign_effect

__all__ = ["campaign_effect", "effect_charts"]
