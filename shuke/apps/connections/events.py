"""What connections tells."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class ImportRequested:
    """Somebody asked that a batch be taken in; its job is queued in the same transaction."""

    batch_id: str


@dataclass(frozen=True)
class ImportFinished:
    """A batch was taken in: new rows lie in the lake."""

    batch_id: str
    kind: str
    at: datetime


@dataclass(frozen=True)
class SyncRequested:
    """A connection shall be synchronised, at once or at ``run_at``; its job is queued in the same transaction."""

    run_id: str
    run_at: datetime | None = None


@dataclass(frozen=True)
class SyncFinished:
    """A connection was synchronised: what changed lies in the lake."""

    run_id: str
    connection_id: str
    account_id: str
    at: datetime
