"""Intervals hold what they promise where errors are exchangeable."""

import numpy as np
import pytest

from shuke.science.forecast.intervals import conformal_quantiles, error_units, intervals


def test_the_worked_example():
    assert conformal_quantiles(np.array([5.0, -3, 0, 2, -1]), coverage=0.6) == (-3.0, 5.0)
    assert conformal_quantiles(np.arange(1.0, 100.0), coverage=0.8) == (10.0, 90.0)


def test_no_errors_no_interval():
    assert np.isnan(conformal_quantiles(np.array([np.nan]))).all()


@pytest.mark.parametrize("coverage", [0.5, 0.8, 0.9])
def test_coverage_of_exchangeable_errors(coverage):
    """Each time 39 old errors and a new one of a skewed distribution; the mean over many times is the promise."""
    rng = np.random.default_rng(int(coverage * 10))
    draws = rng.lognormal(size=(20_000, 40)) - 1.5
    held = 0
    for row in draws:
        low, high = conformal_quantiles(row[:39], coverage=coverage)
        held += low <= row[39] <= high
    # 40 divides by both sides, so that the finite-sample quantile is exact: between the promise and 2/40 more.
    assert coverage - 0.01 < held / len(draws) < coverage + 0.06


def test_units_make_small_and_large_series_one_group():
    rng = np.random.default_rng(4)
    size = np.repeat([1.0, 100.0], 200)
    history = 10 * size[:, None] + size[:, None] * rng.normal(size=(400, 60))
    errors = size[None, :, None] * rng.normal(size=(4, 400, 3))
    units = np.stack([error_units(history)] * 4)
    forecast = np.repeat(10 * size[:, None], 3, axis=1)
    low, high = intervals(forecast, errors=errors, units=units, groups=np.zeros(400, dtype=int), coverage=0.8)
    truth = forecast + size[:, None] * rng.normal(size=(400, 3))
    held = (truth >= low) & (truth <= high)
    assert held[:200].mean() == pytest.approx(0.8, abs=0.05)
    assert held[200:].mean() == pytest.approx(0.8, abs=0.05)


def test_a_series_with_many_errors_of_its_own_is_measured_by_itself():
    rng = np.random.default_rng(5)
    errors = rng.normal(size=(40, 20, 2)) * np.where(np.arange(20) == 0, 10.0, 1.0)[:, None]
    low, high = intervals(
        np.full((20, 2), 100.0), errors=errors, units=np.ones((40, 20)), groups=np.zeros(20, dtype=int)
    )
    assert (high - low)[0].mean() > 5 * (high - low)[1:].mean()


def test_nothing_is_sold_below_zero():
    low, high = intervals(
        np.full((3, 2), 0.5),
        errors=np.full((9, 3, 2), -4.0),
        units=np.ones((9, 3)),
        groups=np.zeros(3, dtype=int),
    )
    assert (low == 0).all()
    assert (high >= 0.5).all()
