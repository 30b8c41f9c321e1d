"""Intervals from the errors that were made: split conformal prediction, in units of each series' own ups and downs.

Signed errors at earlier origins, divided by the series' mean weekly change, are pooled in a scale group (and distance).
Their finite-sample quantiles around a new forecast cover at least the asked share if old and new errors are
exchangeable (Vovk and others 2005; Lei and others 2018; unequal sides as Romano and others 2019).  A series with enough
errors of its own gets its own quantiles.  Weeks are not quite exchangeable, so the coverage is measured, not believed.

Worked: errors -3, -1, 0, 2 and 5, coverage 0.6: of 5 errors the ceil(6 x 0.8) = 5th and the floor(6 x 0.2) = 1st, so
-3 to 5.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from shuke.science.forecast.panel import Floats

COVERAGE = 0.8
#: A series with so many errors of its own is measured by itself.
OWN_ERRORS = 60


def error_units(history: Floats, *, window: int = 52) -> Floats:
    """Per series the mean absolute change of the last ``window`` periods; at least a hundredth of its mean, above 0."""
    recent = history[:, -window:]
    change = np.abs(np.diff(recent, axis=1))
    known = ~np.isnan(change)
    mean_change = np.where(known, change, 0).sum(axis=1) / np.maximum(known.sum(axis=1), 1)
    seen = ~np.isnan(recent)
    mean = np.where(seen, recent, 0).sum(axis=1) / np.maximum(seen.sum(axis=1), 1)
    units: Floats = np.maximum(np.maximum(mean_change, 0.01 * mean), 1e-9)
    return units


def conformal_quantiles(errors: Floats, *, coverage: float = COVERAGE) -> tuple[float, float]:
    """The lower and upper quantile of signed errors that cover ``coverage``; nothing known, no interval (``nan``).

    Where there are too few errors for the share asked, the extremes are the best that can be said.
    """
    sound = np.sort(errors[~np.isnan(errors)])
    n, side = len(sound), (1 - coverage) / 2
    if n == 0:
        return float("nan"), float("nan")
    high = min(int(np.ceil((n + 1) * (1 - side) - 1e-9)), n) - 1
    low = max(int(np.floor((n + 1) * side + 1e-9)), 1) - 1
    return float(sound[low]), float(sound[high])


def intervals(
    forecast: Floats,
    *,
    errors: Floats,
    units: Floats,
    new_units: Floats | None = None,
    groups: NDArray[np.int64],
    coverage: float = COVERAGE,
) -> tuple[Floats, Floats]:
    """Low and high for ``forecast`` (series × horizon); low is at least 0.

    ``errors``: origins × series × horizon, actual less forecast.  ``units``: origins × series, the unit at each origin;
    ``new_units`` per series now, that of the last origin without it.
    """
    relative = errors / units[:, :, None]
    now = units[-1] if new_units is None else new_units
    low, high = np.full_like(forecast, np.nan), np.full_like(forecast, np.nan)
    for group in np.unique(groups):
        rows = np.flatnonzero(groups == group)
        for ahead in range(forecast.shape[1]):
            below, above = conformal_quantiles(relative[:, rows, ahead], coverage=coverage)
            low[rows, ahead], high[rows, ahead] = below * now[rows], above * now[rows]
    own = (~np.isnan(relative)).sum(axis=(0, 2)) >= OWN_ERRORS
    for row in np.flatnonzero(own):
        below, above = conformal_quantiles(relative[:, row], coverage=coverage)
        low[row], high[row] = below * now[row], above * now[row]
    return np.maximum(forecast + np.minimum(low, 0), 0), forecast + np.maximum(high, 0)
