"""The choice follows the series where it has much to say, and its group where it has not."""

import numpy as np
import pytest

from shuke.science.forecast.backtest import Backtest
from shuke.science.forecast.choice import chosen, chosen_before, chosen_elsewhere, picked


def backtest(errors, *, level=1.0):
    """``errors``: methods × origins × series × horizon, added to sales of ``level``."""
    errors = np.asarray(errors, dtype=float)
    actual = np.full(errors.shape[1:], float(level))
    return Backtest(
        tuple(f"m{k}" for k in range(len(errors))), tuple(range(errors.shape[1])), actual + errors, actual
    )


def test_the_worked_example():
    errors = np.zeros((2, 1, 3, 8))
    # The series itself, and two others that make its group's errors 0.20 and 0.28.
    errors[0, 0] = np.array([0.30, 0.15, 0.15])[:, None]
    errors[1, 0] = np.array([0.26, 0.29, 0.29])[:, None]
    found = backtest(errors)
    groups = np.zeros(3, dtype=np.int64)
    assert chosen(found, groups=groups)[0] == 0
    assert chosen(found, groups=groups, prior_points=0)[0] == 1


def test_with_much_history_the_series_decides():
    errors = np.zeros((2, 60, 3, 8))
    errors[0] = np.array([0.30, 0.15, 0.15])[:, None]
    errors[1] = np.array([0.26, 0.29, 0.29])[:, None]
    assert chosen(backtest(errors), groups=np.zeros(3, dtype=np.int64)).tolist() == [1, 0, 0]


def test_a_method_that_is_missing_now_is_not_chosen():
    errors = np.zeros((2, 2, 1, 4)) + 0.5
    errors[0, 0], errors[0, 1] = 0.0, np.nan
    assert chosen(backtest(errors), groups=np.zeros(1, dtype=np.int64)).tolist() == [1]


def test_a_series_nobody_forecast_has_no_method():
    errors = np.full((2, 2, 1, 4), np.nan)
    choice = chosen(backtest(errors), groups=np.zeros(1, dtype=np.int64))
    assert choice.tolist() == [-1]
    assert np.isnan(picked(np.zeros((2, 1, 4)), choice)).all()


def test_each_series_takes_its_own_method():
    forecasts = np.arange(2 * 3 * 4, dtype=float).reshape(2, 3, 4)
    assert np.array_equal(picked(forecasts, np.array([1, 0, 1])), forecasts[[1, 0, 1], [0, 1, 2]])


def test_an_origin_is_judged_by_the_choice_of_others():
    """Errors of the winner on its own weeks are too small; those of the others' winner are not."""
    rng = np.random.default_rng(1)
    found = backtest(rng.normal(size=(8, 4, 300, 4)), level=10)
    groups = np.arange(300)
    own = picked(found.forecasts, chosen(found, groups=groups))
    assert np.abs(own - found.actual).mean() < 0.75
    elsewhere = np.abs(chosen_elsewhere(found, groups=groups) - found.actual).mean()
    assert elsewhere == pytest.approx(np.sqrt(2 / np.pi), abs=0.02)


def test_life_knows_earlier_origins_alone():
    errors = np.zeros((2, 3, 1, 2))
    errors[0, :, 0, :] = np.array([0.1, 0.9, 0.9])[:, None]
    errors[1, :, 0, :] = np.array([0.5, 0.1, 0.1])[:, None]
    said = chosen_before(backtest(errors), groups=np.zeros(1, dtype=np.int64)) - 1
    assert np.isnan(said[0]).all()
    assert said[1:, 0, 0] == pytest.approx([0.9, 0.1])
