"""What others see of tiers."""

from datetime import date, datetime
from typing import Annotated, Literal

from ninja import Field, Schema


class TierView(Schema):
    """A tier: what reaches it and what keeps it, in the counter's unit (money in minor units).

    ``names`` are by language (``en``, ``zh-hans``); read, ``name`` is in the reader's language, and written it stands
    where a reader's is missing.
    """

    code: str = Field(max_length=24, pattern=r"^[a-z0-9][a-z0-9_-]*$")
    name: str = Field(min_length=1, max_length=40)
    reach: int = Field(ge=0, le=10**15)
    keep: int = Field(ge=0, le=10**15)
    names: dict[str, Annotated[str, Field(max_length=40)]] = Field(default_factory=dict)


class TierCounterView(Schema):
    """What is counted: ``spend``, ``orders``, ``points`` (earned, of a type) or ``events`` by name."""

    kind: Literal["spend", "orders", "points", "events"]
    points_type: str = Field("", max_length=20)
    events: list[Annotated[str, Field(min_length=1, max_length=100)]] = Field(
        default_factory=list, max_length=20
    )


class TierWindowView(Schema):
    """``rolling`` (over ``days``), ``year``, ``quarter`` or ``anniversary``."""

    kind: Literal["rolling", "year", "quarter", "anniversary"]
    days: int = Field(365, ge=1, le=3_660)


class TierTermsView(Schema):
    """The rules of a version; tiers from the lowest to the highest."""

    tiers: list[TierView] = Field(max_length=12)
    counter: TierCounterView
    window: TierWindowView
    up: Literal["at_once", "at_end"]
    down: Literal["none", "one_step", "full"]
    grace_days: int = Field(ge=0, le=366)


class TierVersionView(Schema):
    """A version; a draft has neither a number nor a day."""

    id: str
    number: int | None
    valid_from: date | None
    terms: TierTermsView
    note: str
    changed_at: datetime
    published_at: datetime | None
    published_by: str
    trial_id: str | None


class TierProgramView(Schema):
    """A programme; ``current`` is the version valid today, ``versions`` are all published, newest first."""

    id: str
    name: str
    names: dict[str, str] = Field(default_factory=dict)
    placed_through: date | None
    placed_at: datetime | None
    current: TierVersionView | None
    versions: list[TierVersionView]
    draft: TierVersionView | None


class MemberTier(Schema):
    """Where a member stands.  ``code`` is empty for nobody's tier.

    ``count`` is what the window of ``counted_on`` holds; ``missing_to_reach`` the ``next_code`` (``None`` on top);
    ``missing_to_keep`` by ``through_date`` (``None`` without an end), of which ``keep_count`` is there.
    """

    program: str
    program_name: str
    code: str
    name: str
    from_date: date | None
    through_date: date | None
    why: str
    counter: TierCounterView
    count: int
    missing_to_reach: int | None
    next_code: str
    next_name: str
    next_reach: int | None
    missing_to_keep: int | None
    keep_count: int | None
    keep: int | None
    counted_on: date


class TierMembershipView(Schema):
    """One membership of a member's history; ``last_date`` is when it really ended, ``None`` while it lasts."""

    number: int
    code: str
    name: str
    from_date: date
    through_date: date | None
    last_date: date | None
    why: str
    version: int
    count: int
    recorded_at: datetime


class TierInvitationView(Schema):
    """A tier that somebody gave a member for some time."""

    id: str
    program: str
    member_id: str
    code: str
    name: str
    first_date: date
    last_date: date
    reason: str
    actor: str
    taken_back_on: date | None


class TierShare(Schema):
    """How many members are in a tier; the empty code is no tier."""

    code: str
    name: str
    members: int


class TierFlow(Schema):
    """How many members were in one tier on a day and in another (or the same) on a later one."""

    code_from: str
    code_to: str
    members: int


class TierChange(Schema):
    """A member who moved."""

    member_id: str
    name: str
    code_from: str
    code_to: str
    from_date: date
    through_date: date | None
    why: str
    count: int


class TierCell(Schema):
    """Members who are in one tier by the valid rules and in another (or the same) by the draft."""

    code_from: str
    code_to: str
    members: int
    spend_minor: int


class TierTrialView(Schema):
    """What a draft would do on a day's facts.  ``is_stale``: the draft was changed since."""

    id: str
    version_id: str
    counter: TierCounterView
    today: date
    tried_at: datetime
    tried_by: str
    cells: list[TierCell]
    members: int
    movers: int
    is_stale: bool


class TierMove(Schema):
    """A member who would stand elsewhere by the draft."""

    member_id: str
    name: str
    code_from: str
    code_to: str
    count: int


class PlacedMembers(Schema):
    """What a placement did, over all programmes."""

    members: int
    memberships: int
    changed: int
