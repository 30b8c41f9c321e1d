"""From orders to the value of every member: models judged by a hold-out, the best one fitted to all that is known.

What a marketer needs beside the numbers is in the result: how the model was chosen, how it did in the hold-out, and
whether it may say who has left.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import polars as pl
from ibis.expr import types as ir
from numpy.typing import NDArray

from shuke.science.lifetime.choice import Choice, Gate, choose, dropout_gate
from shuke.science.lifetime.fitting import Fit, NotFitted, fit
from shuke.science.lifetime.futures import spend_range
from shuke.science.lifetime.histories import Floats, Histories, grouped, purchase_histories, row_numbers
from shuke.science.lifetime.holdout import (
    FrequencyBin,
    Tracking,
    by_calibration_frequency,
    daily_purchases,
    holdout_orders,
    tracking,
)
from shuke.science.lifetime.returning import Comeback, Returning, comeback, mixed, returning
from shuke.science.lifetime.spend import SpendFit, fit_spend
from shuke.science.lifetime.value import Estimates, discounted_orders, estimates

#: Fewer members with repeat purchases, or fewer days, say nothing of the time to come.
LEAST_REPEATERS = 50
LEAST_DAYS = 84
#: The hold-out is a quarter of what is known, and no longer than this.
LONGEST_HOLDOUT = 90
#: The interval of the total needs the values a dozen times; so many rows give it as well as all.
ROWS_OF_TOTAL = 20_000


@dataclass(frozen=True)
class ValueSettings:
    """``horizon_days`` ahead; ``yearly_discount`` as a part of one; ``level`` of a member's range, from ``draws``."""

    horizon_days: int = 364
    yearly_discount: float = 0.10
    level: float = 0.8
    draws: int = 200

    @property
    def daily_discount(self) -> float:
        """The same discount, continuously compounded, for a day."""
        return float(np.log1p(self.yearly_discount)) / 365


@dataclass(frozen=True)
class Holdout:
    """What was judged: days up to ``split`` against ``days`` after it; ``comeback``: see ``returning``."""

    split: date
    days: int
    first_day: date
    bins: list[FrequencyBin]
    tracking: Tracking
    actual: float
    expected: float
    comeback: Comeback | None


@dataclass(frozen=True)
class Valuation:
    """The value of every member.

    ``members`` has ``member_id, frequency, expected_orders, probability_alive`` (missing where the gate is shut),
    ``value_minor`` (discounted), ``low_minor, high_minor`` (range of what the member may spend, not discounted).
    ``returning``: what is expected of members called gone, where they come back.
    ``total``: the value of all, with the interval of the expectation; ``None`` where the parameters are undetermined.
    """

    members: pl.DataFrame
    fitted: Fit
    spend: SpendFit
    choice: Choice
    gate: Gate
    holdout: Holdout
    returning: Returning | None
    total: Estimates | None


def valued(
    purchases: ir.Table, *, as_of: date, rng: np.random.Generator, settings: ValueSettings | None = None
) -> Valuation:
    """Value all who bought by ``as_of``.

    ``purchases``: one row per counted order, ``member_id, local_date, net_minor``.  Raises ``NotFitted`` where there
    is too little to learn from: under ``LEAST_REPEATERS`` members with a repeat purchase, under ``LEAST_DAYS`` days.
    """
    wanted = settings or ValueSettings()
    members = purchase_histories(purchases, as_of=as_of).to_polars().sort("member_id")
    days = int(members["age_days"].max() or 0) if len(members) else 0
    repeaters = int((members["frequency"] > 0).sum())
    if repeaters < LEAST_REPEATERS or days < LEAST_DAYS:
        raise NotFitted(
            f"{repeaters} members with repeat purchases in {days} days are too few to learn from."
        )
    choice, holdout = _judged(purchases, as_of=as_of, days=days)
    rows, numbers = _rows(members)
    fitted = fit(choice.best.model, rows)
    gate = choice.gate if not choice.gate.is_identified else dropout_gate(fitted, rows)
    back = returning(holdout.comeback, rows)
    spend, average = _spend(members)
    valued_members = _members(
        members,
        rows=rows,
        numbers=numbers,
        fitted=fitted,
        back=back,
        worth=_worth(spend, members, average),
        settings=wanted,
    )
    one_by_one = _one_by_one(members)
    low, high = spend_range(
        fitted, one_by_one, back=back, spend=spend, average=average, horizon=wanted.horizon_days, rng=rng,
        draws=wanted.draws, level=wanted.level,
    )  # fmt: skip
    ranged = valued_members.with_columns(
        probability_alive=pl.col("probability_alive") if gate.is_identified else pl.lit(None, pl.Float64),
        low_minor=pl.Series(low).round().cast(pl.Int64),
        high_minor=pl.Series(high).round().cast(pl.Int64),
    )
    total = _total(fitted, one_by_one, back=back, worth=ranged["worth"].to_numpy(), settings=wanted)
    return Valuation(ranged.drop("worth"), fitted, spend, choice, gate, holdout, back, total)


