"""What counts as a member's activity: the one list, for the end of points by inactivity and what is told of it.

docs/algorithms/points.md, "What counts as activity", says the same for people, and where other counts differ.
"""

from collections.abc import Mapping
from datetime import datetime

#: Every kind of posting, and whether the member shows by it to be there.
KINDS: Mapping[str, bool] = {
    # A purchase, a review, a check-in, an answer, whatever a rule gives points for.
    "earn": True,
    # Points are spent: at a checkout, for a voucher.
    "commit": True,
    # The person was recognised.
    "merge_in": True,
    "unmerge_in": True,
    # What is held is not spent yet.
    "hold": False,
    "release": False,
    # What comes back or goes back belongs to an earlier activity.
    "give_back": False,
    "claw_back": False,
    "reverse": False,
    # What others do.
    "adjust": False,
    "transfer_in": False,
    "transfer_out": False,
    "merge_out": False,
    "unmerge_out": False,
    # What time does.
    "activate": False,
    "expire": False,
}
#: Beginnings of the sources of points that come by themselves.
UNASKED = ("birthday:", "event:birthday:")


def is_activity(kind: str, *, source: str) -> bool:
    """Whether a posting shows the member to be there."""
    return KINDS[kind] and not source.startswith(UNASKED)


def active_after(
    active_at: datetime | None, *, kind: str, source: str, at: datetime, has_new_lots: bool
) -> datetime | None:
    """When the member was last active, after a posting that is effective ``at``.

    The first points that come, however they come, begin the time of a wallet that has none.
    """
    if is_activity(kind, source=source) or (active_at is None and has_new_lots):
        return max(active_at or at, at)
    return active_at
