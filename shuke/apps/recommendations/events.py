"""What recommendations tells others."""

from dataclasses import dataclass


@dataclass(frozen=True)
class EvaluationRequested:
    """Somebody wants strategies evaluated on the retailer's own history now; ``strategies``: none for the usual."""

    level: str
    protocol: str
    strategies: tuple[str, ...]
    is_tuned: bool
