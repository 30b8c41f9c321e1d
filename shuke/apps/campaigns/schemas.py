"""What others see of campaigns."""

from datetime import date, datetime
from typing import Literal

from ninja import Schema
from pydantic import Field

from shuke.apps.channels.schemas import RunCounts
from shuke.apps.measurement.schemas import EffectReport

Goal = Literal["repurchase", "win_back", "welcome", "cross_sell", "inform"]


class ContentInput(Schema):
    """Templates of one version in one channel and language."""

    channel: str = "email"
    variant: str = Field(default="a", pattern=r"^[a-z0-9][a-z0-9_-]{0,19}$")
    language: Literal["en", "zh-hans"] = "en"
    subject: str = Field(default="", max_length=500)
    text: str = Field(default="", max_length=100_000)
    html: str = Field(default="", max_length=100_000)


class CampaignInput(Schema):
    """What a person decides about a campaign.  Money in minor units of the retailer's currency."""

    name: str = Field(..., min_length=1, max_length=120)
    goal: Goal = "repurchase"
    notes: str = Field(default="", max_length=20_000)
    audience_id: str = Field(default="", max_length=24)
    audience_version: int | None = Field(default=None, ge=1, le=2_000_000_000)
    channel: Literal["email", "console"] = "email"
    starts_on: date
    ends_on: date
    budget_minor: int = Field(default=0, ge=0, le=10**15)
    cost_per_thousand_minor: int = Field(default=0, ge=0, le=10**12)
    control_percent: int | None = Field(default=None, ge=0, le=90)
    is_lasting_control: bool = True
    wished_lift_percent: int = Field(default=10, ge=1, le=1000)


class CampaignRow(Schema):
    """A campaign in a list."""

    id: str
    name: str
    goal: str
    state: str
    source: str
    channel: str
    audience_id: str
    audience_name: str
    starts_on: date
    ends_on: date
    author_name: str
    scheduled_at: datetime | None
    created_at: datetime
    updated_at: datetime


class RunView(Schema):
    """How a run goes."""

    id: str
    size: int
    treated: int
    queued_upto: int
    started_at: datetime
    finished_at: datetime | None
    counts: RunCounts


class CampaignView(CampaignRow):
    """A campaign with everything."""

    code: str
    notes: str
    audience_version: int | None
    budget_minor: int
    cost_per_thousand_minor: int
    currency: str
    control_percent: int
    is_lasting_control: bool
    wished_lift_percent: int
    is_randomised: bool
    experiment_id: str
    author_id: str
    approver_name: str
    approved_at: datetime | None
    review_note: str
    problem: str
    contents: list[ContentInput]
    run: RunView | None

    @property
    def is_editable(self) -> bool:
        """Whether the plan may still be changed."""
        return self.state in {"draft", "in_review", "approved"}


class ChecklistItem(Schema):
    """One thing to know before sending: status ok, warning or blocked."""

    key: str
    label: str
    status: str
    text: str


class Checklist(Schema):
    """All of them, and the counts behind them."""

    items: list[ChecklistItem]
    audience_size: int
    reachable: int
    control: int
    messages: int
    cost_minor: int

    @property
    def is_blocked(self) -> bool:
        """Whether something forbids sending."""
        return any(item.status == "blocked" for item in self.items)


class PreviewView(Schema):
    """A message as a member would read it, or what is wrong with the templates."""

    member_id: str
    member_name: str
    language: str
    variant: str
    subject: str
    text: str
    html: str
    problem: str


class SlotSnippet(Schema):
    """A slot whose items a message can show: ``field`` as templates write it, ``html`` to copy."""

    code: str
    name: str
    is_live: bool
    field: str
    html: str


class Progress(Schema):
    """How far a campaign's sending is."""

    state: str
    done: int
    total: int
    counts: RunCounts
    percent: int
    problem: str


class CampaignReport(Schema):
    """What a campaign did: the effect as measured, with a reading in plain words.

    ``reading`` are sentences for people; ``ratio_text`` says what the sample-ratio check found.
    """

    campaign_id: str
    name: str
    state: str
    until: datetime
    is_over: bool
    effect: EffectReport
    reading: list[str]
    ratio_text: str
    suppressed: dict[str, int]
    uncertain: int

    @property
    def is_effect_clear(self) -> bool:
        """Whether the interval of the additional revenue leaves out nil."""
        earned = self.effect.incremental_revenue
        if earned is None or earned.lower_minor is None or earned.upper_minor is None:
            return False
        return earned.lower_minor > 0 or earned.upper_minor < 0
