import numpy as np
import pytest

from shuke.science.factors import factor_analysis, parallel_analysis

MEASURES = ("orders", "visits", "clicks", "spend", "basket", "margin")
#: Two things behind six measures.
LOADINGS = np.array([[0.9, 0], [0.8, 0], [0.7, 0], [0, 0.9], [0, 0.8], [0, 0.7]])


def measured(rng, n=1500):
    noise = np.sqrt(1 - (LOADINGS**2).sum(axis=1))
    return rng.standard_normal((n, 2)) @ LOADINGS.T + rng.standard_normal((n, 6)) * noise


def test_the_true_loadings_are_found_after_varimax():
    rng = np.random.default_rng(2)
    found = factor_analysis(measured(rng), measures=MEASURES, rng=rng)
    assert found.loadings.shape == (6, 2)
    order = np.argsort(np.abs(found.loadings[0]))[::-1]
    assert found.loadings[:, order] == pytest.approx(LOADINGS, abs=0.07)
    assert found.explained.sum() == pytest.approx((LOADINGS**2).sum() / 6, abs=0.03)
    assert "2 things lie behind 6 measures" in str(found.reading)


def test_noise_has_no_factor():
    rng = np.random.default_rng(3)
    data = rng.standard_normal((400, 5))
    assert parallel_analysis(data, rng=rng)[0] == 0
    found = factor_analysis(data, measures=tuple("abcde"), rng=rng)
    assert "nothing in common" in str(found.reading)


def test_rows_with_missing_values_are_left_out_and_constants_refused():
    rng = np.random.default_rng(4)
    data = measured(rng, n=800)
    data[::50, 2] = np.nan
    assert factor_analysis(data, measures=MEASURES, rng=rng).loadings.shape[1] == 2
    data[:, 2] = 1.0
    with pytest.raises(ValueError, match="vary"):
        factor_analysis(data, measures=MEASURES, rng=rng)
