"""Every change of data quality."""

from shuke.apps.quality.operations.correcting import correct, forget_member, hold_corrections, revert
from shuke.apps.quality.operations.deciding import decide
from shuke.apps.quality.operations.finding import check_quality, request_check

__all__ = [
    "check_quality",
    "correct",
    "decide",
    "forget_member",
    "hold_corrections",
    "request_check",
    "revert",
]
