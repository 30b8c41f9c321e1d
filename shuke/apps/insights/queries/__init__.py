"""Reading insights."""

from shuke.apps.insights.queries.funnel_segments import register_audiences, register_tier_names
from shuke.apps.insights.queries.layer_names import layer_names, scheme_name
from shuke.apps.insights.queries.overview import overview
from shuke.apps.insights.queries.portrait import portrait
from shuke.apps.insights.queries.questions import GROUPS, QUESTIONS, Question
from shuke.apps.insights.queries.studies import (
    latest_study,
    newest_studies,
    studies_of,
    study_heads,
    study_key,
)
from shuke.apps.insights.queries.traits import latest_build, traits_of

__all__ = [
    "GROUPS",
    "QUESTIONS",
    "Question",
    "latest_build",
    "latest_study",
    "layer_names",
    "newest_studies",
    "overview",
    "portrait",
    "register_audiences",
    "register_tier_names",
    "scheme_name",
    "studies_of",
    "study_heads",
    "study_key",
    "traits_of",
]
