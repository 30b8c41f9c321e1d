"""What others see of paid membership."""

from datetime import date, datetime
from typing import Literal

from ninja import Schema


class PlanView(Schema):
    """A paid membership.  ``name`` is in the reader's language; ``months`` is the length of a term."""

    code: str
    name: str
    names: dict[str, str]
    price_minor: int
    currency: str
    months: int
    tier: str
    refund_full_days: int
    refund_after: str
    is_on_sale: bool


class PlanFigures(Schema):
    """A plan with who is in it and what it brought, net of refunds, in the last twelve months and in all."""

    plan: PlanView
    members: int
    cancelled: int
    year_minor: int
    total_minor: int


class PaidTermView(Schema):
    """One paid period, both days included.  ``state``: active, cancelled (runs to its end), over or refunded."""

    id: str
    plan: str
    plan_name: str
    first_day: date
    last_day: date
    price_minor: int
    currency: str
    tier: str
    state: str
    bought_at: datetime
    is_running: bool


class PaidChangeView(Schema):
    """One line of the history; ``amount_minor`` is above zero for what was paid, below for what was paid back."""

    kind: str
    plan: str
    plan_name: str
    amount_minor: int
    currency: str
    reference: str
    actor: str
    at: datetime


class PaidOutcome(Schema):
    """What was done.  ``amount_minor`` as in the history; ``term`` is the one that it is about."""

    outcome: Literal["created", "replayed"]
    kind: str
    amount_minor: int
    currency: str
    term: PaidTermView


class RevenueMonth(Schema):
    """What a plan brought in a calendar month (YYYY-MM), net of refunds."""

    plan: str
    month: str
    amount_minor: int
