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
