"""The whole way on worlds whose truth is known."""

from dataclasses import replace

import numpy as np
import pytest

from shuke.science.forecast.accuracy import bias, coverage, wape
from shuke.science.forecast.forecasting import ForecastSettings, forecast, made_coherent
from shuke.science.forecast.global_model import TooLittleHistory
from shuke.science.forecast.reconciliation import Hierarchy
from tests.science.forecast.worlds import simulated

SETTINGS = ForecastSettings(windows=3, is_refitted=False)


@pytest.fixture(scope="module")
def world():
    panel, made = simulated(series=150)
    return panel, made, forecast(panel, settings=SETTINGS, rng=np.random.default_rng(1))


def test_the_choice_comes_near_the_best_that_anybody_could_do(world):
    _panel, made, found = world
    actual = made.sold[:, 104:]
    best = wape(actual, forecast=made.expected[:, 104:])
    naive = wape(actual, forecast=found.naive)
    ours = wape(actual, forecast=found.mean)
    assert best < ours < 0.6 * naive
    assert ours < 1.5 * best
    assert abs(bias(actual, forecast=found.mean)) < 0.05


def test_planned_promotions_make_the_global_model_better_than_the_ladder(world):
    _panel, _made, found = world
    said = dict(zip(found.backtest.methods, found.backtest.forecasts, strict=True))
    ladder = min(wape(found.backtest.actual, forecast=said[name]) for name in ("ses", "theta", "ets"))
    assert wape(found.backtest.actual, forecast=said["global"]) < 0.85 * ladder


def test_bands_hold_about_what_they_promise(world):
    _panel, made, found = world
    assert coverage(made.sold[:, 104:], low=found.low, high=found.high) == pytest.approx(0.8, abs=0.06)
    assert (found.low <= found.mean + 1e-9).all()
    assert (found.high >= found.mean - 1e-9).all()


def test_the_same_seed_says_the_same():
    panel, _made = simulated(series=12)
    short = replace(SETTINGS, windows=1, horizon=4)
    first, again = (forecast(panel, settings=short, rng=np.random.default_rng(5)) for _ in range(2))
    assert np.array_equal(first.mean, again.mean)
    assert first.method == again.method


def test_coherent_forecasts_add_up_now_and_in_the_past(world):
    panel, made, _found = world
    part = panel.rows(range(20))
    whole = replace(
        part,
        keys=(("total",), *part.keys),
        values=np.vstack([part.values.sum(axis=0), part.values]),
        group=np.append(0, np.ones(20, dtype=np.int64)),
        price=None,
        promotion=None,
        is_planned=False,
    )
    hierarchy = Hierarchy.of([-1] + [0] * 20)
    said = forecast(whole, settings=replace(SETTINGS, with_global=False), rng=np.random.default_rng(1))
    found = made_coherent(said, hierarchy)
    assert abs(hierarchy.constraints() @ found.mean).max() < 1e-6
    assert abs(hierarchy.constraints() @ found.in_life[1]).max() < 1e-6
    assert np.abs(found.mean - said.mean).max() > 0
    assert made.sold.shape[1] == 112


def test_a_young_series_gets_the_mean_of_what_is_known():
    panel, _made = simulated(series=30)
    values = panel.values.copy()
    values[3, :102] = np.nan
    values[3, 102:] = [4, 6]
    found = forecast(
        replace(panel, values=values),
        settings=replace(SETTINGS, with_global=False),
        rng=np.random.default_rng(1),
    )
    assert found.method[3] == ""
    assert found.mean[3].tolist() == [5.0] * 8
    assert not np.isnan(found.low[3]).any()


def test_a_history_shorter_than_the_horizon_is_refused():
    panel, _made = simulated(series=5, weeks=20, known=8)
    with pytest.raises(TooLittleHistory):
        forecast(panel, settings=SETTINGS, rng=np.random.default_rng(1))
