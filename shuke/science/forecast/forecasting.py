"""From series to forecasts: try the ladder at earlier origins, choose, forecast, put intervals round it.

See docs/algorithms/forecast.md.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from shuke.science.forecast.backtest import Backtest, rolling_origins, run_ladder
from shuke.science.forecast.choice import chosen, chosen_before, chosen_elsewhere, picked
from shuke.science.forecast.global_model import TooLittleHistory, backtest_global, trained
from shuke.science.forecast.intervals import COVERAGE, error_units, intervals
from shuke.science.forecast.ladder import is_seldom
from shuke.science.forecast.panel import Floats, Panel
from shuke.science.forecast.reconciliation import Hierarchy, reconciled, shrunk_covariance

#: The name of the model of all series among the methods.
GLOBAL = "global"
#: The method that every other is held against.
NAIVE = "seasonal_naive"
#: More series than this are reconciled by their variances alone: a full matrix of them costs memory by the square.
MOST_FULL = 2000


@dataclass(frozen=True)
class ForecastSettings:
    """How far ahead, in which season, and how much the past is asked.

    ``windows`` origins, ``step`` periods apart, choose the method and give the errors for the intervals.
    """

    horizon: int = 8
    season: int = 52
    windows: int = 3
    step: int = 4
    coverage: float = COVERAGE
    with_global: bool = True
    #: Whether the model of all series is trained anew at each origin of the past, or once before the first of them.
    is_refitted: bool = True
    processes: int = 1
    threads: int = 1


@dataclass(frozen=True)
class Forecasts:
    """``mean``, ``low`` and ``high``: series × horizon.  ``method``: the name of each series' method, "" for none.

    ``naive`` is what repeating the newest season says.  ``backtest`` holds what every method said at earlier origins;
    ``in_life`` (origins × series × horizon) what the choice would have said each time, knowing earlier origins alone
    (the first is missing); ``in_life_low`` and ``in_life_high`` its intervals (the first two are missing).  ``errors``:
    sales less what the other origins' choice said, the errors that the intervals are made of.
    """

    mean: Floats
    low: Floats
    high: Floats
    naive: Floats
    method: tuple[str, ...]
    backtest: Backtest
    in_life: Floats
    in_life_low: Floats
    in_life_high: Floats
    errors: Floats


def forecast(panel: Panel, *, settings: ForecastSettings, rng: np.random.Generator) -> Forecasts:
    """Forecast every series of the panel.

    A series that is too young for any earlier origin gets the mean of what is known.
    """
    origins = rolling_origins(
        panel.periods, horizon=settings.horizon, windows=settings.windows, step=settings.step
    )
    if not origins or not len(panel.values):
        raise TooLittleHistory(f"{panel.periods} periods are too few to look {settings.horizon} ahead.")
    tried = run_ladder(
        panel, origins=origins, horizon=settings.horizon, season=settings.season, processes=settings.processes
    )
    tried, ahead_of_all = _with_global(panel, tried, settings=settings, rng=rng)
    groups = choice_groups(panel)
    choice = chosen(tried, groups=groups)
    mean, naive = _final(panel, tried, choice, ahead_of_all, settings=settings)
    honest = chosen_elsewhere(tried, groups=groups)
    errors = tried.actual - honest
    units = np.stack([error_units(panel.values[:, :origin]) for origin in origins])
    low, high = intervals(
        mean,
        errors=errors,
        units=units,
        new_units=error_units(panel.values),
        groups=groups,
        coverage=settings.coverage,
    )
    in_life = chosen_before(tried, groups=groups)
    bands = _bands_in_life(tried, in_life, units=units, groups=groups, coverage=settings.coverage)
    names = tuple(tried.methods[c] if c >= 0 else "" for c in choice)
    return Forecasts(mean, low, high, naive, names, tried, in_life, *bands, errors=errors)


def choice_groups(panel: Panel) -> NDArray[np.int64]:
    """Series that choose together and whose errors are pooled: of one group, and alike in selling often or seldom."""
    seldom = np.array([is_seldom(row[~np.isnan(row)]) for row in panel.values], dtype=np.int64)
    return panel.groups * 2 + seldom


def _with_global(
    panel: Panel, tried: Backtest, *, settings: ForecastSettings, rng: np.random.Generator
) -> tuple[Backtest, Floats | None]:
    """The backtest with the model of all series, and what that says now; unchanged where there is little to learn."""
    if not settings.with_global:
        return tried, None
    shape = {"horizon": settings.horizon, "season": settings.season}
    try:
        past = backtest_global(
            panel,
            origins=tried.origins,
            rng=rng,
            threads=settings.threads,
            is_refitted=settings.is_refitted,
            **shape,
        )
        now = trained(panel, cutoff=panel.periods, rng=rng, threads=settings.threads, **shape)
    except TooLittleHistory:
        return tried, None
    return tried.with_method(GLOBAL, past), now.forecast(panel, origin=panel.periods)


def _final(
    panel: Panel,
    tried: Backtest,
    choice: NDArray[np.int64],
    ahead_of_all: Floats | None,
    *,
    settings: ForecastSettings,
) -> tuple[Floats, Floats]:
    """What each series' own method says today (the mean of the newest values where it has none), and the naive one."""
    ladder = tuple(name for name in tried.methods if name != GLOBAL)
    wanted = np.arange(len(ladder))[:, None] == choice[None, :]
    wanted[ladder.index(NAIVE)] = True
    today = run_ladder(
        panel,
        origins=[panel.periods],
        horizon=settings.horizon,
        season=settings.season,
        methods=ladder,
        only=wanted,
        processes=settings.processes,
    ).forecasts[:, 0]
    naive = today[ladder.index(NAIVE)]
    if ahead_of_all is not None:
        today = np.concatenate([today, ahead_of_all[None]])
    mean = picked(today, choice)
    recent = panel.values[:, -8:]
    known = ~np.isnan(recent)
    fallback = np.where(known, recent, 0).sum(axis=1) / np.maximum(known.sum(axis=1), 1)
    return np.where(np.isnan(mean), fallback[:, None], mean), np.nan_to_num(naive)


