"""What recommendations tells others."""

from dataclasses import dataclass


@dataclass(frozen=True)
class EvaluationRequested:
    """Somebody wants strategies evaluated on the retailer's own history now; ``strategies``: none for the usual."""

    level: str
    protocol: str
    strategies: tuple[str, ...]
    is_tuned: bool


@dataclass(frozen=True)
class BundleWanted:
    """Somebody wants a bundle fitted now, as of the last whole business day."""


@dataclass(frozen=True)
class OnlineCountWanted:
    """Somebody wants the lists of a slot counted now."""

    slot: str
