"""What others see of audiences."""

from datetime import date, datetime
from typing import Any

from ninja import Schema
from pydantic import Field

from shuke.apps.audiences.rules import EVERYONE, Condition, FaultyConditionsError, as_data, parsed

__all__ = ["EVERYONE", "Condition", "FaultyConditionsError", "as_data", "parsed"]


class FaultView(Schema):
    """Why a condition cannot be used; ``path`` holds the child's index at each level."""

    code: str
    path: list[int]
    input: str
    message: str
    suggestions: list[str] = Field(default_factory=list)


class SizePoint(Schema):
    """How large an audience was."""

    as_of: date
    evaluated_at: datetime
    version: int
    size: int
    members_total: int
    lake_versions: dict[str, int | None] = Field(default_factory=dict)

    @property
    def share(self) -> float:
        """Share of all members, 0 to 1, for display only."""
        return self.size / self.members_total if self.members_total else 0.0

    @property
    def percent(self) -> float:
        """The same, 0 to 100."""
        return 100 * self.share


class UseView(Schema):
    """What uses an audience: kind campaign, journey or audience."""

    kind: str
    subject_id: str
    label: str


class VersionView(Schema):
    """One version; never changes."""

    number: int
    conditions: dict[str, Any]
    note: str
    author_name: str
    created_at: datetime


class AudienceRow(Schema):
    """An audience in a list; sizes are those of the last counts, oldest first."""

    id: str
    name: str
    status: str
    version: int
    updated_at: datetime
    summary: str
    sizes: list[SizePoint]
    used_by: list[UseView]

    @property
    def latest(self) -> SizePoint | None:
        """The last count."""
        return self.sizes[-1] if self.sizes else None

    @property
    def spark_points(self) -> str:
        """The sizes as points of a line 100 wide and 24 high; empty with fewer than two."""
        if len(self.sizes) < 2:
            return ""
        top = max(point.size for point in self.sizes) or 1
        step = 100 / (len(self.sizes) - 1)
        places = enumerate(self.sizes)
        return " ".join(f"{i * step:.1f},{22 - 20 * point.size / top:.1f}" for i, point in places)


class AudienceView(AudienceRow):
    """An audience with its conditions and their description, line by line."""

    created_at: datetime
    conditions: dict[str, Any]
    note: str
    author_name: str
    description: list["DescriptionLine"]


class DescriptionLine(Schema):
    """One condition in plain words, indented by its level."""

    level: int
    text: str


class AudienceMember(Schema):
    """A member of an audience; the name is masked."""

    member_id: str
    name: str
    lifecycle_stage: str | None
    stage_label: str
    orders_total: int
    spend_total_minor: int
    last_order_date: date | None


class DraftView(Schema):
    """How large a draft is, right now, and whom it holds."""

    size: int
    members_total: int
    as_of: date
    description: list[DescriptionLine]
    members: list[AudienceMember]


class Draft(Schema):
    """A tree to be tried out; ``audience_id`` is the saved audience it may become, so that circles show."""

    conditions: dict[str, Any]
    audience_id: str | None = None


class AudienceInput(Schema):
    """What is saved; ``version`` is the one that was edited, so that nobody's change is lost unseen."""

    name: str
    conditions: dict[str, Any]
    note: str = ""
    version: int | None = None


class MemberIds(Schema):
    """A page of member ids in ascending order, and what they were counted on."""

    items: list[str]
    total: int
    limit: int
    offset: int
    as_of: date
    version: int
    lake_versions: dict[str, int | None]


class StageShare(Schema):
    """Members of a lifecycle stage in the audience and among all."""

    stage: str
    label: str
    members: int
    all_members: int


class Profile(Schema):
    """Who is in an audience, against all members.  Revenue is that of the traits' window."""

    size: int
    members_total: int
    revenue_minor: int
    revenue_total_minor: int
    orders: int
    currency: str
    as_of: date
    traits_as_of: date | None
    stages: list[StageShare]

    @property
    def member_share(self) -> float:
        """Share of members, 0 to 1, for display only."""
        return self.size / self.members_total if self.members_total else 0.0

    @property
    def revenue_share(self) -> float:
        """Share of revenue, 0 to 1, for display only."""
        return self.revenue_minor / self.revenue_total_minor if self.revenue_total_minor else 0.0

    @property
    def spend_per_member(self) -> int | None:
        """Revenue by member of the audience, whole minor units."""
        return self.revenue_minor // self.size if self.size else None

    @property
    def all_spend_per_member(self) -> int | None:
        """Revenue by member of all, whole minor units."""
        return self.revenue_total_minor // self.members_total if self.members_total else None


class Choice(Schema):
    """A known value and what people call it."""

    value: str
    label: str


class FieldView(Schema):
    """Something that can be asked about: a trait, or an attribute."""

    name: str
    label: str
    type: str
    operators: list[str]
    choices: list[Choice] = Field(default_factory=list)


class SchemeView(Schema):
    """What members are divided by, with its layers."""

    name: str
    label: str
    choices: list[Choice]


class Catalogue(Schema):
    """Everything that a builder needs: fields, operators and known values with labels.

    ``lists`` holds short lists whole; kinds in ``searched`` are asked for by text.
    """

    traits: list[FieldView]
    attributes: list[FieldView]
    schemes: list[SchemeView]
    lists: dict[str, list[Choice]]
    searched: list[str]
    labels: dict[str, dict[str, str]]
    currency: str
    exponent: int


class TemplateView(Schema):
    """A ready-made audience to start from."""

    key: str
    name: str
    text: str
    conditions: dict[str, Any]
