"""The overview, the portrait of all members and the traits of one."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from django.utils.translation import gettext_lazy as _
from ninja import Schema

#: What to do about each segment.
SEGMENT_HINTS: Mapping[str, Any] = {
    "champions": _("Bought just now, often and for much. Thank them; ask for a review."),
    "loyal": _("Come regularly and spend well. Offer the next tier or a bundle."),
    "potential_loyalists": _("Recent, with a few purchases. Invite them to join in."),
    "new": _("Bought for the first time just now. Welcome them, make the second visit easy."),
    "promising": _("Recent, but seldom and little. Show them the range."),
    "need_attention": _("Middling in everything. A timely offer keeps them."),
    "about_to_sleep": _("Seldom, and a while ago. Remind them before they forget you."),
    "at_risk": _("Used to come, have stayed away. Win them back with what they liked."),
    "cannot_lose": _("Among your best, not seen for long. Call them personally."),
    "hibernating": _("Long ago, seldom. A cheap reminder is enough."),
    "lost": _("Gone for long. Spend nothing, or one last strong offer."),
}


class Kpi(Schema):
    """One number of the period against the period before.  ``change`` is relative; ``good`` up or down."""

    name: str
    label: str
    unit: str
    value: float | None
    before: float | None
    change: float | None
    text: str
    good: str = "up"


class TrendPoint(Schema):
    """One day, and the day as far into the period before."""

    day: date
    revenue_minor: int
    orders: int
    revenue_before_minor: int


class Share(Schema):
    """A group of members.  ``share`` of all members, ``money_share`` of the money of the window."""

    name: str
    label: str
    hint: str = ""
    members: int
    share: float
    monetary_minor: int = 0
    money_share: float = 0.0
    average_recency_days: float | None = None


class Alert(Schema):
    """Something to look at, with the place to do so.  ``level``: danger, warning or info."""

    code: str
    level: str
    text: str
    url: str
    action: str


class Overview(Schema):
    """The console's home page: the ``days`` up to ``last_day`` against as many before."""

    first_day: date
    last_day: date
    days: int
    currency: str
    has_orders: bool
    kpis: list[Kpi]
    trend: list[TrendPoint]
    lifecycle: list[Share]
    segments: list[Share]
    alerts: list[Alert]
    traits_as_of: date | None


class TraitsBuildView(Schema):
    """A build of traits."""

    as_of: date
    built_at: datetime
    members: int
    seconds: float
    window_days: int
    thresholds: list[dict[str, Any]]
    scheme: dict[str, Any] | None = None


class Count(Schema):
    """How many members share a value."""

    name: str
    members: int


class Cell(Schema):
    """Members at a crossing of two values."""

    x: int
    y: int
    members: int


class Portrait(Schema):
    """All members in one picture, as of the newest build."""

    build: TraitsBuildView
    currency: str
    segments: list[Share]
    lifecycle: list[Share]
    matrix: list[Cell]
    departments: list[Count]
    categories: list[Count]
    channels: list[Count]
    hours: list[Cell]


class MemberTraits(Schema):
    """The traits of one member: the columns of the table ``traits``."""

    member_id: str
    as_of: date
    member_since: date | None
    first_order_date: date | None
    last_order_date: date | None
    recency_days: int | None
    frequency: int
    monetary_minor: int
    orders_total: int
    spend_total_minor: int
    average_order_minor: int | None
    recency_score: int | None
    frequency_score: int | None
    monetary_score: int | None
    rfm_segment: str | None
    rfm_segment_label: str = ""
    purchase_cycle_days: float | None
    lifecycle_stage: str
    lifecycle_stage_label: str = ""
    favourite_department: str | None
    favourite_category: str | None
    favourite_store: str | None
    favourite_weekday: int | None
    favourite_hour: int | None
    preferred_channel: str | None
    discount_share: float | None
    currency: str | None
