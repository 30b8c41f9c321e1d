"""What a bandit learns from: exposures and clicks by strategy and day, although a click comes later than its list.

A list that was not clicked yet may still be.  To count only what was clicked would praise whoever was shown most just
now; to wait a whole day would learn slowly.  So a young list counts as the part of an exposure that its age is worth:
the share of clicks that came within that age among lists old enough to tell (Vernade, Cappé and Perchet 2017).  Clicks
divided by such exposures are an unbiased rate at every moment.  Until enough clicks are known, only old lists count.

A day's counts are computed from the lists themselves, never added to: doing it twice, after a crash or when events came
late and out of order, gives the same numbers.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import ibis
import numpy as np
from ibis.expr import types as ir

#: Ages in minutes by which lists and clicks are told apart; the last is the window of a click.
AGES = (1, 2, 5, 10, 20, 40, 90, 180, 360, 720, 1440)
#: Clicks of old lists from which the delays of clicks are known well enough.
LEAST_CLICKS = 50


@dataclass(frozen=True)
class DayCount:
    """One strategy on one day: ``lists`` it answered, ``drawn`` of them by a bandit, ``taken`` that were clicked, and
    ``exposures``: what the lists are worth at their ages."""

    strategy: str
    day: date
    lists: int
    drawn: int
    taken: int
    exposures: float


def delays(lists: ir.Table, touched: ir.Table, *, at: datetime) -> ir.Table:
    """``strategy, local_date, age, delay, lists, drawn``: lists by their age at ``at`` and their click's delay.

    ``age`` and ``delay`` count the :data:`AGES` that are over (int64); ``delay`` is null for a list without a click.
    Lists that another step of the ladder answered are left out, and what happened after ``at``.  ``lists`` and
    ``touched``: the results of ``online.answers`` and ``online.touches``.
    """
    now = ibis.literal(at, type="timestamp('UTC')")
    clicks = touched.filter(touched.kind == "clicked", touched.touched_at <= now)
    first = clicks.group_by("list_id").agg(taken_at=clicks.touched_at.min())
    asked = lists.filter(lists.fallback == "", lists.listed_at <= now)
    joined = asked.left_join(first, "list_id")
    dated = joined.mutate(
        **_aged(joined, now),
        is_drawn=(joined.strategy_chance < 1.0).fill_null(False).cast("int64"),  # noqa: FBT003
    )
    return dated.group_by("strategy", "local_date", "age", "delay").agg(
        lists=dated.count(), drawn=dated.is_drawn.sum()
    )


def item_delays(lists: ir.Table, taken: ir.Table, *, at: datetime) -> ir.Table:
    """``context, local_date, product_id, place, age, delay, lists``: the same of each product on each place.

    ``lists``: of ``online.answers``, those that tried out products; ``taken``: ``list_id, product_id, taken_at``, the
    first time that a product of a list was taken.
    """
    now = ibis.literal(at, type="timestamp('UTC')")
    asked = lists.filter(lists.listed_at <= now)
    kept = asked.select("list_id", "context", "local_date", "listed_at", product_id="product_ids")
    placed = kept.unnest("product_id", offset="number")
    placed = placed.mutate(place=placed.number.cast("int64") + 1, context=placed.context.fill_null(""))
    joined = placed.left_join(taken.filter(taken.taken_at <= now), ["list_id", "product_id"])
    dated = joined.mutate(**_aged(joined, now))
    keys = ("context", "local_date", "product_id", "place", "age", "delay")
    return dated.group_by(*keys).agg(lists=dated.count())


def _aged(joined: ir.Table, now: ir.Value) -> dict[str, ir.Value]:
    """``age`` and ``delay`` of rows with ``listed_at`` and ``taken_at``."""
    age, delay = ibis.literal(0, "int64"), ibis.literal(0, "int64")
    for minutes in AGES:
        over = joined.listed_at + ibis.interval(minutes=minutes)
        age = age + (over <= now).cast("int64")
        delay = delay + (over <= joined.taken_at).cast("int64")
    return {"age": age, "delay": delay}


@dataclass(frozen=True)
class ItemCount:
    """One product on one place on one day: ``lists``, what they are worth at their ages, and how many were taken."""

    product_id: str
    place: int
    lists: int
    exposures: float
    taken: int


def item_counts(rows: Iterable[Mapping[str, Any]]) -> dict[tuple[str, date], list[ItemCount]]:
    """By context and day, from the rows of :func:`item_delays`."""
    told = list(rows)
    worth = _worth(told)
    found: dict[tuple[str, date], dict[tuple[str, int], list[float]]] = {}
    for row in told:
        cells = found.setdefault((row["context"], row["local_date"]), {})
        cell = cells.setdefault((row["product_id"], row["place"]), [0, 0.0, 0])
        cell[0] += row["lists"]
        cell[1] += row["lists"] * worth[row["age"]]
        cell[2] += row["lists"] if row["delay"] is not None and worth[row["age"]] > 0 else 0
    return {
        key: [
            ItemCount(product, place, int(lists), float(exposures), int(taken))
            for (product, place), (lists, exposures, taken) in sorted(cells.items())
        ]
        for key, cells in sorted(found.items())
    }


def day_counts(rows: Iterable[Mapping[str, Any]]) -> list[DayCount]:
    """By strategy and day, from the rows of :func:`delays`."""
    told = list(rows)
    worth = _worth(told)
    found: dict[tuple[str, date], list[float]] = {}
    for row in told:
        counts = found.setdefault((row["strategy"], row["local_date"]), [0, 0, 0, 0.0])
        counts[0] += row["lists"]
        counts[1] += row["drawn"]
        if worth[row["age"]] > 0:
            counts[2] += row["lists"] if row["delay"] is not None else 0
            counts[3] += row["lists"] * worth[row["age"]]
    return [
        DayCount(strategy, day, int(lists), int(drawn), int(taken), float(exposures))
        for (strategy, day), (lists, drawn, taken, exposures) in sorted(found.items())
    ]


def _worth(rows: Sequence[Mapping[str, Any]]) -> np.ndarray:
    """Of each age, the part of an exposure: the mean of the shares of clicks at the two ends of its step."""
    whole = len(AGES)
    clicks = np.zeros(whole + 1)
    for row in rows:
        if row["age"] == whole and row["delay"] is not None:
            clicks[min(row["delay"], whole)] += row["lists"]
    worth = np.zeros(whole + 1)
    worth[whole] = 1.0
    if clicks.sum() >= LEAST_CLICKS:
        until = np.concatenate([[0.0], np.cumsum(clicks[:whole]) / clicks.sum()])
        worth[:whole] = (until[:-1] + until[1:]) / 2
    return worth


def faded(counts: Iterable[DayCount], *, today: date, half_life: float) -> dict[str, tuple[float, float]]:
    """Of each strategy ``(taken, left)`` without a prior, a day's counts halved for each ``half_life`` days since."""
    sums: dict[str, list[float]] = {}
    for count in counts:
        weight = 0.5 ** (max((today - count.day).days, 0) / half_life)
        sums.setdefault(count.strategy, [0.0, 0.0])
        sums[count.strategy][0] += weight * count.taken
        sums[count.strategy][1] += weight * count.exposures
    return {strategy: (taken, max(exposures - taken, 0.0)) for strategy, (taken, exposures) in sums.items()}


