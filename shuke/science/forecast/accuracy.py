"""How good forecasts were, by measures that bear zeros and different sizes.

Arrays are of any one shape for ``actual`` and ``forecast``; values that are missing in either are left out.  Per-series
measures are scaled by the history of the series: MASE and RMSSE (Hyndman and Koehler 2006; RMSSE as in the M5
competition) divide by the error of repeating the value of one season before.

>>> actual, forecast = np.array([10.0, 0.0, 20.0]), np.array([12.0, 1.0, 15.0])
>>> wape(actual, forecast=forecast), round(bias(actual, forecast=forecast), 4)
(0.26666666666666666, -0.0667)
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def wape(actual: Floats, *, forecast: Floats) -> float:
    """Sum of absolute errors over the sum of sales: 0.2 is a fifth wrong on the whole.  ``nan`` without sales."""
    known = ~(np.isnan(actual) | np.isnan(forecast))
    sold = np.abs(actual[known]).sum()
    return float(np.abs(actual - forecast)[known].sum() / sold) if sold else float("nan")


def bias(actual: Floats, *, forecast: Floats) -> float:
    """Forecast less sales over sales: above 0 too much was forecast.  ``nan`` without sales."""
    known = ~(np.isnan(actual) | np.isnan(forecast))
    sold = np.abs(actual[known]).sum()
    return float((forecast - actual)[known].sum() / sold) if sold else float("nan")


def coverage(actual: Floats, *, low: Floats, high: Floats) -> float:
    """Share of the actual values within their intervals, borders included."""
    known = ~(np.isnan(actual) | np.isnan(low) | np.isnan(high))
    inside = (actual >= low - 1e-9) & (actual <= high + 1e-9)
    return float(inside[known].mean()) if known.any() else float("nan")


def pinball(actual: Floats, *, forecast: Floats, quantile: float) -> float:
    """Mean quantile loss: what is too low costs ``quantile``, what is too high the rest."""
    gap = actual - forecast
    loss = np.maximum(quantile * gap, (quantile - 1) * gap)
    known = ~np.isnan(loss)
    return float(loss[known].mean()) if known.any() else float("nan")


def scales(history: Floats, *, season: int = 1, squared: bool = False) -> Floats:
    """Per series (rows) the mean absolute (or squared) change over one season; ``nan`` where there is none.

    ``history``: series × periods, missing before a series begins.
    """
    change = history[:, season:] - history[:, :-season]
    size = change**2 if squared else np.abs(change)
    known = ~np.isnan(size)
    count = known.sum(axis=1)
    mean = np.where(known, size, 0.0).sum(axis=1) / np.maximum(count, 1)
    return np.where((count > 0) & (mean > 0), mean, np.nan)


def mase(actual: Floats, *, forecast: Floats, history: Floats, season: int = 1) -> Floats:
    """Per series the mean absolute error in units of the naive one in ``history``; rows are series."""
    return _row_mean(np.abs(actual - forecast)) / scales(history, season=season)


def rmsse(actual: Floats, *, forecast: Floats, history: Floats, season: int = 1) -> Floats:
    """Per series the root of the mean squared error over that of the naive forecast; rows are series."""
    ratio = _row_mean((actual - forecast) ** 2) / scales(history, season=season, squared=True)
    return np.sqrt(ratio)


def _row_mean(errors: Floats) -> Floats:
    known = ~np.isnan(errors)
    count = known.sum(axis=1)
    return np.where(count > 0, np.where(known, errors, 0).sum(axis=1) / np.maximum(count, 1), np.nan)


@dataclass(frozen=True)
class Accuracy:
    """What is told of a set of forecasts.  ``rmsse`` and ``mase`` are medians over the series."""

    wape: float
    bias: float
    rmsse: float
    mase: float
    forecasts: int


def judged(actual: Floats, *, forecast: Floats, history: Floats, season: int = 1) -> Accuracy:
    """All measures of ``actual`` and ``forecast`` (series × horizon), scaled by ``history`` (series × periods)."""
    scaled = {
        name: measure(actual, forecast=forecast, history=history, season=season)
        for name, measure in (("rmsse", rmsse), ("mase", mase))
    }
    medians = {
        k: float(np.nanmedian(v)) if not np.isnan(v).all() else float("nan") for k, v in scaled.items()
    }
    both = int((~(np.isnan(actual) | np.isnan(forecast))).sum())
    return Accuracy(
        wape(actual, forecast=forecast), bias(actual, forecast=forecast), **medians, forecasts=both
    )
