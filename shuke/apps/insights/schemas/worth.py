"""What a member is worth, and how likely it is to stay away."""

from __future__ import annotations

from datetime import date

from ninja import Schema


class MemberWorth(Schema):
    """Columns of ``lifetime_values`` and ``churn_risks``; those of a study without an answer are missing.

    ``at_risk_minor`` is the value times the chance to lose it.
    """

    member_id: str
    name: str = ""
    value_as_of: date | None = None
    value_horizon_days: int | None = None
    expected_orders: float | None = None
    probability_alive: float | None = None
    value_minor: int | None = None
    low_minor: int | None = None
    high_minor: int | None = None
    currency: str = ""
    risk_as_of: date | None = None
    risk_horizon_days: int | None = None
    probability: float | None = None
    silence_ratio: float | None = None
    reasons: tuple[str, ...] = ()
    at_risk_minor: int | None = None