@dataclass(frozen=True)
class RegretDay:
    """At the end of a day, summed up since the first: clicks missed beside the best strategy in hindsight by the bandit
    (``bandit``) and by a uniform choice (``uniform``); ``shares`` of the day's drawn lists by strategy."""

    day: date
    bandit: float
    uniform: float
    shares: Mapping[str, float]


def regret_days(counts: Iterable[DayCount], strategies: Sequence[str]) -> list[RegretDay]:
    """The regret of what a bandit drew, by the click rates over all the days.

    Estimated: the rates are those that were seen, so small numbers mislead, and the best in hindsight is favoured by
    luck.  Empty where nothing was drawn or some strategy was never shown.
    """
    told = [count for count in counts if count.strategy in strategies]
    rates = {}
    for strategy in strategies:
        exposures = sum(count.exposures for count in told if count.strategy == strategy)
        if exposures <= 0:
            return []
        rates[strategy] = sum(count.taken for count in told if count.strategy == strategy) / exposures
    best = max(rates.values())
    uniform_miss = best - sum(rates.values()) / len(rates)
    found, bandit, uniform = [], 0.0, 0.0
    for day in sorted({count.day for count in told if count.drawn}):
        drawn = {count.strategy: count.drawn for count in told if count.day == day}
        whole = sum(drawn.values())
        bandit += sum(lists * (best - rates[strategy]) for strategy, lists in drawn.items())
        uniform += whole * uniform_miss
        shares = {strategy: drawn.get(strategy, 0) / whole for strategy in strategies}
        found.append(RegretDay(day, bandit, uniform, shares))
    return found
