"""How strategies do in a slot, and what its bandit believes."""

from __future__ import annotations

from collections.abc import Sequence

import scipy

from shuke.apps.recommendations.models import BanditArm, BanditDay, OnlineReading
from shuke.apps.recommendations.queries.bandits import current_posteriors
from shuke.apps.recommendations.queries.online_products import product_bandit_view
from shuke.apps.recommendations.queries.slots import slot
from shuke.apps.recommendations.rules.choosing import PRIOR
from shuke.apps.recommendations.rules.strategies import tries_products
from shuke.apps.recommendations.schemas.online import (
    BanditDayView,
    BanditStrategy,
    BanditView,
    OnlineEstimate,
    OnlineReport,
    OnlineView,
)
from shuke.apps.recommendations.schemas.slots import SlotView
from shuke.science.recommendations.bandit_counts import DayCount, regret_days
from shuke.science.recommendations.thompson import chances_to_be_shown, expected_regret


def count_key(code: str) -> str:
    """The unique key of the job that counts a slot: how a page finds it."""
    return f"online {code}"


def online_view(code: str) -> OnlineView:
    """The newest count of the slot's present experiment, and its bandit.  Raises ``NotFound``."""
    view = slot(code)
    row = OnlineReading.objects.filter(slot__code=code, experiment_id=view.experiment_id).first()
    return OnlineView(
        slot=code,
        counted_at=row.at if row else None,
        report=OnlineReport.model_validate(row.report) if row else None,
        bandit=bandit_view(view) if view.bandit else None,
        products=product_bandit_view(view) if tries_products(view) else None,
    )


def bandit_view(view: SlotView) -> BanditView:
    """What the bandit of the slot believes, and its regret day by day."""
    known = current_posteriors(view.code)
    beliefs = [known.get(strategy, PRIOR) for strategy in view.bandit]
    chances = chances_to_be_shown(beliefs)
    newest = BanditArm.objects.filter(slot__code=view.code).order_by("-learned_until").first()
    return BanditView(
        strategies=[
            BanditStrategy(
                strategy=strategy,
                taken=taken - PRIOR[0],
                left=left - PRIOR[1],
                rate=_rate(taken, left),
                chance=float(chance),
            )
            for strategy, (taken, left), chance in zip(view.bandit, beliefs, chances, strict=True)
        ],
        next_regret=expected_regret(beliefs, shown=chances),
        learned_until=newest.learned_until if newest else None,
        days=_days(view.code, view.bandit),
    )


def _rate(taken: float, left: float) -> OnlineEstimate:
    """Mean and the middle 95 % of a Beta distribution."""
    low, high = scipy.stats.beta.ppf([0.025, 0.975], taken, left)
    return OnlineEstimate(value=taken / (taken + left), low=float(low), high=float(high))


def _days(code: str, strategies: Sequence[str]) -> list[BanditDayView]:
    rows = BanditDay.objects.filter(slot__code=code, strategy__in=strategies)
    counts = [DayCount(r.strategy, r.day, r.lists, r.drawn, r.taken, r.exposures) for r in rows]
    return [
        BanditDayView(day=one.day, bandit=one.bandit, uniform=one.uniform, shares=dict(one.shares))
        for one in regret_days(counts, strategies)
    ]