def _rows(members: pl.DataFrame) -> tuple[Histories, NDArray[np.intp]]:
    frequency, age = members["frequency"].to_numpy(), members["age_days"].to_numpy().astype(np.float64)
    recency = members["recency_days"].to_numpy().astype(np.float64)
    rows = grouped(frequency=frequency, recency=recency, age=age, log_gaps=members["log_gaps"].to_numpy())
    return rows, row_numbers(frequency=frequency, recency=recency, age=age)


def _one_by_one(members: pl.DataFrame) -> Histories:
    return Histories(
        members["frequency"].to_numpy(),
        members["recency_days"].to_numpy().astype(np.float64),
        members["age_days"].to_numpy().astype(np.float64),
        np.ones(len(members)),
        members["log_gaps"].to_numpy(),
    )


def _judged(purchases: ir.Table, *, as_of: date, days: int) -> tuple[Choice, Holdout]:
    """Choose by a hold-out, and draw what its pictures need."""
    length = min(LONGEST_HOLDOUT, days // 4)
    split = as_of - timedelta(days=length)
    known = purchase_histories(purchases, as_of=split).to_polars().sort("member_id")
    later = holdout_orders(purchases, split=split, until=as_of).to_polars()
    came = known.select("member_id").join(later, on="member_id", how="left").sort("member_id")["orders"]
    rows, numbers = _rows(known)
    orders = came.fill_null(0).to_numpy().astype(np.float64)
    means = np.bincount(numbers, weights=orders) / rows.weight
    returned = np.bincount(numbers, weights=orders > 0) / rows.weight
    choice = choose(rows, holdout_orders=means, returned=returned, horizon=length)
    expected = choice.best.model.expected_orders(choice.best.theta, rows, horizon=length)
    first_day, entries, repeats = _daily(purchases, split=split, until=as_of)
    holdout = Holdout(
        split=split,
        days=length,
        first_day=first_day,
        bins=by_calibration_frequency(choice.best, rows, orders=means, horizon=length, width=_width(rows)),
        tracking=tracking(
            choice.best, entries=entries, repeats=repeats, calibration_days=(split - first_day).days + 1
        ),
        actual=float(orders.sum()),
        expected=float(rows.weight @ expected),
        comeback=comeback(choice, rows, orders=means, horizon=length),
    )
    return choice, holdout


def _width(rows: Histories) -> int:
    """So wide that eight groups of frequencies reach to where nine members of ten are."""
    counts = np.bincount(rows.frequency, weights=rows.weight).cumsum()
    return max(1, int(np.searchsorted(counts, 0.9 * counts[-1])) // 7)


def _daily(
    purchases: ir.Table, *, split: date, until: date
) -> tuple[date, NDArray[np.int64], NDArray[np.int64]]:
    """First and repeat purchases of every day from the first to ``until``, days without any included."""
    told = daily_purchases(purchases, split=split, until=until).to_polars().sort("local_date")
    first = told["local_date"][0]
    every = pl.DataFrame({"local_date": pl.date_range(first, until, "1d", eager=True)})
    filled = every.join(told, on="local_date", how="left").fill_null(0).sort("local_date")
    return first, filled["entries"].to_numpy(), filled["repeats"].to_numpy()


def _spend(members: pl.DataFrame) -> tuple[SpendFit, Floats]:
    """The spend of repeat purchases, and each member's average of them (0 where there are none)."""
    frequency = members["frequency"].to_numpy()
    money = np.maximum(members["spend_minor"].to_numpy().astype(np.float64), 0.0)
    average = money / np.maximum(frequency, 1)
    told = (frequency > 0) & (average > 0)
    if int(told.sum()) < LEAST_REPEATERS:
        raise NotFitted("There are too few members whose repeat purchases cost anything.")
    return fit_spend(purchases=frequency[told], average=average[told]), average


def _worth(spend: SpendFit, members: pl.DataFrame, average: Floats) -> Floats:
    """Expected money of one order of each member."""
    purchases = np.where(average > 0, members["frequency"].to_numpy(), 0)
    known = spend.p * purchases + spend.q > 1
    usual = float(average[average > 0].mean())
    # A tail so heavy that its mean is infinite (q below 1) tells nothing of who has no purchases of its own.
    with np.errstate(divide="ignore", invalid="ignore"):
        own = spend.expected_spend(purchases=purchases, average=average)
    return np.where(known, own, usual)


def _members(
    members: pl.DataFrame,
    *,
    rows: Histories,
    numbers: NDArray[np.intp],
    fitted: Fit,
    back: Returning | None,
    worth: Floats,
    settings: ValueSettings,
) -> pl.DataFrame:
    """Expectations, computed once for equal histories and handed to their members."""
    horizon = float(settings.horizon_days)
    weight = back.weight(fitted, rows, horizon=horizon) if back else None
    orders = _orders(fitted, rows, back=back, weight=weight, horizon=horizon)
    discounted = _orders(
        fitted, rows, back=back, weight=weight, horizon=horizon, discount=settings.daily_discount
    )
    alive = fitted.model.probability_alive(fitted.theta, rows)
    return members.select("member_id", "frequency").with_columns(
        expected_orders=pl.Series(orders[numbers]),
        probability_alive=pl.Series(alive[numbers]),
        value_minor=pl.Series(discounted[numbers] * worth).round().cast(pl.Int64),
        worth=pl.Series(worth),
    )


def _orders(
    fitted: Fit,
    histories: Histories,
    *,
    back: Returning | None,
    weight: Floats | None,
    horizon: float,
    discount: float = 0.0,
    theta: Floats | None = None,
) -> Floats:
    """Discounted orders of each row; what is expected of who comes back (``weight``) is taken as known."""
    orders = discounted_orders(fitted, histories, horizon=horizon, discount=discount, theta=theta)
    if back is None or weight is None:
        return orders
    staying = discounted_orders(back.without, histories, horizon=horizon, discount=discount)
    return mixed(orders, staying, weight=weight)


def _total(
    fitted: Fit, histories: Histories, *, back: Returning | None, worth: Floats, settings: ValueSettings
) -> Estimates | None:
    """The value of all members and its interval; of very many, from every n-th."""
    step = slice(None, None, max(1, len(worth) // ROWS_OF_TOTAL))
    some, each = histories.rows(step), worth[step]
    scale = len(worth) / len(each)
    weight = back.weight(fitted, some, horizon=settings.horizon_days) if back else None

    def value(theta: Floats) -> Floats:
        orders = _orders(
            fitted,
            some,
            back=back,
            weight=weight,
            horizon=settings.horizon_days,
            discount=settings.daily_discount,
            theta=theta,
        )
        return np.array([scale * float(each @ orders)])

    try:
        return estimates(fitted, value)
    except NotFitted:
        return None
