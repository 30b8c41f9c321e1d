"""Rolling origins: what every method would have said then, beside what came.

At each origin a method knows only the periods before it (Tashman 2000).  Nothing that is estimated for all series
together (season, global model) sees more.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context

import numpy as np
from numpy.typing import NDArray

from shuke.science.forecast.ladder import SELDOM_METHODS, USUAL, Memory, forecast_series, is_seldom
from shuke.science.forecast.panel import Floats, Panel
from shuke.science.forecast.season import pooled_season

CHUNK = 250


def rolling_origins(periods: int, *, horizon: int, windows: int, step: int = 1) -> tuple[int, ...]:
    """The newest ``windows`` origins with a whole horizon known, ``step`` apart, rising; fewer if history is short."""
    last = periods - horizon
    return tuple(origin for k in reversed(range(windows)) if (origin := last - k * step) > 0)


@dataclass(frozen=True)
class Backtest:
    """``forecasts``: methods × origins × series × horizon, missing where a series did not exist or gets no such method.

    ``actual``: origins × series × horizon, missing where it has not come yet.
    """

    methods: tuple[str, ...]
    origins: tuple[int, ...]
    forecasts: Floats
    actual: Floats

    def with_method(self, name: str, forecasts: Floats) -> Backtest:
        """The same with one method more (origins × series × horizon)."""
        joined = np.concatenate([self.forecasts, forecasts[None]])
        return Backtest((*self.methods, name), self.origins, joined, self.actual)


def actuals(panel: Panel, *, origins: Sequence[int], horizon: int) -> Floats:
    """What came: origins × series × horizon."""
    wide = np.full((len(panel.values), panel.periods + horizon), np.nan)
    wide[:, : panel.periods] = panel.values
    return np.stack([wide[:, origin : origin + horizon] for origin in origins])


def run_ladder(
    panel: Panel,
    *,
    origins: Sequence[int],
    horizon: int,
    season: int = 1,
    methods: Sequence[str] | None = None,
    only: NDArray[np.bool_] | None = None,
    processes: int = 1,
) -> Backtest:
    """Each method at each origin (rising; ``panel.periods`` itself is today).

    ``methods``: names of ``ladder.METHODS``; the whole ladder without it, of which a series gets the half made for it.
    ``only``: methods × series, to ask for some.  ``processes`` above 1 starts as many interpreters.
    """
    names = tuple(methods or dict.fromkeys((*USUAL, *SELDOM_METHODS)))
    factors = [pooled_season(panel.known_at(origin), season=season) for origin in origins]
    wanted = np.ones((len(names), len(panel.values)), dtype=bool) if only is None else only
    jobs = [
        _Job(
            names,
            tuple(origins),
            horizon,
            season,
            panel.values[rows],
            wanted[:, rows],
            [f[panel.groups[rows]] for f in factors],
        )
        for start in range(0, len(panel.values), CHUNK)
        if len(rows := np.arange(start, min(start + CHUNK, len(panel.values))))
    ]
    if processes > 1 and len(jobs) > 1:
        with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
            parts = list(pool.map(_run, jobs))
    else:
        parts = [_run(job) for job in jobs]
    shape = (len(names), len(origins), 0, horizon)
    found = np.concatenate(parts, axis=2) if parts else np.empty(shape)
    return Backtest(names, tuple(origins), found, actuals(panel, origins=origins, horizon=horizon))


@dataclass(frozen=True)
class _Job:
    names: tuple[str, ...]
    origins: tuple[int, ...]
    horizon: int
    season: int
    values: Floats
    wanted: NDArray[np.bool_]
    factors: list[Floats]


def _run(job: _Job) -> Floats:
    found = np.full((len(job.names), len(job.origins), len(job.values), job.horizon), np.nan)
    for row in range(len(job.values)):
        memories: dict[str, Memory] = {name: {} for name in job.names}
        for place, origin in enumerate(job.origins):
            known = np.flatnonzero(~np.isnan(job.values[row, :origin]))
            if not len(known):
                continue
            begin = int(known[0])
            history = job.values[row, begin:origin]
            where = np.arange(begin, origin + job.horizon) % job.season
            factors = job.factors[place][row][where]
            made_for = SELDOM_METHODS if is_seldom(history) else USUAL
            for index, name in enumerate(job.names):
                if job.wanted[index, row] and name in made_for:
                    found[index, place, row] = forecast_series(
                        name,
                        history,
                        horizon=job.horizon,
                        season=job.season,
                        factors=factors,
                        memory=memories[name],
                    )
    return found
