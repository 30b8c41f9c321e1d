"""One model for all series: gradient-boosted trees that learn from every series what the next weeks of any will be.

Direct: the distance ahead is a feature, so that no forecast feeds on another (Montero-Manso and Hyndman 2021 on global
models; the M5 accuracy competition, Makridakis and others 2022, on trees).  What is learned is the ratio of sales to
the series' own recent mean, by Poisson deviance weighted with that mean: the same as counts with an exposure, so that
promotions multiply and large series weigh as much as they sell.  Trees: LightGBM (Ke and others 2017).

A row of training is a series at an origin and a distance whose target lies before the day of training; features of an
origin see nothing after it, except a price and promotion that were planned (``Panel.is_planned``) and the calendar.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from shuke.science.forecast.panel import Floats, Panel

LAGS = 6
WINDOWS = (4, 8, 13, 26, 52)
#: Origins to learn from, at most; and rows.
MOST_ORIGINS = 26
MOST_ROWS = 600_000
ROUNDS = 200
#: Fewer rows than this teach nothing.
LEAST_ROWS = 400
_SETTINGS: dict[str, Any] = {
    "objective": "poisson",
    "poisson_max_delta_step": 0.7,
    "learning_rate": 0.08,
    "num_leaves": 31,
    "min_data_in_leaf": 40,
    "feature_fraction": 0.8,
    "bagging_fraction": 0.7,
    "bagging_freq": 1,
    "lambda_l2": 1.0,
    "max_bin": 127,
    "deterministic": True,
    "force_row_wise": True,
    "verbosity": -1,
}


class TooLittleHistory(ValueError):
    """There are too few series or weeks to learn from."""


@dataclass(frozen=True)
class GlobalModel:
    """Trained trees; ``season`` and ``horizon`` as they were trained with."""

    trees: Any
    horizon: int
    season: int

    def forecast(self, panel: Panel, *, origin: int) -> Floats:
        """Series × horizon from what is known at ``origin``; missing for a series that has not begun."""
        rows, scale = origin_features(panel, origin=origin, horizon=self.horizon, season=self.season)
        flat = rows.reshape(-1, rows.shape[2])
        ratio = np.asarray(self.trees.predict(flat)).reshape(rows.shape[:2])
        return np.where(np.isnan(scale)[:, None], np.nan, ratio * scale[:, None])


def trained(
    panel: Panel,
    *,
    cutoff: int,
    horizon: int,
    season: int,
    rng: np.random.Generator,
    threads: int = 1,
    rounds: int = ROUNDS,
) -> GlobalModel:
    """A model that has seen the first ``cutoff`` periods.  Raises ``TooLittleHistory``."""
    import lightgbm as lgb

    known = panel.known_at(cutoff)
    features, ratio, weight = _lessons(known, horizon=horizon, season=season, rng=rng)
    if len(ratio) < LEAST_ROWS:
        raise TooLittleHistory(f"{len(ratio)} lessons are too few; {LEAST_ROWS} are needed.")
    if not ratio.any():
        raise TooLittleHistory("Nothing was sold in any of the weeks to learn from.")
    settings = _SETTINGS | {"seed": int(rng.integers(2**31)), "num_threads": threads}
    data = lgb.Dataset(
        features, ratio, weight=weight / weight.mean(), categorical_feature=[features.shape[1] - 1]
    )
    return GlobalModel(lgb.train(settings, data, rounds), horizon, season)


def _lessons(
    known: Panel, *, horizon: int, season: int, rng: np.random.Generator
) -> tuple[Floats, Floats, Floats]:
    """Features, ratios and weights of past origins whose targets are known, the newest origins first."""
    last = known.periods - 1
    first = max(2, min(season // 2, known.periods // 3))
    origins = list(range(last, first - 1, -1))
    if len(origins) > MOST_ORIGINS:
        origins = [origins[i] for i in np.linspace(0, len(origins) - 1, MOST_ORIGINS).astype(int)]
    share = min(1.0, MOST_ROWS / max(1, len(origins) * len(known.values) * horizon))
    rows, ratios, weights = [], [], []
    for origin in origins:
        chosen = np.flatnonzero(rng.random(len(known.values)) < share)
        part = known.rows(chosen)
        found, scale = origin_features(part, origin=origin, horizon=horizon, season=season)
        reach = min(horizon, known.periods - origin)
        target = part.values[:, origin : origin + reach]
        sound = ~np.isnan(target) & ~np.isnan(scale)[:, None]
        rows.append(found[:, :reach][sound])
        # Where vouchers were worth more than a week's goods nothing was sold: no Poisson mean is below nothing.
        ratios.append(np.maximum(target / scale[:, None], 0.0)[sound])
        weights.append(np.broadcast_to(scale[:, None], target.shape)[sound])
    if not rows:
        raise TooLittleHistory("No origin lies far enough back.")
    return np.concatenate(rows), np.concatenate(ratios), np.concatenate(weights)


def origin_features(panel: Panel, *, origin: int, horizon: int, season: int) -> tuple[Floats, Floats]:
    """Series × horizon × features as known at ``origin``, and each series' recent mean that the ratios refer to.

    Nothing of ``panel.values`` from column ``origin`` on is read.
    """
    past = panel.values[:, :origin]
    scale = _scale(past)
    by_series = _own_features(panel, past=past, scale=scale, origin=origin)
    by_target = [
        _target_features(panel, past=past, scale=scale, origin=origin, ahead=ahead, season=season)
        for ahead in range(horizon)
    ]
    whole = np.stack([np.column_stack([by_series, part]) for part in by_target], axis=1)
    return whole.astype(np.float32), scale


def _scale(past: Floats) -> Floats:
    recent, whole = _mean(past[:, -WINDOWS[3] :]), _mean(past)
    scale = np.fmax(recent, 0.05 * whole)
    return np.where(scale > 0, scale, np.nan)


def _mean(values: Floats) -> Floats:
    known = ~np.isnan(values)
    count = known.sum(axis=1)
    return np.where(count > 0, np.where(known, values, 0).sum(axis=1) / np.maximum(count, 1), np.nan)


def _own_features(panel: Panel, *, past: Floats, scale: Floats, origin: int) -> Floats:
    lags = [
        past[:, -k] / scale if past.shape[1] >= k else np.full(len(past), np.nan) for k in range(1, LAGS + 1)
    ]
    means = [_mean(past[:, -w:]) / scale for w in WINDOWS]
    recent = past[:, -WINDOWS[2] :]
    spread = np.sqrt(_mean((recent - _mean(recent)[:, None]) ** 2)) / scale
    columns = [np.log(scale), *lags, *means, spread, _mean(np.where(np.isnan(recent), np.nan, recent == 0))]
    columns.append(np.minimum((~np.isnan(past)).sum(axis=1), 104).astype(float))
    if panel.promotion is not None:
        on = panel.promotion[:, max(0, origin - WINDOWS[2]) : origin]
        columns += [on[:, -1], on.mean(axis=1), _mean(np.where(on < 0.5, recent, np.nan)) / scale]
    if panel.price is not None:
        before = panel.price[:, max(0, origin - WINDOWS[2]) : origin]
        columns.append(before[:, -1] / _mean(before))
    return np.column_stack(columns)


def _target_features(
    panel: Panel, *, past: Floats, scale: Floats, origin: int, ahead: int, season: int
) -> Floats:
    n, target = len(past), origin + ahead
    day = panel.day(target).timetuple().tm_yday
    angle = 2 * np.pi * day / 365.25
    columns = [np.full(n, float(ahead)), np.full(n, np.sin(angle)), np.full(n, np.cos(angle))]
    if season > 1:
        columns += [_at(past, target - season) / scale, _around(past, target - season) / scale]
        # What came of the weeks before the origin a season ago.
        before = _mean(past[:, max(0, origin - season - 8) : max(0, origin - season)])
        columns.append(_around(past, target - season) / np.where(before > 0, before, np.nan))
    if panel.is_planned and panel.promotion is not None:
        columns.append(_at(panel.promotion, target))
    if panel.is_planned and panel.price is not None:
        columns.append(_at(panel.price, target) / _mean(panel.price[:, max(0, origin - WINDOWS[2]) : origin]))
    if panel.calendar is not None:
        columns += [
            np.full(n, float(_at(panel.calendar[k : k + 1], target)[0])) for k in range(len(panel.calendar))
        ]
    columns.append(panel.groups.astype(float))
    return np.column_stack([np.where(np.isfinite(c), c, np.nan) for c in columns])


def _at(values: Floats, period: int) -> Floats:
    """The column of a period, missing outside."""
    inside = 0 <= period < values.shape[1]
    return values[:, period] if inside else np.full(len(values), np.nan)


def _around(values: Floats, period: int) -> Floats:
    """The mean of a period and its neighbours."""
    low, high = max(0, period - 1), min(values.shape[1], period + 2)
    return _mean(values[:, low:high]) if low < high else np.full(len(values), np.nan)


def backtest_global(
    panel: Panel,
    *,
    origins: Sequence[int],
    horizon: int,
    season: int,
    rng: np.random.Generator,
    threads: int = 1,
    is_refitted: bool = True,
) -> Floats:
    """Origins × series × horizon.  Without ``is_refitted`` one model, trained before the first origin, serves all."""
    found, model = [], None
    for origin in origins:
        if model is None or is_refitted:
            model = trained(panel, cutoff=origin, horizon=horizon, season=season, rng=rng, threads=threads)
        found.append(model.forecast(panel, origin=origin))
    return np.stack(found)
