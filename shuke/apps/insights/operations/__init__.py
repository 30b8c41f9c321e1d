"""Building traits, and answering questions about all members."""

from shuke.apps.insights.operations.funnels import count_funnel, delete_funnel, save_funnel
from shuke.apps.insights.operations.rfm import save_rfm_scheme
from shuke.apps.insights.operations.studying import request_study, run_study
from shuke.apps.insights.operations.thinning import thin_history
from shuke.apps.insights.operations.traits import Report, build_traits

__all__ = [
    "Report",
    "build_traits",
    "count_funnel",
    "delete_funnel",
    "request_study",
    "run_study",
    "save_funnel",
    "save_rfm_scheme",
    "thin_history",
]
