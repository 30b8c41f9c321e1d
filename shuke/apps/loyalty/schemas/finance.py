"""Points in the books, as others see them."""

from datetime import date, datetime

from ninja import Schema


class PointsCostView(Schema):
    """From the first of a month on: so many minor units per so many points."""

    valid_from: date
    minor: int
    points: int


class Amount(Schema):
    """Points and what they are worth in minor units."""

    points: int
    minor: int


class FinanceHeadline(Schema):
    """What members hold, and what is expected of it; an estimate is empty while too little is known.

    ``outstanding`` is what members could claim, debts (``owed``) already taken off.  Bounds hold with 95 %.
    """

    outstanding: Amount
    owed: int
    expected: Amount | None
    expected_lower: int | None
    expected_upper: int | None
    breakage: Amount | None
    contract_liability_minor: int
    redeemed_share: float | None
    ultimate_share: float | None
    ultimate_lower: float | None
    ultimate_upper: float | None


class RollForwardMonth(Schema):
    """One month: points and money by movement, signed so that opening + revaluation + movements = closing."""

    month: date
    is_closed: bool
    opening: Amount
    revaluation_minor: int
    movements: dict[str, Amount]
    closing: Amount


class LiabilityPart(Schema):
    """Outstanding points of one age or one end.  ``until`` is empty for points that never end.

    ``is_idle``: they end in that month if their members are not active before, between ``first_day`` and ``last_day``.
    """

    from_months: int | None = None
    to_months: int | None = None
    until: date | None = None
    is_idle: bool = False
    first_day: date | None = None
    last_day: date | None = None
    amount: Amount


class CohortView(Schema):
    """Points of one month; ``issued`` without what went back.  Estimates are empty while too little is known."""

    month: date
    issued: int
    redeemed: int
    expired: int
    open: int
    ultimate: float | None
    lower: float | None
    upper: float | None
    curve: list[float]
    expected_curve: list[float]


class IdlingView(Schema):
    """Points that end after ``life_months`` without activity: which share ends in a month of those that can.

    Open points are carried on to ``wait_months`` after they first can end; both are empty while too little is known.
    """

    life_months: int
    rate: float | None
    wait_months: int | None


class FinanceReport(Schema):
    """Points of one type in the books as of a moment; ``idling`` only of points that end with inactivity."""

    points_type: str
    points_type_name: str
    currency: str
    at: datetime
    costs: list[PointsCostView]
    headline: FinanceHeadline
    months: list[RollForwardMonth]
    ages: list[LiabilityPart]
    ends: list[LiabilityPart]
    cohorts: list[CohortView]
    curve: list[float]
    idling: IdlingView | None = None


class WhatIf(Schema):
    """The liability as it is and as it would be."""

    outstanding_before: Amount
    outstanding_after: Amount
    expected_before: Amount | None
    expected_after: Amount | None
    ending_early: int


class JournalLineView(Schema):
    """One booking with the retailer's names of accounts; the amount is in minor units."""

    month: date
    movement: str
    points: int
    debit: str
    credit: str
    amount_minor: int
