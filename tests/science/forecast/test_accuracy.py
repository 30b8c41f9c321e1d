"""Measures of accuracy against numbers worked by hand."""

import numpy as np
import pytest

from shuke.science.forecast.accuracy import bias, coverage, judged, mase, pinball, rmsse, scales, wape

HISTORY = np.array([[1.0, 3.0, 2.0, 6.0], [np.nan, np.nan, 5.0, 5.0]])


def test_shares_of_the_sales():
    actual, forecast = np.array([10.0, 0.0, 20.0, np.nan]), np.array([12.0, 1.0, 15.0, 99.0])
    assert wape(actual, forecast=forecast) == pytest.approx(8 / 30)
    assert bias(actual, forecast=forecast) == pytest.approx(-2 / 30)


def test_nothing_sold_has_no_share():
    assert np.isnan(wape(np.zeros(3), forecast=np.ones(3)))
    assert np.isnan(bias(np.zeros(3), forecast=np.ones(3)))


def test_scales_are_the_changes_of_the_history():
    assert scales(HISTORY)[0] == pytest.approx((2 + 1 + 4) / 3)
    assert scales(HISTORY, season=2)[0] == pytest.approx((1 + 3) / 2)
    # A series that never changed has no scale: its errors cannot be measured in it.
    assert np.isnan(scales(HISTORY)[1])


def test_scaled_errors_per_series():
    actual, forecast = np.array([[4.0, 8.0], [5.0, 5.0]]), np.array([[5.0, 5.0], [5.0, 6.0]])
    assert mase(actual, forecast=forecast, history=HISTORY)[0] == pytest.approx(2 / (7 / 3))
    assert rmsse(actual, forecast=forecast, history=HISTORY)[0] == pytest.approx(np.sqrt(5 / (21 / 3)))


def test_coverage_counts_the_borders():
    low, high = np.zeros(4), np.full(4, 2.0)
    assert coverage(np.array([0.0, 2.0, 2.1, np.nan]), low=low, high=high) == pytest.approx(2 / 3)


def test_pinball_is_least_at_its_quantile():
    draws = np.arange(1.0, 101.0)
    losses = {q: pinball(draws, forecast=np.full(100, q), quantile=0.9) for q in (80.0, 90.0, 95.0)}
    assert min(losses, key=losses.__getitem__) == 90.0
    assert pinball(np.array([3.0]), forecast=np.array([1.0]), quantile=0.9) == pytest.approx(1.8)


def test_naive_on_its_own_history_has_mase_one():
    walk = np.cumsum(np.random.default_rng(1).normal(size=(20, 200)), axis=1) + 100
    found = judged(walk[:, 1:], forecast=walk[:, :-1], history=walk)
    assert found.mase == pytest.approx(1.0, abs=1e-9)
    assert found.rmsse == pytest.approx(1.0, abs=1e-9)
    assert found.forecasts == 20 * 199
