"""What others see of insights.  Money in minor units of ``currency``."""

from shuke.apps.insights.schemas.portrait import (
    SEGMENT_HINTS,
    Alert,
    Cell,
    Count,
    Kpi,
    MemberTraits,
    Overview,
    Portrait,
    Share,
    TraitsBuildView,
    TrendPoint,
)
from shuke.apps.insights.schemas.rfm import MemberExplanation, RfmVersionView, SegmentChange
from shuke.apps.insights.schemas.studies import (
    NotEnough,
    ReadingView,
    StudyFacts,
    StudyHead,
    StudyOutcome,
    StudyView,
)

__all__ = [
    "SEGMENT_HINTS",
    "Alert",
    "Cell",
    "Count",
    "Kpi",
    "MemberExplanation",
    "MemberTraits",
    "NotEnough",
    "Overview",
    "Portrait",
    "ReadingView",
    "RfmVersionView",
    "SegmentChange",
    "Share",
    "StudyFacts",
    "StudyHead",
    "StudyOutcome",
    "StudyView",
    "TraitsBuildView",
    "TrendPoint",
]
