"""Logistic regression on Spector and Mazzeo (1980) as printed in Greene, and on a known truth."""

import numpy as np
import pytest
import statsmodels.api as sm

from shuke.science.odds import Separated, independent, logistic_regression


def test_spector_and_mazzeo():
    data = sm.datasets.spector.load_pandas()
    measures = {name.lower(): data.exog[name].to_numpy() for name in data.exog}
    found = logistic_regression(data.endog.to_numpy() > 0, measures=measures)
    assert found.intercept == pytest.approx(-13.0213, abs=5e-5)
    coefficients = {ratio.measure: ratio.coefficient for ratio in found.ratios}
    assert coefficients == pytest.approx({"gpa": 2.8261, "tuce": 0.0952, "psi": 2.3787}, abs=5e-5)
    assert found.log_likelihood == pytest.approx(-12.8896, abs=5e-5)
    psi = found.ratios[2]
    assert psi.ratio == pytest.approx(np.exp(2.3787), rel=1e-4)
    assert psi.lower < psi.ratio < psi.upper
    assert "no difference" in str(found.ratios[1].reading)
    assert "higher odds" in str(psi.reading)


def test_the_true_odds_lie_in_the_interval():
    rng = np.random.default_rng(6)
    x, z = rng.standard_normal((2, 4000))
    yes = rng.random(4000) < 1 / (1 + np.exp(-(-1 + 0.7 * x)))
    found = {r.measure: r for r in logistic_regression(yes, measures={"x": x, "z": z}).ratios}
    assert found["x"].lower < np.exp(0.7) < found["x"].upper
    assert found["z"].lower < 1 < found["z"].upper


def test_what_cannot_be_estimated_is_refused():
    x = np.arange(20.0)
    with pytest.raises(Separated):
        logistic_regression(x > 9, measures={"x": x})
    # Everybody above the middle is a yes, below it some are: no ratio is large enough.
    with pytest.raises(Separated):
        logistic_regression((x > 9) | (x % 3 == 0), measures={"above": (x > 9) * 1.0, "x": x % 7})
    with pytest.raises(ValueError, match="follows from the others"):
        logistic_regression(x % 2 > 0, measures={"x": x, "twice": 2 * x})
    with pytest.raises(ValueError, match="same for everybody"):
        logistic_regression(x > -1, measures={"x": x})


def test_measures_that_repeat_the_others_are_left_out():
    rng = np.random.default_rng(8)
    orders, basket = rng.standard_normal((2, 500))
    measures = {
        "orders": orders,
        "basket": basket,
        "spend": orders + basket + 0.1 * rng.standard_normal(500),
        "constant": np.ones(500),
    }
    assert set(independent(measures)) == {"orders", "basket"}
    # The variance inflation of statsmodels, at its border.
    columns = np.column_stack([np.ones(500), orders, orders + 0.4 * rng.standard_normal(500)])
    from statsmodels.stats.outliers_influence import variance_inflation_factor

    inflation = variance_inflation_factor(columns, 1)
    pair = {"a": columns[:, 1], "b": columns[:, 2]}
    assert len(independent(pair, limit=inflation + 1e-6)) == 2
    assert len(independent(pair, limit=inflation - 1e-6)) == 1


def test_a_standardised_measure_is_read_as_much_of_it():
    rng = np.random.default_rng(9)
    x = rng.normal(100, 50, 2000)
    yes = rng.random(2000) < 1 / (1 + np.exp(-(x - 100) / 50))
    found = logistic_regression(yes, measures={"orders": x}, standardise=True).ratios[0]
    assert found.lower < np.e < found.upper
    assert str(found.reading).startswith("With much of orders instead of a middling value the odds are ")
