"""What others see of members."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from ninja import Schema
from pydantic import Field


@dataclass(frozen=True)
class MemberProfile:
    """What is known of a person at import or entry; empty means unknown and changes nothing."""

    name: str = ""
    birthday: date | None = None
    joined_on: date | None = None
    language: str = ""


@dataclass(frozen=True)
class MemberRef:
    """A member's two keys: the database's and the public one."""

    pk: int
    public_id: str


@dataclass(frozen=True)
class Family:
    """Who speaks for a member now (``pk``, ``public_id``), and all that were merged into that one, by public id.

    ``refs`` has the speaker first and the others in the order of their keys.
    """

    pk: int
    public_id: str
    joined_on: date | None
    created_at: datetime
    refs: Mapping[str, MemberRef]

    @property
    def pks(self) -> tuple[int, ...]:
        """The database keys of all."""
        return tuple(ref.pk for ref in self.refs.values())


@dataclass(frozen=True)
class MembershipBeginning:
    """Since when somebody is a member: the day of joining, if it is known, and when the record was made."""

    pk: int
    public_id: str
    joined_on: date | None
    created_at: datetime


class MemberView(Schema):
    """One member.  ``name`` is masked unless the reader may unmask.

    ``status``: active, merged (``merged_into`` speaks for the member now) or erased.
    """

    id: str
    name: str
    status: str
    merged_into: str | None = None
    joined_on: date | None
    language: str
    source: str
    created_at: datetime
    updated_at: datetime


class MemberRow(Schema):
    """One member of the list with its newest key traits."""

    id: str
    name: str
    joined_on: date | None
    lifecycle_stage: str | None = None
    rfm_segment: str | None = None
    last_order_date: date | None = None
    orders_total: int | None = None
    spend_total_minor: int | None = None
    currency: str | None = None


class AttributeView(Schema):
    """One thing a person said or we know, with its source and age; the labels are in the reader's language."""

    attribute: str
    value: str
    observed_at: datetime
    source: str
    label: str = ""
    value_label: str = ""
    source_label: str = ""


class PlaceView(Schema):
    """Where a member lives, as a region: names in Latin letters and in Chinese where there are such."""

    region_id: str
    name: str
    name_zh: str
    province_id: str
    province: str
    province_zh: str
    country: str


class MonthOfPurchases(Schema):
    """What a member bought in a business month (YYYY-MM), before refunds."""

    month: str
    orders: int
    paid_minor: int


class CategoryShare(Schema):
    """How much a member spent in a category over the last two years."""

    category: str
    paid_minor: int


class Portrait(Schema):
    """What the lake knows of a member; ``traits`` holds the newest row of the table ``traits``."""

    traits: dict[str, Any] | None
    attributes: list[AttributeView]
    months: list[MonthOfPurchases]
    place: PlaceView | None = None


class TimelineEntry(Schema):
    """One thing that happened.

    ``kind``: order refund message event consent voucher exposure identity, or one that an app added.
    ``what`` is a code of that kind (such as a message's newest event or a sales channel), ``title`` a
    sentence where the kind has no code, ``detail`` further plain text, ``reference`` the id of the order or
    message.  ``steps`` are the events that a message went through, oldest first.  ``goods`` names some of
    an order's products, ``goods_more`` how many others it has.
    """

    kind: str
    at: datetime
    what: str
    channel: str = ""
    detail: str = ""
    reference: str = ""
    amount_minor: int | None = None
    currency: str | None = None
    title: str = ""
    icon: str = ""
    url: str = ""
    status: str = ""
    steps: list[str] = Field(default_factory=list)
    goods: list[str] = Field(default_factory=list)
    goods_more: int = 0
    facts: dict[str, str] = Field(default_factory=dict)
