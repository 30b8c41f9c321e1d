"""What quality tells itself across its layers."""

from dataclasses import dataclass


@dataclass(frozen=True)
class CheckRequested:
    """Somebody asked that the rules run now; the job is queued in the same transaction."""
