"""Reading insights."""

from shuke.apps.insights.queries.overview import overview
from shuke.apps.insights.queries.portrait import portrait
from shuke.apps.insights.queries.traits import latest_build, traits_of

__all__ = ["latest_build", "overview", "portrait", "traits_of"]
