"""Other apps' rows of members: they move when members are merged and come back when that is undone.

An app that keeps rows by member registers a follower when it is loaded.  It moves its own rows and
returns, as JSON, what it will need to put exactly those back; that lies in the merge until then.
Points follow here later: ``merge`` posts a transfer between the two accounts and returns its id,
``unmerge`` posts the reversal.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from shuke.apps.members.schemas import MemberRef


class Follow(Protocol):
    """Moves an app's rows from the absorbed member to the survivor; runs in the merge's transaction."""

    def __call__(self, *, at: datetime, survivor: MemberRef, absorbed: MemberRef) -> Any:
        """What ``Return`` needs, as JSON without personal values."""


class Return(Protocol):
    """Puts back what ``Follow`` moved; what came afterwards stays with the survivor."""

    def __call__(self, *, at: datetime, survivor: MemberRef, absorbed: MemberRef, state: Any) -> None:
        """Nothing is returned."""


@dataclass(frozen=True)
class Follower:
    """What one app does at a merge and at its undoing."""

    merge: Follow
    unmerge: Return


_followers: dict[str, Follower] = {}


def register_follower(app: str, *, merge: Follow, unmerge: Return) -> None:
    """Let an app's rows follow their members; one per app, the last wins."""
    _followers[app] = Follower(merge, unmerge)


def followers() -> dict[str, Follower]:
    """Every follower by its app, in the order of their names: none may rely on another's work."""
    return dict(sorted(_followers.items()))
