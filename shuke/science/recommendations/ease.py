"""EASE: the linear model that predicts each item from all others (Steck 2019), solved over the smaller side.

With X (members × items), ridge λ and P = (XᵀX + λI)⁻¹, the weights are B = I - P / diag(P) by columns, and X B scores.
Where there are fewer members than items, the same scores come from a matrix of members: with K = (XXᵀ + λI)⁻¹,
X P = K X and diag(P) = (1 - diag(XᵀKX)) / λ (Woodbury).  For 2,500 members and 20,000 items that is a second instead
of minutes, to the last digit the same.  Beyond ``largest`` on both sides, only the most bought items are modelled.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import linalg, sparse

from shuke.science.recommendations.histories import History

#: Columns at a time where a matrix as large as members × items would be made on the way.
BLOCK = 1024


@dataclass(frozen=True)
class Ease:
    """``ridge`` is λ; a matrix of ``largest`` × ``largest`` float32 must fit into memory (10,000: 0.4 GB)."""

    ridge: float = 200.0
    largest: int = 10_000
    counts: bool = False

    @property
    def name(self) -> str:
        """``ease``."""
        return "ease"

    def fit(self, history: History, *, rng: np.random.Generator) -> EaseModel:  # noqa: ARG002 - no chance in it
        """Solve."""
        bought = history.counts().astype(np.float32)
        if not self.counts:
            bought.data = np.ones_like(bought.data)
        if min(bought.shape) > self.largest:
            popular = np.argsort(-history.item_baskets, kind="stable")[: self.largest]
            left_out = np.setdiff1d(np.arange(history.items), popular)
            keep = np.ones(history.items, dtype=np.float32)
            keep[left_out] = 0
            bought = (bought @ sparse.diags_array(keep)).tocsr()
            bought.eliminate_zeros()
            return EaseModel(bought, *_over_items(bought, np.sort(popular), self.ridge))
        if bought.shape[0] < bought.shape[1]:
            return EaseModel(bought, *_over_members(bought, self.ridge))
        return EaseModel(bought, *_over_items(bought, np.arange(history.items), self.ridge))


@dataclass(frozen=True, eq=False)
class EaseModel:
    """Scores: x + scale · (row of ``left``) · ``right``.  Over members, ``left`` is K and ``right`` X; over items,
    ``left`` is X and ``right`` the inverse among ``columns``."""

    bought: sparse.csr_matrix
    left: np.ndarray | sparse.csr_matrix
    right: np.ndarray | sparse.csr_matrix
    scale: np.ndarray
    columns: np.ndarray | None

    def scores(self, members: np.ndarray, at: np.ndarray) -> np.ndarray:  # noqa: ARG002 - the same at any time
        """See ``Model``."""
        product = self.left[members] @ self.right
        own = self.bought[members].toarray()
        if self.columns is None:
            return (own + product * self.scale).astype(np.float32)
        scores = np.zeros(own.shape, dtype=np.float32)
        scores[:, self.columns] = own[:, self.columns] + product * self.scale
        return scores


def _over_members(
    bought: sparse.csr_matrix, ridge: float
) -> tuple[np.ndarray, sparse.csr_matrix, np.ndarray, None]:
    gram = (bought @ bought.T).toarray().astype(np.float64)
    gram[np.diag_indices_from(gram)] += ridge
    inverse = _inverse(gram)
    wide = bought.astype(np.float64)
    columns = wide.tocsc()
    inside = np.empty(bought.shape[1])
    for start in range(0, len(inside), BLOCK):
        part = columns[:, start : start + BLOCK]
        inside[start : start + BLOCK] = np.asarray(part.multiply(inverse @ part).sum(axis=0)).ravel()
    return inverse, wide, -ridge / np.maximum(1 - inside, 1e-12), None


def _over_items(
    bought: sparse.csr_matrix, columns: np.ndarray, ridge: float
) -> tuple[sparse.csr_matrix, np.ndarray, np.ndarray, np.ndarray]:
    kept = bought[:, columns].tocsr()
    gram = (kept.T @ kept).toarray()
    gram[np.diag_indices_from(gram)] += ridge
    inverse = _inverse(gram)
    return kept, inverse, -1 / np.diag(inverse), columns


def _inverse(matrix: np.ndarray) -> np.ndarray:
    """Of a positive definite matrix, which is overwritten."""
    if not len(matrix):
        return matrix
    factor, _ = linalg.cho_factor(matrix, lower=True, overwrite_a=True)
    inverse, _ = linalg.lapack.get_lapack_funcs("potri", (factor,))(factor, lower=True, overwrite_c=True)
    for start in range(0, len(inverse), BLOCK):
        end = start + BLOCK
        inverse[start:end, end:] = inverse[end:, start:end].T
        corner = inverse[start:end, start:end]
        corner[...] = np.tril(corner) + np.tril(corner, -1).T
    return inverse
