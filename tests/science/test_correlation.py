"""Correlation: Anscombe's published value, scipy's own tests, and no false alarms among noise."""

import numpy as np
import pytest
from scipy import stats

from shuke.science.correlation import correlations, cramers_v, pearson, spearman

ANSCOMBE_X = np.array([10, 8, 13, 9, 11, 14, 6, 4, 12, 7, 5.0])
ANSCOMBE_Y = np.array([8.04, 6.95, 7.58, 8.81, 8.33, 9.96, 7.24, 4.26, 10.84, 4.82, 5.68])


def test_anscombes_first_set():
    value, lower, upper, p = pearson(ANSCOMBE_X, ANSCOMBE_Y)
    assert value == pytest.approx(0.81642, abs=5e-6)
    z = np.arctanh(value)
    assert (lower, upper) == pytest.approx(
        (np.tanh(z - 1.959964 / 8**0.5), np.tanh(z + 1.959964 / 8**0.5)), abs=1e-6
    )
    assert p == pytest.approx(0.00217, abs=5e-6)


def test_the_interval_of_spearman_covers_as_often_as_it_says():
    rng = np.random.default_rng(3)
    truth = 6 / np.pi * np.arcsin(0.6 / 2)  # of a bivariate normal with correlation 0.6
    hits = 0
    for _ in range(200):
        x = rng.standard_normal(80)
        y = 0.6 * x + 0.8 * rng.standard_normal(80)
        _, lower, upper, _ = spearman(x, y)
        hits += lower <= truth <= upper
    assert 180 <= hits <= 199


def test_cramers_v_is_bergsmas():
    x = np.array(["a"] * 30 + ["b"] * 30, dtype=object)
    assert cramers_v(x, x)[0] == pytest.approx(1.0, abs=1e-9)
    assert cramers_v(x, x)[2] == pytest.approx(1.0, abs=1e-9)
    y = np.array((["u"] * 20 + ["v"] * 10) + (["u"] * 10 + ["v"] * 20), dtype=object)
    chi = stats.chi2_contingency([[20, 10], [10, 20]], correction=False)
    corrected = 2 - 1 / 59
    expected = ((chi.statistic / 60 - 1 / 59) / (corrected - 1)) ** 0.5
    value, lower, upper, p = cramers_v(x, y)
    assert (value, p) == (pytest.approx(expected), pytest.approx(chi.pvalue))
    # The bounds are the dependences under which a table so far from chance, or so near to it, is rare.
    for bound, rare in ((lower, 0.025), (upper, 0.975)):
        noncentrality = bound**2 * (corrected - 1) * 60
        assert stats.ncx2.sf(chi.statistic, 1, noncentrality) == pytest.approx(rare, abs=1e-6)


def test_the_interval_of_cramers_v_covers_as_often_as_it_says():
    rng = np.random.default_rng(4)
    joint = np.array([[0.20, 0.10, 0.05], [0.05, 0.20, 0.10], [0.10, 0.05, 0.15]])
    chance = np.outer(joint.sum(axis=1), joint.sum(axis=0))
    truth = (((joint - chance) ** 2 / chance).sum() / 2) ** 0.5
    hits = 0
    for _ in range(200):
        cells = rng.choice(9, size=250, p=joint.ravel())
        _, lower, upper, _ = cramers_v((cells // 3).astype(object), (cells % 3).astype(object))
        hits += lower <= truth <= upper
    assert 180 <= hits <= 199


def test_noise_raises_no_alarm_and_the_true_pair_does():
    rng = np.random.default_rng(8)
    noise = {f"noise {i}": rng.standard_normal(150) for i in range(12)}
    real = {"orders": noise["noise 0"] * 0.7 + rng.standard_normal(150) * 0.5}
    found = correlations({**noise, **real}, kind="pearson")
    assert {found[0].first, found[0].second} == {"noise 0", "orders"}
    assert found[0].q_value < 1e-6
    assert sum(pair.q_value <= 0.05 for pair in found) <= 3
    assert "The more noise 0, the more orders" in str(found[0].reading)
    assert "chance" in str(found[-1].reading)


def test_missing_values_are_left_out_pair_by_pair_and_names_by_v():
    measures = {
        "spend": np.array([1.0, 2, 3, np.nan, 5, 6, 7, 8]),
        "orders": np.array([2.0, 4, 6, 8, 10, 12, np.nan, 16]),
        "city": np.array(["a", "a", None, "b", "b", "b", "a", "b"], dtype=object),
        "channel": np.array(["x", "x", "y", "y", "y", "y", "x", "y"], dtype=object),
    }
    found = {(c.first, c.second): c for c in correlations(measures)}
    assert set(found) == {("spend", "orders"), ("city", "channel")}
    assert (found["spend", "orders"].members, found["spend", "orders"].value) == (6, pytest.approx(1.0))
    assert found["city", "channel"].kind == "cramers_v"
