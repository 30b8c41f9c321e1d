"""Bundles as pages and the API show them, and what the retailer wants of them."""

from __future__ import annotations

from datetime import date, datetime
from typing import Literal

from ninja import Schema
from pydantic import Field

from shuke.apps.recommendations.schemas.objects import ObjectInput

BundleState = Literal["fitting", "ready", "failed", "removed"]


class BundleSettings(ObjectInput):
    """``left_out_departments``: fuel, coupons, deposits: what is in the range and is never recommended.
    ``minimum_count``: an item in fewer baskets is left out."""

    left_out_departments: list[str] = Field(default_factory=list, max_length=200)
    minimum_count: int = Field(10, ge=1, le=1000)


class StrategyFigure(Schema):
    """nDCG@10 of a strategy on each member's latest known basket, fitted without it; None where it was not judged."""

    name: str
    value: float | None
    seconds: float
    peak_bytes: int


class BundleView(Schema):
    """One bundle.  ``best``: the strategy that is the house's default.  ``is_kept``: its files are there."""

    id: str
    as_of: date
    state: BundleState
    is_active: bool
    is_kept: bool
    built_at: datetime
    seconds: float
    cpu_seconds: float
    size_bytes: int
    peak_bytes: int
    members: int
    items: int
    metric: str
    asked_members: int
    best: str
    figures: list[StrategyFigure]
    steps: list[StrategyFigure]
    left_out_departments: list[str]
    problem: str


class BundlesPage(Schema):
    """Bundles, newest first."""

    items: list[BundleView]
    total: int
