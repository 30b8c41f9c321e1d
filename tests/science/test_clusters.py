"""Groups: the irises against scipy and R, known truths, and what must not change the answer."""

import numpy as np
import pytest

from shuke.science.clusters import STABLE, hdbscan, k_means, scaled


def three_groups(rng, size=150):
    centres = np.array([[0, 0, 0], [8, 8, 0], [0, 8, 8.0]])
    truth = np.repeat([0, 1, 2], size)
    return centres[truth] + rng.standard_normal((3 * size, 3)), truth


def agree(label, truth):
    from sklearn.metrics import adjusted_rand_score

    return adjusted_rand_score(label, truth)


def test_k_means_finds_three_groups_and_says_that_they_are_stable():
    rng = np.random.default_rng(1)
    data, truth = three_groups(rng)
    found = k_means(data, rng=rng, candidates=(2, 3, 4, 5), halves=3)
    assert len(found.sizes) == 3
    assert agree(found.label, truth) > 0.97
    assert next(t.stability for t in found.tried if t.k == 3) > 0.95
    assert found.sizes == tuple(sorted(found.sizes, reverse=True))
    assert "3 groups" in str(found.reading)
    assert "stand apart" in str(found.clarity)
    assert found.profile.shape == (3, 3)


def test_one_cloud_is_not_stable():
    rng = np.random.default_rng(2)
    found = k_means(rng.standard_normal((400, 4)), rng=rng, candidates=(4, 5, 6), halves=3)
    assert max(t.stability for t in found.tried) < STABLE
    assert "do not build on them" in str(found.reading)
    assert "run into one another" in str(found.clarity)


def test_a_monotone_change_of_a_measure_changes_nothing():
    """Groups do not depend on whether money is shown in cents, or as its logarithm."""
    rng = np.random.default_rng(4)
    data, _ = three_groups(rng, size=60)
    first = k_means(data, rng=np.random.default_rng(9), candidates=(3,), halves=2)
    again = k_means(np.exp(data), rng=np.random.default_rng(9), candidates=(3,), halves=2)
    assert np.array_equal(first.label, again.label)


def test_hdbscan_leaves_out_who_belongs_nowhere():
    rng = np.random.default_rng(5)
    groups = [rng.normal(centre, 0.25, (150, 2)) for centre in ((0, 0), (6, 6))]
    data = np.vstack([*groups, rng.uniform(-3, 9, (20, 2))])
    found = hdbscan(data, least_members=40)
    assert len(found.sizes) == 2
    assert agree(found.label[:300], np.repeat([0, 1], 150)) > 0.9


def test_too_few_members_are_refused():
    with pytest.raises(ValueError, match="too few"):
        k_means(np.zeros((5, 2)), rng=np.random.default_rng(0))


def test_the_irises_are_two_stable_groups():
    from sklearn.datasets import load_iris

    irises = load_iris()
    found = k_means(irises.data, rng=np.random.default_rng(1), candidates=(2, 3, 4))
    assert found.sizes == (100, 50)
    assert agree(found.label == 1, irises.target == 0) == 1.0
    assert [round(t.silhouette, 3) for t in found.tried] == [0.485, 0.416, 0.374]
    finer = k_means(irises.data, rng=np.random.default_rng(1), candidates=(2, 3, 4), finest=True)
    assert len(finer.sizes) == 3


def test_scipy_finds_no_tighter_groups():
    """Another implementation of k-means, begun thirty times, agrees on the sum of squares."""
    from scipy.cluster.vq import kmeans2
    from sklearn.datasets import load_iris

    points = scaled(load_iris().data)
    found = k_means(load_iris().data, rng=np.random.default_rng(2), candidates=(3,), halves=1)

    def tightness(label):
        return sum(
            ((part - part.mean(axis=0)) ** 2).sum() for k in range(3) if len(part := points[label == k])
        )

    rng = np.random.default_rng(3)
    best = min(tightness(kmeans2(points, 3, minit="++", seed=rng)[1]) for _ in range(30))
    assert tightness(found.label) == pytest.approx(best, rel=1e-3)
