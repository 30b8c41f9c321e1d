"""Forecasts that add up: what is said of the whole is the sum of what is said of its parts.

Every level is forecast by itself, then moved as little as possible, in units of how far each is usually wrong, until
the sums hold: trace minimisation (MinT; Wickramasuriya, Athanasopoulos and Hyndman 2019).  Written with constraints
instead of the bottom level, y - W C' (C W C')^-1 C y (Di Fonzo and Girolimetto 2022), so that one total can be the sum
of departments and of stores at once, and a hundred thousand series stay sparse.

Worked: total 10, parts 4 and 5, all equally uncertain: the gap of 1 is shared by three, 9.67 = 4.33 + 5.33.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse.linalg import splu

from shuke.science.forecast.panel import Floats

MOST_ROUNDS = 20


@dataclass(frozen=True)
class Hierarchy:
    """``parents``: the row of each row's parent, -1 for none.  ``branches``: by what the parent is divided.

    A parent equals the sum of its children of one branch (0: departments, 1: stores), for each branch it has.
    """

    parents: NDArray[np.int64]
    branches: NDArray[np.int64]

    @classmethod
    def of(cls, parents: Sequence[int], branches: Sequence[int] | None = None) -> Hierarchy:
        """From plain numbers; one branch without ``branches``.  Raises ``ValueError`` for a circle."""
        rows = np.asarray(parents, dtype=np.int64)
        made = cls(
            rows, np.zeros(len(rows), np.int64) if branches is None else np.asarray(branches, np.int64)
        )
        depth, up = 0, rows.copy()
        while (up >= 0).any():
            depth, up = depth + 1, np.where(up >= 0, rows[up], -1)
            if depth > len(rows):
                raise ValueError("The hierarchy goes round in a circle.")
        return made

    def constraints(self) -> sparse.csr_matrix:
        """Sums × rows: 1 for the parent, -1 for each child; times coherent forecasts gives 0."""
        children = np.flatnonzero(self.parents >= 0)
        sums, place = np.unique(
            np.column_stack([self.parents[children], self.branches[children]]), axis=0, return_inverse=True
        )
        place = place.reshape(-1)
        rows = np.concatenate([np.arange(len(sums)), place])
        columns = np.concatenate([sums[:, 0], children]) if len(sums) else children
        values = np.concatenate([np.ones(len(sums)), -np.ones(len(children))])
        return sparse.csr_matrix((values, (rows, columns)), shape=(len(sums), len(self.parents)))

    def leaves(self) -> NDArray[np.bool_]:
        """Which rows have no children."""
        is_leaf = np.ones(len(self.parents), dtype=bool)
        is_leaf[self.parents[self.parents >= 0]] = False
        return is_leaf

    def sizes(self) -> Floats:
        """How many leaves of branch 0 (of its own branch, below a store) make up each row: structural weights."""
        sizes = self.leaves().astype(float)
        for row in self._deepest_first():
            parent = self.parents[row]
            if parent >= 0 and self.branches[row] == 0:
                sizes[parent] += sizes[row]
        return np.maximum(sizes, 1.0)

    def _deepest_first(self) -> NDArray[np.int64]:
        depth, up = np.zeros(len(self.parents), dtype=np.int64), self.parents.copy()
        while (up >= 0).any():
            depth += up >= 0
            up = np.where(up >= 0, self.parents[up], -1)
        return np.argsort(-depth, kind="stable")


def bottom_up(forecasts: Floats, hierarchy: Hierarchy) -> Floats:
    """Leaves as they are, every parent the sum of its children of branch 0.  Rows × horizon."""
    found = forecasts.copy()
    has_children = np.zeros(len(found), dtype=bool)
    has_children[hierarchy.parents[(hierarchy.parents >= 0) & (hierarchy.branches == 0)]] = True
    found[has_children] = 0.0
    for row in hierarchy._deepest_first():
        if hierarchy.parents[row] >= 0 and hierarchy.branches[row] == 0:
            found[hierarchy.parents[row]] += found[row]
    return found


def reconciled(forecasts: Floats, hierarchy: Hierarchy, *, covariance: Floats | None = None) -> Floats:
    """The coherent forecasts nearest to ``forecasts`` (rows × horizon), none of them below 0.

    ``covariance`` of the errors: a vector of variances (weighted least squares), a matrix (MinT), or nothing, for
    variances in proportion to how many leaves a row sums up (structural scaling).  What would fall below 0 is held at 0
    and the rest is reconciled again.
    """
    weights = hierarchy.sizes() if covariance is None else np.asarray(covariance, dtype=float)
    constraints = hierarchy.constraints()
    if constraints.shape[0] == 0:
        return np.maximum(forecasts, 0.0)
    found = _projected(forecasts, constraints, weights)
    for ahead in np.flatnonzero((found < -1e-9).any(axis=0)):
        found[:, ahead] = _without_negatives(forecasts[:, ahead], found[:, ahead], constraints, weights)
    return np.maximum(found, 0.0)


def _projected(forecasts: Floats, constraints: sparse.csr_matrix, weights: Floats) -> Floats:
    if weights.ndim == 1:
        spread = (constraints @ sparse.diags(weights)).T
        middle = sparse.csc_matrix(constraints @ spread)
        moved: Floats = spread @ splu(middle).solve(np.asarray(constraints @ forecasts))
    else:
        wide = np.asarray(constraints @ weights).T
        moved = wide @ np.linalg.solve(np.asarray(constraints @ wide), np.asarray(constraints @ forecasts))
    return forecasts - moved


def _without_negatives(
    forecast: Floats, found: Floats, constraints: sparse.csr_matrix, weights: Floats
) -> Floats:
    """Hold negative rows at 0 (no weight: nothing moves them) until none is left."""
    variances = weights if weights.ndim == 1 else np.diag(weights).copy()
    held = np.zeros(len(forecast), dtype=bool)
    for _round in range(MOST_ROUNDS):
        held |= found < -1e-9
        free = np.where(held, 1e-9 * variances, variances)
        found = _projected(np.where(held, 0.0, forecast)[:, None], constraints, free)[:, 0]
        if (found >= -1e-6 * (1 + np.abs(forecast).max())).all():
            break
    return found


def shrunk_covariance(errors: Floats) -> tuple[Floats, float]:
    """Covariance of errors (rows × times) with its correlations drawn to 0, and by how much (0 to 1).

    The share is that of Schäfer and Strimmer (2005): the correlations' own variance over their squares.  Missing errors
    count as none.  A row without any error gets the least variance of the others.
    """
    filled = np.nan_to_num(errors)
    times = filled.shape[1]
    variances = (filled**2).mean(axis=1)
    sound = variances > 0
    variances = np.where(sound, variances, variances[sound].min() if sound.any() else 1.0)
    scaled = filled / np.sqrt(variances)[:, None]
    correlation = scaled @ scaled.T / times
    squares = (scaled**2) @ (scaled**2).T / times
    noise = (squares - correlation**2) / max(times - 1, 1)
    off = ~np.eye(len(filled), dtype=bool)
    total = float((correlation[off] ** 2).sum())
    share = float(np.clip(noise[off].sum() / total, 0, 1)) if total > 0 else 1.0
    shrunk = np.where(off, (1 - share) * correlation, 1.0)
    spread = np.sqrt(variances)
    return shrunk * spread[:, None] * spread[None, :], share
