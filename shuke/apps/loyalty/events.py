"""What the loyalty programme tells."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal


@dataclass(frozen=True)
class PointsExpiring:
    """Points of a member end on ``ends_on``, at most ``stage`` days (30, 7 or 1) from now.

    Told once per wallet, day and stage.  ``points`` are those that end that day and can be used now.
    """

    member_id: str
    points_type: str
    points: int
    ends_on: date
    stage: int
    at: datetime


@dataclass(frozen=True)
class TierChanged:
    """A member stands in another tier than before; an empty code is none.

    Told for what holds after a count, not for the history of members when a programme is placed first.
    """

    member_id: str
    program_id: str
    tier_from: str
    tier_to: str
    from_date: date
    through_date: date | None
    why: str
    at: datetime


@dataclass(frozen=True)
class TierVersionPublished:
    """Rules of a programme were published, valid from ``valid_from`` on."""

    program_id: str
    number: int
    valid_from: date
    at: datetime


@dataclass(frozen=True)
class MembershipPurchased:
    """A member bought or extended a paid membership; the term runs through ``last_day``."""

    member_id: str
    plan: str
    first_day: date
    last_day: date
    price_minor: int
    currency: str
    at: datetime


@dataclass(frozen=True)
class MembershipEnded:
    """A paid membership ended and no term follows; ``why`` is over or refunded, ``on`` its last day."""

    member_id: str
    plan: str
    on: date
    why: str
    at: datetime


@dataclass(frozen=True)
class VerificationRequested:
    """Somebody wants the whole ledger verified now."""

    actor_name: str
    at: datetime


@dataclass(frozen=True)
class TierTrialRequested:
    """Somebody wants the draft of a programme tried in the background: there are many members to count."""

    program_id: str
    actor_kind: Literal["user", "token", "system"]
    actor_id: str
    actor_name: str
    at: datetime
