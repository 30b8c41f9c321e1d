"""Methods against published numbers, known identities and recursions written out."""

import numpy as np
import pytest

from shuke.science.forecast import ladder
from shuke.science.forecast.ladder import forecast_series

#: Oil production of Saudi Arabia 1996 to 2013 (Hyndman and Athanasopoulos, Forecasting: Principles and Practice, 7.1).
OIL = np.array(
    [445.36, 453.20, 454.41, 422.38, 456.04, 440.39, 425.19, 486.21, 500.43, 521.28, 508.95, 488.89, 509.87, 456.72,
     473.82, 525.95, 549.83, 542.34]
)  # fmt: skip
SELDOM = np.array([0, 0, 3, 0, 2, 0, 0, 0, 5, 0, 0, 1, 0, 0, 4, 0], dtype=float)


def said(name, history, *, horizon=3, season=1, factors=None):
    ones = np.ones(len(history) + horizon)
    return forecast_series(
        name, history, horizon=horizon, season=season, factors=ones if factors is None else factors, memory={}
    )


def test_additive_smoothing_of_the_oil_series_is_the_published_forecast():
    found = ladder.ets(OIL, 5, 1, {"ets": "ANNN"})
    assert found == pytest.approx(np.full(5, 542.6806), abs=0.02)


def test_theta_is_smoothing_with_half_the_slope():
    """Hyndman and Billah (2003): SES plus drift; one step further adds half the slope of the line."""
    history = np.random.default_rng(1).normal(size=60).cumsum() + 80 + 0.5 * np.arange(60)
    found = said("theta", history, horizon=6)
    slope = np.polyfit(np.arange(60), history, 1)[0]
    assert np.diff(found) == pytest.approx(np.full(5, slope / 2), rel=1e-6)


def test_a_form_that_was_chosen_is_kept():
    memory = {}
    ladder.ets(OIL, 3, 1, memory)
    assert memory["ets"][2] == "N"
    kept = dict(memory)
    ladder.ets(OIL + 1, 3, 1, memory)
    assert memory == kept


def test_a_week_without_a_sale_does_not_stop_a_multiplicative_form():
    assert np.isfinite(ladder.ets(np.append(OIL, 0.0), 3, 1, {"ets": "MNNN"})).all()


def test_croston_without_its_bias_by_hand():
    size, gap, since = None, None, 1
    for value in SELDOM:
        if value:
            size = value if size is None else 0.9 * size + 0.1 * value
            gap = since if gap is None else 0.9 * gap + 0.1 * since
            since = 0
        since += 1
    assert said("croston", SELDOM) == pytest.approx(np.full(3, 0.95 * size / gap))


def test_tsb_falls_while_nothing_is_sold():
    chance, size = float(SELDOM[0] > 0), None
    for value in SELDOM[1:]:
        chance = 0.9 * chance + 0.1 * (value > 0)
    for value in SELDOM[SELDOM > 0]:
        size = value if size is None else 0.9 * size + 0.1 * value
    assert said("tsb", SELDOM) == pytest.approx(np.full(3, chance * size))
    assert said("tsb", np.append(SELDOM, np.zeros(20)))[0] < 0.3 * said("tsb", SELDOM)[0]


def test_methods_for_what_sells_seldom_know_a_steady_rate():
    steady = np.tile([0.0, 0.0, 6.0], 40)
    for name in ("imapa", "tsb", "ses"):
        assert said(name, steady)[0] == pytest.approx(2.0, rel=0.35), name


def test_repeating_the_season_and_the_newest_value_of_a_short_history():
    assert said("seasonal_naive", np.arange(12.0), season=4, horizon=6).tolist() == [8, 9, 10, 11, 8, 9]
    assert said("seasonal_naive", np.arange(12.0), season=52).tolist() == [11, 11, 11]


def test_boosted_decomposition_continues_a_line():
    assert said("mfles", 50 + 2.0 * np.arange(60), horizon=4) == pytest.approx(
        170 + 2.0 * np.arange(4), rel=0.02
    )


def test_season_is_taken_out_and_put_back():
    factors = np.tile([0.5, 1.5], 30)
    found = said("ses", (20 * factors)[:56], horizon=4, factors=factors)
    assert found == pytest.approx([10, 30, 10, 30], rel=1e-6)


@pytest.mark.parametrize("name", list(ladder.METHODS))
def test_no_forecast_is_negative_missing_or_runs_away(name):
    rng = np.random.default_rng(3)
    for history in (
        np.zeros(30),
        rng.poisson(0.2, 40).astype(float),
        np.exp(np.arange(40) / 4),
        40.0 - np.arange(40),
        np.ones(3),
    ):
        found = said(name, history, horizon=30)
        assert np.isfinite(found).all()
        assert found.min() >= 0
        assert found.max() <= max(2 * history.max(), 1e-9)


def test_selling_seldom_begins_at_the_published_border():
    assert ladder.is_seldom(np.tile([1.0, 0.0], 10))
    assert ladder.is_seldom(np.tile([1.0, 1.0, 1.0, 0.0], 10))  # 4/3 periods a sale
    assert not ladder.is_seldom(np.tile([1.0, 1.0, 1.0, 1.0, 0.0], 10))
