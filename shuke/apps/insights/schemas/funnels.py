"""Funnels over collected events: what is asked, and how many came how far."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Literal

from ninja import Schema
from pydantic import Field, model_validator

from shuke.apps.insights.schemas.studies import ReadingView

MOST_STEPS = 6
SECONDS = {"minutes": 60, "hours": 3_600, "days": 86_400}
#: The longest window, in days.
MOST_DAYS = 365
#: Members are told apart by so many audiences at most.
MOST_AUDIENCES = 4
AUDIENCE = "audience"
#: One thing done would be both steps, or stand between them.
REPEATED = "The same event can be a step twice only where other things may lie between."
NO_AUDIENCE = "Name an audience that the members are told apart by."
Text = Annotated[str, Field(pattern=r"^[^\x00]*$")]


class FunnelFilter(Schema):
    """What a property of the event must be.  ``at_least`` and ``at_most`` compare numbers."""

    name: Text = Field(min_length=1, max_length=100)
    operator: Literal["is", "is_not", "contains", "at_least", "at_most"] = "is"
    value: Text = Field(min_length=1, max_length=200)

    @model_validator(mode="after")
    def _is_a_number(self) -> FunnelFilter:
        if self.operator in {"at_least", "at_most"}:
            try:
                float(self.value)
            except ValueError as wrong:
                raise ValueError("Compare with a number.") from wrong
        return self


class EventFunnelStep(Schema):
    """An event of that name, or an order through any channel (``name`` is not looked at)."""

    kind: Literal["event", "order"] = "event"
    name: Text = Field("", max_length=200)
    only: FunnelFilter | None = None


class FunnelBody(Schema):
    """Steps in their order, to be done within a window from the first of them.

    ``order``: ``ordered`` (other things may lie between), ``strict`` (none of the funnel's other steps between) or
    ``any``.  ``days``: counted is who began in so many days.  ``by``: a scheme of layers, ``tier`` or ``audience``,
    that the members are told apart by; ``audiences``: their ids, looked at only then.
    """

    steps: list[EventFunnelStep] = Field(min_length=2, max_length=MOST_STEPS)
    window: int = Field(7, ge=1, le=MOST_DAYS * 24 * 60)
    unit: Literal["minutes", "hours", "days"] = "days"
    order: Literal["ordered", "strict", "any"] = "ordered"
    days: int = Field(28, ge=1, le=366)
    by: Text = Field("", max_length=80)
    audiences: list[Text] = Field([], max_length=MOST_AUDIENCES)

    @model_validator(mode="after")
    def _fits(self) -> FunnelBody:
        if self.window_seconds > MOST_DAYS * SECONDS["days"]:
            raise ValueError(f"The window is at most {MOST_DAYS} days.")
        if any(step.kind == "event" and not step.name for step in self.steps):
            raise ValueError("Name the event of every step.")
        self.audiences = list(dict.fromkeys(self.audiences)) if self.by == AUDIENCE else []
        if self.by == AUDIENCE and not self.audiences:
            raise ValueError(NO_AUDIENCE)
        if self.order != "ordered" and len({(step.kind, step.name) for step in self.steps}) < len(self.steps):
            raise ValueError(REPEATED)
        return self

    @property
    def window_seconds(self) -> int:
        """The window in seconds."""
        return self.window * SECONDS[self.unit]


class FunnelCount(Schema):
    """Who got to a step: parts of those who began and of those of the step before; ``left`` are those who fell out."""

    step: int
    members: int
    of_first: float
    of_previous: float
    left: int


class FunnelSegment(Schema):
    """The members of a layer, tier or audience: how many began, which part came how far.

    ``code``: empty for who is in none.  ``settled`` of them had the whole window at least once.  Of these the part that
    came through is set against that of all others who began: ``difference`` with its interval (95 %), ``q_value`` by
    chi-square, controlled over the segments; ``None`` where there are too few.
    """

    code: str
    members: int
    parts: list[float]
    settled: int = 0
    part: float | None = None
    others: float | None = None
    difference: float | None = None
    lower: float | None = None
    upper: float | None = None
    q_value: float | None = None


class FunnelResult(Schema):
    """What was counted as of a day.

    ``open``: began so late that the window is not over.  ``unknown``: people who began and belong to no member, such as
    visitors who never signed in; they are in no other number.
    """

    as_of: date
    first_day: date
    began: int
    done: int
    open: int
    unknown: int
    steps: list[FunnelCount]
    segments: list[FunnelSegment]
    readings: list[ReadingView]


class FunnelSave(Schema):
    """A funnel to be kept.  ``version`` is the number that was changed; 0 for a new one."""

    name: Text = Field(min_length=1, max_length=80)
    version: int = Field(0, ge=0)
    definition: FunnelBody


class FunnelView(Schema):
    """A funnel that was saved, with its newest count; ``None`` until it was counted."""

    id: int
    name: str
    version: int
    author_name: str
    updated_at: datetime
    counted_at: datetime | None
    definition: FunnelBody
    result: FunnelResult | None


class EventName(Schema):
    """An event that was collected, with how often in the last 90 days."""

    name: str
    events: int
