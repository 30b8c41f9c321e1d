"""What conditions are evaluated on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from ibis.expr import types as ir

from shuke.apps.audiences.rules.conditions import Condition

#: Lake tables that conditions read.
TABLE_NAMES = (
    "traits",
    "orders",
    "order_lines",
    "refunds",
    "products",
    "events",
    "messages",
    "consents",
    "member_attributes",
    "member_layers",
    "due_dates",
    "tier_memberships",
    "identity_map",
)

#: Kinds of identifier a channel can write to; a channel that is not here reaches every member.
ADDRESS_KINDS: Mapping[str, tuple[str, ...]] = {"email": ("email",), "sms": ("phone",), "call": ("phone",)}


@dataclass(frozen=True)
class AudienceFacts:
    """The tables of one snapshot, who is suppressed, and the day that is today.

    ``suppressions``: ``member_id, channel``.  ``audiences``: the conditions of every audience that
    the tree refers to, directly or not, by id.
    """

    traits: ir.Table
    orders: ir.Table
    order_lines: ir.Table
    refunds: ir.Table
    products: ir.Table
    events: ir.Table
    messages: ir.Table
    consents: ir.Table
    member_attributes: ir.Table
    member_layers: ir.Table
    due_dates: ir.Table
    tier_memberships: ir.Table
    identity_map: ir.Table
    suppressions: ir.Table
    today: date
    currency: str
    audiences: Mapping[str, Condition] = field(default_factory=dict)
