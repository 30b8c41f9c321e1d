"""What identity tells.  Rows keyed by a member move through ``register_follower``, not through these."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class MembersMerged:
    """Two members turned out to be one person; ``survivor_id`` speaks for both."""

    merge_id: str
    survivor_id: str
    absorbed_id: str
    at: datetime


@dataclass(frozen=True)
class MembersUnmerged:
    """The merge was undone: ``absorbed_id`` is a member of its own again."""

    merge_id: str
    survivor_id: str
    absorbed_id: str
    at: datetime


@dataclass(frozen=True)
class SearchWanted:
    """Somebody asked for a search, to be carried out in the background."""

    run_id: str


@dataclass(frozen=True)
class SearchApproved:
    """Somebody asked that a search's proposals be applied, in the background."""

    run_id: str
