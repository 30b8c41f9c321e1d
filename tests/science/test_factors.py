"""Factor analysis: R's factanal on the ability tests, and known truths."""

import numpy as np
import pytest

from shuke.science.factors import factor_analysis, parallel_analysis, varimax

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


#: Covariances of six tests of 112 people (Smith and Stanley 1983), and what R's factanal says of them.
ABILITY = np.array(
    [
        [24.641, 5.991, 33.520, 6.023, 20.755, 29.701],
        [5.991, 6.700, 18.137, 1.782, 4.936, 7.204],
        [33.520, 18.137, 149.831, 19.424, 31.430, 50.753],
        [6.023, 1.782, 19.424, 12.711, 4.757, 9.075],
        [20.755, 4.936, 31.430, 4.757, 52.604, 66.762],
        [29.701, 7.204, 50.753, 9.075, 66.762, 135.292],
    ]
)
UNIQUENESSES = [0.455, 0.589, 0.218, 0.769, 0.052, 0.334]
IN_R = [[0.499, 0.543], [0.156, 0.622], [0.206, 0.860], [0.109, 0.468], [0.956, 0.182], [0.785, 0.225]]


def people_with(covariance, *, count, rng):
    """Rows whose covariance is exactly that one."""
    rows = rng.standard_normal((count, len(covariance)))
    rows -= rows.mean(axis=0)
    rows = rows @ np.linalg.inv(np.linalg.cholesky(rows.T @ rows / (count - 1))).T
    return rows @ np.linalg.cholesky(covariance).T


def test_the_ability_tests_as_r_reports_them():
    rng = np.random.default_rng(0)
    data = people_with(ABILITY, count=112, rng=rng)
    found = factor_analysis(data, measures=tuple("gpbmrv"), rng=rng, count=2)
    assert 1 - (found.loadings**2).sum(axis=1) == pytest.approx(UNIQUENESSES, abs=0.0006)
    order = [0, 1] if found.loadings[4, 0] > 0.9 else [1, 0]
    assert found.loadings[:, order] == pytest.approx(np.array(IN_R), abs=0.004)


def test_varimax_is_turned_as_far_as_it_goes():
    """No turn of the plane by any other angle makes the squares of the loadings vary more."""
    given = np.random.default_rng(5).uniform(-1, 1, (7, 2))
    turned = varimax(given)
    assert turned @ turned.T == pytest.approx(given @ given.T)

    def simplicity(loadings):
        unit = loadings / np.sqrt((loadings**2).sum(axis=1, keepdims=True))
        return (unit**2).var(axis=0).sum()

    for angle in np.linspace(0, np.pi, 181):
        turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
        assert simplicity(turned @ turn) <= simplicity(turned) + 1e-9


def test_scores_find_where_people_stand():
    rng = np.random.default_rng(6)
    truth = rng.standard_normal((1500, 2))
    data = truth @ LOADINGS.T + rng.standard_normal((1500, 6)) * np.sqrt(1 - (LOADINGS**2).sum(axis=1))
    found = factor_analysis(data, measures=MEASURES, rng=rng)
    data[0, 1] = np.nan
    agreement = np.abs(np.corrcoef(found.scores(data).T, truth.T)[:2, 2:])
    assert agreement.max(axis=1) == pytest.approx([0.94, 0.94], abs=0.03)
