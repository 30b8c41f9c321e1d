"""The condition tree: what a member must be, have or have done to belong to an audience.

A tree is plain data (JSON) with a ``type`` in every node.  The meaning of each node, of missing
values and of windows stands in docs/algorithms/audiences.md.
"""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

MAX_DEPTH = 8
MAX_CONDITIONS = 100
MAX_VALUES = 1_000
MAX_MEMBERS = 10_000
MAX_DAYS = 3_660
#: Numbers beyond this are typing errors, and engines disagree on them.
LARGEST = 10**15


def _is_storable(text: str) -> str:
    """PostgreSQL refuses U+0000 and UTF-8 has no lone surrogates: refuse both while it costs nothing."""
    if "\x00" in text or any("\ud800" <= letter <= "\udfff" for letter in text):
        raise PydanticCustomError("text_unreadable", "The text holds a character that cannot be stored.")
    return text


Text = Annotated[str, StringConstraints(min_length=1, max_length=200), AfterValidator(_is_storable)]
Number = Annotated[int, Field(ge=-LARGEST, le=LARGEST)]
Real = Annotated[float, Field(ge=-LARGEST, le=LARGEST, allow_inf_nan=False)]
Days = Annotated[int, Field(ge=1, le=MAX_DAYS)]
Value = bool | Number | Real | Text
Texts = Annotated[tuple[Text, ...], Field(max_length=MAX_VALUES)]
NonEmptyTexts = Annotated[tuple[Text, ...], Field(min_length=1, max_length=MAX_VALUES)]

Order = Literal["eq", "ne", "lt", "le", "gt", "ge", "between"]
Operator = Literal[
    "eq", "ne", "lt", "le", "gt", "ge", "between", "in", "contains", "starts_with", "is_known", "last_days"
]
MessageEvent = Literal["received", "opened", "clicked", "replied", "bounced", "complained", "unsubscribed"]


