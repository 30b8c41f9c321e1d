"""Needs: what members come for, found in the mix of categories that they buy.

A member's visits are spread over the categories that were in the basket; each share is weighted by the rarity of its
category among members, as words are in texts (tf-idf: share × ln(members / buyers); Spärck Jones 1972), so that milk,
which everybody buys, tells little and cat food much.  Visits and not money: with money a few dear categories hide the
rest (on the supermarket year: 69 % of members in one need, against 52 %).  The rows, each of length one, are written
as non-negative mixes of k needs (non-negative matrix factorisation; Lee and Seung 1999): every member has a share of
every need, every need a weight of every category.

How many needs?  For each k the members are split into halves, each half is factorised by itself, and the needs of one
are paired with those of the other (Hungarian method) by the cosine of what sets them apart: their weights less the mean
of all needs of their half, since plain weights are never negative and look alike even where there is nothing.  The
least alike pair counts, on average over several splits: a number of needs is believed when **each** of them is found
again in the other half.  Chosen is the largest such k; else the k of the best agreement, and the reading says that it
is not to be relied on.

Assumes that coming for something often shows a need, and that a need is the same for all who have it.  See
docs/algorithms/layers.md.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.optimize import linear_sum_assignment

from shuke.science.reading import Reading

if TYPE_CHECKING:
    from sklearn.decomposition import NMF

Floats = NDArray[np.float64]

#: From this cosine on a need found in one half of the members is the one found in the other.
FOUND_AGAIN = 0.8
#: Members whose strongest need has less than this part of them have none that stands out.
CLEAR = 0.4
MIXED = -1
SPLITS = 3
#: Members that k is chosen on: the agreement of halves does not change with more of them.
SAMPLE = 8_000


@dataclass(frozen=True)
class Agreement:
    """How well the least found need of ``k`` is found again in the other half: 0 to 1."""

    k: int
    agreement: float


@dataclass(frozen=True)
class NeedModel:
    """``weights``: needs × categories, each need's weights adding up to one; ``rarity`` of each category.

    ``tried`` says how the number of needs was chosen.
    """

    categories: tuple[str, ...]
    weights: Floats
    rarity: Floats
    tried: tuple[Agreement, ...] = ()

    def top_categories(self, need: int, *, limit: int = 5) -> list[str]:
        """The categories of greatest weight, first the greatest; a weight of zero is none."""
        order = np.argsort(-self.weights[need], kind="stable")[:limit]
        return [self.categories[i] for i in order if self.weights[need, i] > 0]

    @property
    def reading(self) -> Reading:
        """What the number of needs is worth."""
        k = len(self.weights)
        found = next((tried.agreement for tried in self.tried if tried.k == k), 1.0)
        if found < FOUND_AGAIN:
            return Reading(
                "{k} needs fit best, but another half of the members would show other ones: do not build on them.",
                {"k": k},
            )
        return Reading(
            "{k} needs are told apart; each is found again in another half of the members (likeness {agreement:.2f}).",
            {"k": k, "agreement": found},
        )

    def as_data(self) -> dict[str, Any]:
        """Plain data for JSON; :func:`model_of` gives the model back."""
        return {
            "categories": list(self.categories),
            "weights": self.weights.round(9).tolist(),
            "rarity": self.rarity.round(9).tolist(),
            "tried": [[tried.k, tried.agreement] for tried in self.tried],
        }


def model_of(data: dict[str, Any]) -> NeedModel:
    """The model of plain data."""
    return NeedModel(
        categories=tuple(data["categories"]),
        weights=np.array(data["weights"]),
        rarity=np.array(data["rarity"]),
        tried=tuple(Agreement(int(k), float(agreement)) for k, agreement in data["tried"]),
    )


def find_needs(
    visits: sparse.csr_matrix,
    categories: Sequence[str],
    *,
    rng: np.random.Generator,
    ks: Sequence[int] = tuple(range(2, 11)),
) -> NeedModel:
    """The needs of members: ``visits`` is members × categories, how often each bought something of it.

    Members without a visit are left out.  Raises ``ValueError`` when fewer members than ten for each of the most needs
    tried are left, or fewer categories than needs.
    """
    visits = sparse.csr_matrix(visits, dtype=np.float64)
    visits = visits[np.asarray(visits.sum(axis=1)).ravel() > 0]
    if visits.shape[0] < 10 * max(ks) or visits.shape[1] < max(ks):
        raise ValueError("Needs ask for ten members for each need, and for more categories than needs.")
    rarity = _rarity(visits)
    mixes = _mixes(visits, rarity)
    drawn = mixes[rng.permutation(mixes.shape[0])[:SAMPLE]]
    tried = tuple(Agreement(k, round(_agreement(drawn, k, rng), 4)) for k in ks)
    believed = [one.k for one in tried if one.agreement >= FOUND_AGAIN]
    k = max(believed) if believed else max(tried, key=lambda one: one.agreement).k
    weights = _components(mixes, k, rng)
    largest_first = np.argsort(-_shares(mixes, weights).sum(axis=0), kind="stable")
    return NeedModel(tuple(categories), weights[largest_first], rarity, tried)


def need_shares(model: NeedModel, visits: sparse.csr_matrix, categories: Sequence[str]) -> Floats:
    """Members × needs: each member's mix of needs, adding up to one; a row of zeros for who bought none of it.

    Categories that the model does not know are passed over.
    """
    known = {name: place for place, name in enumerate(model.categories)}
    places = np.array([known.get(name, -1) for name in categories])
    kept = np.flatnonzero(places >= 0)
    chosen = sparse.csr_matrix(
        (np.ones(len(kept)), (kept, places[kept])), shape=(len(categories), len(model.categories))
    )
    return _shares(_mixes(sparse.csr_matrix(visits, dtype=np.float64) @ chosen, model.rarity), model.weights)


def strongest(shares: Floats, *, clear: float = CLEAR) -> tuple[NDArray[np.int64], Floats]:
    """The strongest need of each row and its share; ``MIXED`` where none stands out, or there is none at all.

    >>> strongest(np.array([[0.7, 0.3], [0.0, 0.0]]))[0].tolist()
    [0, -1]
    """
    if not shares.size:
        return np.zeros(0, dtype=np.int64), np.zeros(0)
    need = shares.argmax(axis=1)
    share = shares.max(axis=1)
    return np.where(share >= clear, need, MIXED), share


def _rarity(visits: sparse.csr_matrix) -> Floats:
    buyers = np.asarray((visits > 0).sum(axis=0)).ravel()
    rarity: Floats = np.log(visits.shape[0] / np.maximum(buyers, 1))
    return rarity


def _mixes(visits: sparse.csr_matrix, rarity: Floats) -> sparse.csr_matrix:
    """Rows of shares × rarity, of length one; zero rows stay zero."""
    total = np.asarray(visits.sum(axis=1)).ravel()
    weighted = sparse.diags_array(_inverse(total)) @ visits @ sparse.diags_array(rarity)
    length = np.sqrt(np.asarray(weighted.multiply(weighted).sum(axis=1)).ravel())
    return sparse.csr_matrix(sparse.diags_array(_inverse(length)) @ weighted)


def _inverse(values: Floats) -> Floats:
    return np.divide(1.0, values, out=np.zeros_like(values), where=values > 0)


def _factors(k: int, seed: int) -> NMF:
    from sklearn.decomposition import NMF

    return NMF(k, init="nndsvda", solver="cd", max_iter=1_000, tol=3e-4, random_state=seed)


def _components(mixes: sparse.csr_matrix, k: int, rng: np.random.Generator) -> Floats:
    weights = _factors(k, int(rng.integers(2**31))).fit(mixes).components_
    return np.asarray(weights * _inverse(weights.sum(axis=1))[:, None], dtype=np.float64)


def _shares(mixes: sparse.csr_matrix, weights: Floats) -> Floats:
    """The mix of needs that comes nearest to each row, by multiplicative updates from an even one (Lee and Seung).

    The needs stay as they are, so that a member's place depends on nobody else.
    """
    k = len(weights)
    product, square = np.asarray(mixes @ weights.T), weights @ weights.T
    found = np.full((mixes.shape[0], k), 1.0 / k)
    for _round in range(200):
        found *= product / np.maximum(found @ square, 1e-12)
    return found * _inverse(found.sum(axis=1))[:, None]


def _agreement(mixes: sparse.csr_matrix, k: int, rng: np.random.Generator) -> float:
    worst = []
    for _split in range(SPLITS):
        order = rng.permutation(mixes.shape[0])
        half = len(order) // 2
        first, second = (_components(mixes[part], k, rng) for part in (order[:half], order[half:]))
        worst.append(likeness(first, second).min())
    return float(np.mean(worst))


def likeness(first: Floats, second: Floats) -> Floats:
    """The cosines of what sets the needs of one model apart with that of another's, paired to be most alike in all."""
    return np.array([cosine for _mine, _other, cosine in paired(first, second)])


def paired(first: Floats, second: Floats) -> list[tuple[int, int, float]]:
    """The pairs of :func:`likeness`: a need of the first, one of the second, and their cosine."""
    cosines = _apart(first) @ _apart(second).T
    rows, columns = linear_sum_assignment(-cosines)
    return [
        (int(row), int(column), float(cosines[row, column]))
        for row, column in zip(rows, columns, strict=True)
    ]


def _apart(weights: Floats) -> Floats:
    unit = _unit(weights)
    return _unit(unit - unit.mean(axis=0)) if len(unit) > 1 else unit


def _unit(rows: Floats) -> Floats:
    return rows * _inverse(np.sqrt((rows * rows).sum(axis=1)))[:, None]