def _bands_in_life(
    tried: Backtest, said: Floats, *, units: Floats, groups: NDArray[np.int64], coverage: float
) -> tuple[Floats, Floats]:
    low, high = np.full_like(said, np.nan), np.full_like(said, np.nan)
    errors = tried.actual - said
    for place in range(2, len(tried.origins)):
        low[place], high[place] = intervals(
            said[place],
            errors=errors[1:place],
            units=units[1:place],
            new_units=units[place],
            groups=groups,
            coverage=coverage,
        )
    return low, high


def made_coherent(found: Forecasts, hierarchy: Hierarchy) -> Forecasts:
    """The same forecasts with sums that hold, now and at every origin of the past; intervals move with their middle.

    At an origin of the past only errors that were known then weigh the rows; where there are none, the sizes do.
    """
    mean = _coherent(found.mean, hierarchy, errors=found.errors)
    past = [found.in_life.copy(), found.in_life_low.copy(), found.in_life_high.copy()]
    errors = found.backtest.actual - found.in_life
    for place in range(1, len(found.backtest.origins)):
        said = found.in_life[place]
        whole = np.nan_to_num(said)
        moved = _coherent(whole, hierarchy, errors=errors[1:place]) - whole
        for part in past:
            part[place] = np.maximum(part[place] + moved, 0)
    shift = mean - found.mean
    return replace(
        found,
        mean=mean,
        low=np.maximum(found.low + shift, 0),
        high=np.maximum(found.high + shift, 0),
        in_life=past[0],
        in_life_low=past[1],
        in_life_high=past[2],
    )


def _coherent(forecasts: Floats, hierarchy: Hierarchy, *, errors: Floats) -> Floats:
    if not errors.size or np.isnan(errors).all():
        return reconciled(forecasts, hierarchy)
    flat = np.moveaxis(errors, 1, 0).reshape(len(forecasts), -1)
    if len(forecasts) <= MOST_FULL:
        return reconciled(forecasts, hierarchy, covariance=shrunk_covariance(flat)[0])
    variances = np.nan_to_num(flat).var(axis=1)
    least = variances[variances > 0].min() if (variances > 0).any() else 1.0
    return reconciled(forecasts, hierarchy, covariance=np.maximum(variances, least))
