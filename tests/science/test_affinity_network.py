"""The picture of a network: linked items lie near, the same start gives the same picture."""

import numpy as np

from shuke.science.affinity_network import placed


def test_linked_items_lie_nearer_than_others():
    links = [(a, b, 1.0) for group in (range(4), range(4, 8)) for a in group for b in group if a < b]
    at = placed(8, links, rng=np.random.default_rng(1))
    distance = np.linalg.norm(at[:, None] - at[None], axis=2)
    group = np.arange(8) // 4
    same = (group[:, None] == group[None]) & ~np.eye(8, dtype=bool)
    other = group[:, None] != group[None]
    assert distance[same].max() < distance[other].min()
    assert at.min() == 0
    assert at.max() == 1
    assert np.array_equal(at, placed(8, links, rng=np.random.default_rng(1)))


def test_small_networks():
    assert placed(0, [], rng=np.random.default_rng(1)).shape == (0, 2)
    assert np.isfinite(placed(1, [], rng=np.random.default_rng(1))).all()
