"""Trend and breaks: the Nile, a known sum, and breaks against trying every set of breaks."""

from itertools import combinations

import numpy as np
import pytest
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st

from shuke.science.trend import _best_breaks, change_points, decomposed


def test_the_nile_falls_after_1898():
    nile = sm.datasets.nile.load_pandas().data
    breaks = change_points(nile["volume"].to_numpy())
    assert [int(nile["year"][i]) for i in breaks] == [1899]


def test_trend_and_season_are_told_apart():
    weeks = np.arange(156)
    season = 20 * np.sin(2 * np.pi * weeks / 52)
    series = 100 + 0.5 * weeks + season + np.random.default_rng(1).normal(0, 2, 156)
    found = decomposed(series, period=52)
    assert found.trend[[26, 130]] == pytest.approx(100 + 0.5 * weeks[[26, 130]], abs=4)
    assert found.season_strength > 0.9
    assert found.trend_strength > 0.9
    assert str(found.reading).startswith("Rising: +")
    assert found.trend + found.season + found.rest == pytest.approx(series)


def test_noise_has_neither_trend_nor_breaks():
    noise = np.random.default_rng(2).normal(50, 5, 200)
    assert change_points(noise) == []
    assert "No trend" in str(decomposed(noise, period=7).reading)
    assert change_points(np.full(30, 7.0)) == []


def test_a_series_that_is_too_short_is_refused():
    with pytest.raises(ValueError, match="needs 104 values"):
        decomposed(np.arange(60.0), period=52)
    with pytest.raises(ValueError, match="missing"):
        decomposed(np.array([1.0, np.nan] * 10), period=2)


@given(values=st.lists(st.integers(0, 20), min_size=4, max_size=9), price=st.integers(1, 60))
@settings(max_examples=60, deadline=None)
def test_the_breaks_are_as_good_as_trying_every_set_of_breaks(values, price):
    series = np.array(values, dtype=float)

    def total(breaks):
        parts = np.split(series, breaks)
        if min(map(len, parts)) < 2:
            return np.inf
        return sum(((part - part.mean()) ** 2).sum() for part in parts) + price * len(breaks)

    places = range(2, len(series) - 1)
    best = min(total(list(b)) for n in range(len(series) // 2) for b in combinations(places, n))
    assert total(_best_breaks(series, cost_of_break=float(price))) == pytest.approx(best)


def loess(y, weight, *, at, window, degree=1):
    """Cleveland's local line through the nearest points, in the words of his Fortran; places count from 1."""
    n = len(y)
    left = min(max(at - (window + 1) // 2, 0), max(n - window, 0))
    places = np.arange(left + 1, min(left + window, n) + 1)
    reach = max(at - places[0], places[-1] - at) + (max(window - n, 0) // 2)
    distance = np.abs(places - at)
    near = np.where(distance <= 0.001 * reach, 1.0, np.clip(1 - (distance / reach) ** 3, 0, None) ** 3)
    w = np.where(distance <= 0.999 * reach, near, 0) * weight[places - 1]
    w = w / w.sum()
    middle = w @ places
    spread = w @ (places - middle) ** 2
    if degree and np.sqrt(spread) > 0.001 * (n - 1):
        w = w * ((at - middle) / spread * (places - middle) + 1)
    return w @ y[places - 1]


def stl(y, *, period, low_pass, trend_window, inner, outer, seasonal=7, degree=1):
    """Seasonal-trend decomposition as the paper of 1990 describes it, every point by its own local line."""
    n = len(y)
    trend, season, weight = np.zeros(n), np.zeros(n), np.ones(n)
    ones = np.ones(n)
    for _ in range(outer + 1):
        for _ in range(inner):
            cycle = np.zeros(n + 2 * period)
            for start in range(period):
                part, own = (y - trend)[start::period], weight[start::period]
                cycle[start::period] = [
                    loess(part, own, at=at, window=seasonal, degree=degree) for at in range(len(part) + 2)
                ]
            smooth = cycle
            for width in (period, period, 3):
                smooth = np.convolve(smooth, np.ones(width) / width, mode="valid")
            low = np.array([loess(smooth, ones, at=at, window=low_pass) for at in range(1, n + 1)])
            season = cycle[period : period + n] - low
            trend = np.array(
                [loess(y - season, weight, at=at, window=trend_window) for at in range(1, n + 1)]
            )
        rest = np.abs(y - trend - season)
        limit = 6 * np.median(rest)
        weight = np.where(rest <= 0.001 * limit, 1.0, (1 - np.minimum(rest / limit, 1) ** 2) ** 2)
    return trend, season


#: A series and what R's ``stl`` makes of it, as the tests of its ports to C++ and Rust print it.
PORTED = np.array(
    [5, 9, 2, 9, 0, 6, 3, 8, 5, 8, 7, 8, 8, 0, 2, 5, 0, 5, 6, 7, 3, 6, 1, 4, 4, 4, 3, 7, 5, 8.0]
)
PORTED_SEASON = [0.36926576, 0.75655484, -1.3324139, 1.9553658, -0.6044802]
PORTED_TREND = [4.804099, 4.9097075, 5.015316, 5.16045, 5.305584]


def test_an_stl_written_from_the_paper_agrees_with_r_and_with_ours():
    # R smooths seasons by local means and skips every other point of the trend: hence the degree and the tolerance.
    trend, season = stl(PORTED, period=7, low_pass=7, trend_window=15, inner=2, outer=0, degree=0)
    assert season[:5] == pytest.approx(PORTED_SEASON, abs=0.03)
    assert trend[:5] == pytest.approx(PORTED_TREND, abs=0.03)
    trend, season = stl(PORTED, period=7, low_pass=9, trend_window=15, inner=2, outer=15)
    found = decomposed(PORTED, period=7)
    assert found.trend == pytest.approx(trend, abs=1e-6)
    assert found.season == pytest.approx(season, abs=1e-6)
