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
