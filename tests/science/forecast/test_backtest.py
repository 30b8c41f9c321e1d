"""At an origin nobody knows what comes after it."""

from dataclasses import replace

import numpy as np
import pytest

from shuke.science.forecast.backtest import rolling_origins, run_ladder
from shuke.science.forecast.global_model import TooLittleHistory, backtest_global, origin_features, trained
from tests.science.forecast.worlds import simulated

ORIGINS, HORIZON = (80, 88), 6


def with_another_future(panel, *, after):
    """The same past, and a future that could not be more different."""
    values = panel.values.copy()
    values[:, after:] = values[:, after:] * 7 + 1000
    return replace(panel, values=values)


def test_origins_have_their_whole_horizon():
    assert rolling_origins(52, horizon=8, windows=3, step=2) == (40, 42, 44)
    assert rolling_origins(10, horizon=8, windows=5, step=1) == (1, 2)
    assert rolling_origins(8, horizon=8, windows=5) == ()


def test_the_ladder_sees_nothing_after_the_origin():
    panel, _world = simulated(series=12)
    before = run_ladder(panel, origins=ORIGINS, horizon=HORIZON, season=52)
    after = run_ladder(with_another_future(panel, after=88), origins=ORIGINS, horizon=HORIZON, season=52)
    assert np.array_equal(before.forecasts, after.forecasts, equal_nan=True)
    assert not np.array_equal(before.actual, after.actual)


def test_the_global_model_sees_nothing_after_the_origin():
    panel, _world = simulated(series=60, is_planned=False)
    other = with_another_future(panel, after=88)
    # Without a plan not even the price and the promotions of the weeks to come are known.
    other = replace(
        other,
        price=np.where(np.arange(112) < 88, panel.price, 0.1),
        promotion=np.where(np.arange(112) < 88, panel.promotion, 1.0),
    )
    said = [
        backtest_global(p, origins=ORIGINS, horizon=HORIZON, season=52, rng=np.random.default_rng(1))
        for p in (panel, other)
    ]
    assert np.array_equal(*said)


def test_a_planned_price_is_a_feature_and_an_unplanned_one_is_not():
    panel, _world = simulated(series=5)
    cheap = replace(panel, price=np.where(np.arange(112) >= 104, 0.5, panel.price))
    known = [origin_features(p, origin=104, horizon=2, season=52)[0] for p in (panel, cheap)]
    assert not np.array_equal(*known, equal_nan=True)
    blind = [
        origin_features(replace(p, is_planned=False), origin=104, horizon=2, season=52)[0]
        for p in (panel, cheap)
    ]
    assert np.array_equal(*blind, equal_nan=True)


def test_what_sells_seldom_gets_its_own_methods():
    panel, _world = simulated(series=40, intermittent=0.5)
    found = run_ladder(panel, origins=(100,), horizon=4)
    tried = {name: ~np.isnan(found.forecasts[place, 0, :, 0]) for place, name in enumerate(found.methods)}
    assert (tried["croston"] ^ tried["ets"]).all()
    assert tried["seasonal_naive"].all()
    assert tried["croston"].any()
    assert tried["ets"].any()


def test_a_series_that_has_not_begun_has_no_forecast():
    panel, _world = simulated(series=3)
    values = panel.values.copy()
    values[1, :90] = np.nan
    found = run_ladder(replace(panel, values=values), origins=(85, 100), horizon=4, methods=["ses"])
    assert np.isnan(found.forecasts[0, 0, 1]).all()
    assert not np.isnan(found.forecasts[0, 1, 1]).any()


@pytest.mark.slow
def test_several_processes_say_the_same():
    panel, _world = simulated(series=300, weeks=60, known=52)
    one, two = (
        run_ladder(panel, origins=(48,), horizon=4, methods=["ses", "croston"], processes=n) for n in (1, 2)
    )
    assert np.array_equal(one.forecasts, two.forecasts, equal_nan=True)


def test_too_little_history_is_said():
    panel, _world = simulated(series=2, weeks=30, known=10)
    with pytest.raises(TooLittleHistory):
        trained(panel, cutoff=10, horizon=4, season=52, rng=np.random.default_rng(1))


def test_weeks_in_which_vouchers_were_worth_more_than_the_goods_teach_that_nothing_was_sold():
    """Paid less than nothing is no target of a Poisson mean: such a week once ended the whole study."""
    panel, _world = simulated(series=20)
    values = panel.values.copy()
    values[3, 40:44], values[5, 60] = -2.0, -500.0
    model = trained(
        replace(panel, values=values), cutoff=88, horizon=4, season=1, rng=np.random.default_rng(1), rounds=3
    )
    assert (model.forecast(replace(panel, values=values), origin=88)[~np.isnan(values[:, 87])] >= 0).all()
    nothing = replace(panel, values=np.where(np.arange(112) < 2, 1.0, -1.0) * np.ones((20, 1)))
    with pytest.raises(TooLittleHistory):
        trained(nothing, cutoff=88, horizon=4, season=1, rng=np.random.default_rng(1), rounds=3)


def test_what_was_not_planned_is_cut_with_the_sales():
    panel, _world = simulated(series=2)
    assert panel.known_at(80).price.shape == (2, 112)
    assert replace(panel, is_planned=False).known_at(80).price.shape == (2, 80)
