"""Reading insights."""

from shuke.apps.insights.queries.layer_names import layer_names, scheme_name
from shuke.apps.insights.queries.overview import overview
from shuke.apps.insights.queries.portrait import portrait
from shuke.apps.insights.queries.questions import QUESTIONS, Question
from shuke.apps.insights.queries.studies import latest_study, studies_of, study_heads, study_key
from shuke.apps.insights.queries.traits import latest_build, traits_of

__all__ = [
    "QUESTIONS",
    "Question",
    "latest_build",
    "latest_study",
    "layer_names",
    "overview",
    "portrait",
    "scheme_name",
    "studies_of",
    "study_heads",
    "study_key",
    "traits_of",
]
