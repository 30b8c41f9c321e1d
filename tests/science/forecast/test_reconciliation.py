"""Forecasts add up, by the least movement, as matrices worked by hand say."""

import numpy as np
import pytest

from shuke.science.forecast.reconciliation import Hierarchy, bottom_up, reconciled, shrunk_covariance

#: Total; departments a and b; a1, a2 below a; b1, b2 below b.
TREE = Hierarchy.of([-1, 0, 0, 1, 1, 2, 2])
SUMMING = np.array([[1, 1, 1, 1], [1, 1, 0, 0], [0, 0, 1, 1], *np.eye(4)])
SAID = np.array([[100.0], [55.0], [40.0], [30.0], [20.0], [25.0], [20.0]])


def by_summing(covariance):
    """S (S' W^-1 S)^-1 S' W^-1 y: the formula of the paper."""
    inverse = np.linalg.inv(covariance)
    middle = np.linalg.inv(SUMMING.T @ inverse @ SUMMING)
    return SUMMING @ middle @ SUMMING.T @ inverse @ SAID


def test_the_worked_example():
    found = reconciled(np.array([[10.0], [4.0], [5.0]]), Hierarchy.of([-1, 0, 0]), covariance=np.ones(3))
    assert found[:, 0] == pytest.approx([10 - 1 / 3, 4 + 1 / 3, 5 + 1 / 3])


def test_the_sums_hold():
    found = reconciled(SAID, TREE)
    assert abs(TREE.constraints() @ found).max() < 1e-9
    assert found[3:].sum() == pytest.approx(found[0, 0])


def test_it_is_mint_of_the_paper():
    rng = np.random.default_rng(1)
    root = rng.normal(size=(7, 7))
    full = root @ root.T + np.eye(7)
    assert reconciled(SAID, TREE, covariance=full) == pytest.approx(by_summing(full))
    variances = np.diag(full).copy()
    assert reconciled(SAID, TREE, covariance=variances) == pytest.approx(by_summing(np.diag(variances)))
    sizes = np.array([4.0, 2, 2, 1, 1, 1, 1])
    assert TREE.sizes().tolist() == sizes.tolist()
    assert reconciled(SAID, TREE) == pytest.approx(by_summing(np.diag(sizes)))


def test_what_adds_up_already_is_left_alone():
    coherent = SUMMING @ np.array([[1.0], [2.0], [3.0], [4.0]])
    assert reconciled(coherent, TREE) == pytest.approx(coherent)


def test_what_is_sure_moves_less():
    variances = np.array([1e-6, 1, 1, 1, 1, 1, 1])
    assert reconciled(SAID, TREE, covariance=variances)[0, 0] == pytest.approx(100.0, abs=1e-3)


def test_nothing_falls_below_zero_and_the_sums_hold_still():
    said = np.array([[10.0], [9.0], [30.0], [0.5], [1.0], [2.0], [2.0]])
    free = by_summing(np.eye(7))  # another level of sales, the same operator
    assert free.shape == (7, 1)
    found = reconciled(said, TREE, covariance=np.array([0.01, 5, 1, 50, 50, 1, 1]))
    assert found.min() >= 0
    assert abs(TREE.constraints() @ found).max() < 1e-3


def test_one_total_of_departments_and_of_stores():
    both = Hierarchy.of([-1, 0, 0, 0, 0, 0], [0, 0, 0, 1, 1, 1])
    found = reconciled(np.array([[100.0], [40], [50], [20], [30], [40]]), both, covariance=np.ones(6))
    assert found[1:3].sum() == pytest.approx(found[0, 0])
    assert found[3:].sum() == pytest.approx(found[0, 0])


def test_bottom_up_adds_the_leaves():
    assert bottom_up(SAID, TREE)[:3, 0].tolist() == [95.0, 50.0, 45.0]
    assert bottom_up(SAID, TREE)[3:].tolist() == SAID[3:].tolist()


def test_a_circle_is_refused():
    with pytest.raises(ValueError, match="circle"):
        Hierarchy.of([1, 0])


def test_correlations_are_shrunk_as_schaefer_and_strimmer_say():
    errors = np.array([[1.0, -2.0, 3.0, -1.0, 0.5], [0.5, -1.0, 2.5, 0.0, 1.0], [2.0, 1.0, -1.0, 0.3, -2.0]])
    found, share = shrunk_covariance(errors)
    scaled = errors / np.sqrt((errors**2).mean(axis=1))[:, None]
    noise = squares = 0.0
    for one in range(3):
        for other in range(3):
            if one != other:
                products = scaled[one] * scaled[other]
                noise += ((products - products.mean()) ** 2).sum() / (5 * 4)
                squares += products.mean() ** 2
    assert share == pytest.approx(min(1, noise / squares))
    assert np.diag(found) == pytest.approx((errors**2).mean(axis=1))
    assert found[0, 1] == pytest.approx((1 - share) * (errors[0] * errors[1]).mean())


def test_unrelated_errors_are_shrunk_and_related_ones_are_not():
    rng = np.random.default_rng(2)
    apart = shrunk_covariance(rng.normal(size=(30, 40)))[1]
    common = rng.normal(size=(1, 400)) + 0.3 * rng.normal(size=(30, 400))
    assert apart > 0.8
    assert shrunk_covariance(common)[1] < 0.02
