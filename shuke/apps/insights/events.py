"""What insights tells others."""

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True)
class TraitsBuilt:
    """The traits of a day were built anew; audiences that look at them may have changed."""

    as_of: date
    members: int


@dataclass(frozen=True)
class StudyRequested:
    """Somebody wants the question of that kind answered now; all questions where it is empty."""

    kind: str


@dataclass(frozen=True)
class RfmSchemeChanged:
    """Members are scored by other borders or rules from the next build on."""

    number: int


@dataclass(frozen=True)
class FunnelChanged:
    """A funnel over events was saved and is to be counted."""

    funnel_id: int