class Node(BaseModel):
    """What all nodes share: they cannot change and know no further fields."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Ever(Node):
    """Up to today."""

    type: Literal["ever"] = "ever"


class LastDays(Node):
    """The last ``days`` business days, today being one of them."""

    type: Literal["last_days"] = "last_days"
    days: Days


class Between(Node):
    """Business days from ``start`` to ``end``, both included; never after today."""

    type: Literal["between"] = "between"
    start: date
    end: date

    @model_validator(mode="after")
    def _in_order(self) -> Between:
        if self.end < self.start:
            raise PydanticCustomError("range_reversed", "The end lies before the start.")
        return self


Window = Annotated[Ever | LastDays | Between, Field(discriminator="type")]


class Comparison(Node):
    """A number against one value, or two for ``between`` (both included)."""

    operator: Order = "ge"
    value: Number = 1
    high: Number | None = None

    @model_validator(mode="after")
    def _complete(self) -> Comparison:
        if self.operator == "between":
            if self.high is None:
                raise PydanticCustomError("value_missing", "Between needs a second value.")
            if self.high < self.value:
                raise PydanticCustomError("range_reversed", "The second value is below the first.")
        return self


class Goods(Node):
    """Which products: any of each list, and all lists that are not empty."""

    product_ids: Texts = ()
    departments: Texts = ()
    categories: Texts = ()
    brands: Texts = ()

    def is_everything(self) -> bool:
        """Whether no list narrows the range."""
        return not (self.product_ids or self.departments or self.categories or self.brands)


class PurchaseFilter(Node):
    """Which purchases: goods, and any of the stores and of the sales channels."""

    goods: Goods = Goods()
    store_ids: Texts = ()
    sales_channels: Texts = ()


class All(Node):
    """Every child holds.  Without children: every member."""

    type: Literal["all"] = "all"
    children: Annotated[tuple[Condition, ...], Field(max_length=MAX_CONDITIONS)] = ()


class Any(Node):
    """At least one child holds."""

    type: Literal["any"] = "any"
    children: Annotated[tuple[Condition, ...], Field(max_length=MAX_CONDITIONS)] = ()


class Not(Node):
    """The child does not hold, also because a value is missing."""

    type: Literal["not"] = "not"
    child: Condition


class Trait(Node):
    """A trait of the newest build against a value.  Dates are ISO texts."""

    type: Literal["trait"] = "trait"
    field: Text
    operator: Operator = "eq"
    value: Value | None = None
    high: Value | None = None
    values: Annotated[tuple[Value, ...], Field(max_length=MAX_VALUES)] = ()


class Attribute(Node):
    """What a member said or we know, a text; compared as a number where the value is one."""

    type: Literal["attribute"] = "attribute"
    name: Text
    operator: Operator = "eq"
    value: Value | None = None
    high: Value | None = None
    values: Annotated[tuple[Value, ...], Field(max_length=MAX_VALUES)] = ()


class Purchase(PurchaseFilter):
    """Bought, or did not: how often, for how much, or when first or last."""

    type: Literal["purchase"] = "purchase"
    did: bool = True
    measure: Literal["count", "sum", "first", "last"] = "count"
    comparison: Comparison = Comparison()
    window: Window = Ever()


class Event(Node):
    """Did one of the events, or did not: how often, or when first or last."""

    type: Literal["event"] = "event"
    names: NonEmptyTexts
    did: bool = True
    measure: Literal["count", "first", "last"] = "count"
    comparison: Comparison = Comparison()
    window: Window = Ever()


class Message(Node):
    """Received, opened or clicked a message (…), or did not; of any campaign and channel unless named."""

    type: Literal["message"] = "message"
    event: MessageEvent = "received"
    did: bool = True
    campaign_ids: Texts = ()
    channels: Texts = ()
    window: Window = Ever()


class PurchaseStep(PurchaseFilter):
    """A step of a sequence: a purchase."""

    type: Literal["purchase"] = "purchase"


class EventStep(Node):
    """A step of a sequence: one of the events."""

    type: Literal["event"] = "event"
    names: NonEmptyTexts


class MessageStep(Node):
    """A step of a sequence: what happened to a message."""

    type: Literal["message"] = "message"
    event: MessageEvent = "received"
    campaign_ids: Texts = ()
    channels: Texts = ()


Step = Annotated[PurchaseStep | EventStep | MessageStep, Field(discriminator="type")]


class Sequence(Node):
    """``first`` and later ``then``, at most ``within_days`` business days apart; ``then`` in the window."""

    type: Literal["sequence"] = "sequence"
    first: Step
    then: Step
    within_days: Annotated[int, Field(ge=0, le=MAX_DAYS)]
    window: Window = Ever()


class InAudience(Node):
    """Belongs to the newest version of another audience."""

    type: Literal["audience"] = "audience"
    audience_id: Text


class InTier(Node):
    """Is in one of the tiers today, or is not.  A tier is named ``<programme id>:<code>``."""

    type: Literal["tier"] = "tier"
    tiers: NonEmptyTexts
    did: bool = True


class InLayer(Node):
    """Is in one of the layers of a scheme on its newest day, or is not."""

    type: Literal["layer"] = "layer"
    scheme: Text
    layers: NonEmptyTexts
    did: bool = True


class Moved(Node):
    """Was in one of ``from_layers`` of a scheme ``days`` days ago and is in one of ``to_layers`` now."""

    type: Literal["moved"] = "moved"
    scheme: Text
    from_layers: NonEmptyTexts
    to_layers: NonEmptyTexts
    days: Annotated[int, Field(ge=1, le=MAX_DAYS)] = 28


class Due(Node):
    """Needs something of the categories (any, where there is none) within so many days, today being one of them.

    ``overdue``: the latest day on which it was expected has passed.  Of the newest day with due dates.
    """

    type: Literal["due"] = "due"
    categories: Texts = ()
    state: Literal["due", "overdue"] = "due"
    within_days: Days = 7


class Consent(Node):
    """The newest decision; ``unknown`` is no decision at all."""

    type: Literal["consent"] = "consent"
    channel: Text
    purpose: Text = "marketing"
    state: Literal["granted", "withdrawn", "unknown"] = "granted"


class Reachable(Node):
    """May be written to: consent, an address of the right kind, not suppressed."""

    type: Literal["reachable"] = "reachable"
    channel: Text
    purpose: Text = "marketing"


class Anniversary(Node):
    """A day of the year (an attribute, MM-DD) comes within so many days; 0 is today."""

    type: Literal["anniversary"] = "anniversary"
    attribute: Text = "birthday"
    within_days: Annotated[int, Field(ge=0, le=365)]


class Share(Node):
    """A random share that stays the same people, in hundredths of a percent, drawn by ``salt``."""

    type: Literal["share"] = "share"
    basis_points: Annotated[int, Field(ge=1, le=10_000)]
    salt: Text = "share"


class Members(Node):
    """Exactly these members, as far as they exist."""

    type: Literal["members"] = "members"
    member_ids: Annotated[tuple[Text, ...], Field(min_length=1, max_length=MAX_MEMBERS)]


Condition = Annotated[
    All
    | Any
    | Not
    | Trait
    | Attribute
    | Purchase
    | Event
    | Message
    | Sequence
    | InAudience
    | InTier
    | InLayer
    | Moved
    | Due
    | Consent
    | Reachable
    | Anniversary
    | Share
    | Members,
    Field(discriminator="type"),
]

for _model in (All, Any, Not):
    _model.model_rebuild()

#: The condition that holds for everybody.
EVERYONE = All()


def children_of(node: Condition) -> tuple[Condition, ...]:
    """The conditions directly inside a node; none for a leaf."""
    if isinstance(node, All | Any):
        return node.children
    return (node.child,) if isinstance(node, Not) else ()
