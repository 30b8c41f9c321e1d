"""Which method a series gets: the one whose errors were least at earlier origins, its own errors and its group's.

A few weeks of one series say little, so every method's own error is averaged with what it erred in the series' group
as if the group had spoken for ``PRIOR_POINTS`` weeks (empirical Bayes in the plain form).  With much history the series
decides for itself.

Worked: a series erred by 0.30 of its sales with SES and 0.26 with Theta over 8 weeks, its group by 0.20 and 0.28.  With
16 points for the group: SES (8 x 0.30 + 16 x 0.20) / 24 = 0.233, Theta (8 x 0.26 + 16 x 0.28) / 24 = 0.273; SES it is.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from shuke.science.forecast.backtest import Backtest
from shuke.science.forecast.panel import Floats

PRIOR_POINTS = 16.0


def chosen(
    backtest: Backtest,
    *,
    groups: NDArray[np.int64],
    is_used: NDArray[np.bool_] | None = None,
    prior_points: float = PRIOR_POINTS,
) -> NDArray[np.int64]:
    """The index of the method of each series, -1 where none ever forecast it.

    ``is_used``: which origins count, all without it.  A method that is missing at the last origin that counts is not
    for this series (any more), and is not chosen while another is there.
    """
    use = np.ones(len(backtest.origins), dtype=bool) if is_used is None else is_used
    forecasts, actual = backtest.forecasts[:, use], backtest.actual[use]
    errors = np.abs(forecasts - actual)
    known = ~np.isnan(errors)
    own = np.where(known, errors, 0).sum(axis=(1, 3))
    points = known.sum(axis=(1, 3))
    sold = np.where(known, np.abs(actual), 0).sum(axis=(1, 3))
    level = _level(sold, points)
    by_group = _group_errors(own, sold, groups)
    score = (own / level + prior_points * by_group) / (points + prior_points)
    newest = forecasts[:, -1, :, 0] if forecasts.shape[1] else np.full(own.shape, np.nan)
    score = np.where(np.isnan(newest), score + 1e6, score)
    score = np.where((points > 0) | ~np.isnan(newest), score, np.inf)
    best = np.argmin(score, axis=0)
    return np.where(np.isfinite(score.min(axis=0)), best, -1)


def _level(sold: Floats, points: NDArray[np.int64]) -> Floats:
    """Mean sales of the series in the weeks that were forecast; what was never sold is measured in pieces."""
    mean = sold.max(axis=0) / np.maximum(points.max(axis=0), 1)
    return np.where(mean > 0, mean, 1.0)


def _group_errors(own: Floats, sold: Floats, groups: NDArray[np.int64]) -> Floats:
    """Methods × series: the method's share of error in the series' group; a large one where it was never tried."""
    count = int(groups.max()) + 1 if len(groups) else 0
    found = np.empty_like(own)
    for method in range(len(own)):
        errors = np.bincount(groups, weights=own[method], minlength=count)
        sales = np.bincount(groups, weights=sold[method], minlength=count)
        share = np.where(sales > 0, errors / np.maximum(sales, 1e-12), 10.0)
        found[method] = share[groups]
    return found


def picked(forecasts: Floats, choice: NDArray[np.int64]) -> Floats:
    """Of forecasts (methods × … × series × horizon) each series' own; missing where the choice is -1."""
    moved = np.moveaxis(forecasts, -2, 1)
    taken = moved[np.maximum(choice, 0), np.arange(len(choice))]
    taken = np.where((choice >= 0).reshape(-1, *(1,) * (taken.ndim - 1)), taken, np.nan)
    return np.moveaxis(taken, 0, -2)


def chosen_elsewhere(backtest: Backtest, *, groups: NDArray[np.int64]) -> Floats:
    """Origins × series × horizon: at each origin the method that the *other* origins choose.

    These errors are honest where those of the winner on its own weeks are not; intervals are made of them.  With one
    origin there is no other, and it speaks for itself.
    """
    count = len(backtest.origins)
    found = np.empty_like(backtest.actual)
    for place in range(count):
        others = np.arange(count) != place if count > 1 else np.ones(1, dtype=bool)
        choice = chosen(backtest, groups=groups, is_used=others)
        found[place] = picked(backtest.forecasts[:, place], choice)
    return found


def chosen_before(backtest: Backtest, *, groups: NDArray[np.int64]) -> Floats:
    """The same with the method that *earlier* origins choose, as in life; the first origin is missing."""
    found = np.full_like(backtest.actual, np.nan)
    for place in range(1, len(backtest.origins)):
        choice = chosen(backtest, groups=groups, is_used=np.arange(len(backtest.origins)) < place)
        found[place] = picked(backtest.forecasts[:, place], choice)
    return found
