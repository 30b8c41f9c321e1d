"""Factor analysis: the few things that lie behind many measures.

How many: parallel analysis (Horn 1965): only factors whose eigenvalue of the correlation matrix is larger than the
95th percentile of those of random numbers of the same shape.  Which: maximum likelihood, turned by varimax (Kaiser
1958, rows brought to length one first) so that each measure belongs to few factors.  A factor's sign is chosen so that
its largest loading is positive.

Worked (six tests of ability of 112 people; Smith and Stanley 1983) by R's ``factanal(factors=2, covmat=ability.cov)``:

============  =======  =======  ==========
test           first   second   uniqueness
============  =======  =======  ==========
general        0.499    0.543        0.455
picture        0.156    0.622        0.589
blocks         0.206    0.860        0.218
maze           0.109    0.468        0.769
reading        0.956    0.182        0.052
vocab          0.785    0.225        0.334
============  =======  =======  ==========

Ours are the same uniquenesses; loadings differ by up to 0.003, because R stops turning a little earlier.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from shuke.science.reading import Reading

#: A loading from this on is worth naming.
NOTABLE = 0.4
#: The part of a measure that is its own is at least this.
LEAST_UNIQUE = 0.005


@dataclass(frozen=True)
class Factors:
    """What was found.

    ``loadings``: (measures, factors); ``explained``: the part of the variance by each factor; ``eigenvalues`` of the
    data and of ``random`` numbers.
    """

    measures: tuple[str, ...]
    loadings: NDArray[np.float64]
    explained: NDArray[np.float64]
    eigenvalues: NDArray[np.float64]
    random: NDArray[np.float64]

    def scores(self, data: NDArray[np.float64]) -> NDArray[np.float64]:
        """Where each row of ``data`` (members, measures) stands on each factor; 0 is the middle.

        By regression (Thomson 1951); a missing value counts as the mean of its measure.
        """
        standard = np.nan_to_num((data - np.nanmean(data, axis=0)) / np.nanstd(data, axis=0))
        weights = np.linalg.lstsq(np.corrcoef(standard, rowvar=False), self.loadings, rcond=None)[0]
        return np.asarray(standard @ weights, dtype=np.float64)

    @property
    def reading(self) -> Reading:
        """What it says."""
        count = self.loadings.shape[1]
        if count == 0:
            return Reading("The measures have nothing in common that chance could not make.")
        top = np.argsort(-np.abs(self.loadings[:, 0]))[:3]
        names = ", ".join(self.measures[i] for i in top if abs(self.loadings[i, 0]) >= NOTABLE)
        return Reading(
            "{count} things lie behind {measures} measures and explain {part:.0%}; the first is {names}.",
            {
                "count": count,
                "measures": len(self.measures),
                "part": float(self.explained.sum()),
                "names": names,
            },
        )


def parallel_analysis(
    data: NDArray[np.float64], *, rng: np.random.Generator, draws: int = 100
) -> tuple[int, NDArray[np.float64], NDArray[np.float64]]:
    """How many factors, the eigenvalues, and the 95th percentiles of random ones."""
    found = np.linalg.eigvalsh(np.corrcoef(data, rowvar=False))[::-1]
    chance = [
        np.linalg.eigvalsh(np.corrcoef(rng.standard_normal(data.shape), rowvar=False))[::-1]
        for _ in range(draws)
    ]
    limit = np.quantile(chance, 0.95, axis=0)
    above = found > limit
    count = int(np.argmin(above)) if not above.all() else len(found)
    return count, np.asarray(found, dtype=np.float64), np.asarray(limit, dtype=np.float64)


def factor_analysis(
    data: NDArray[np.float64],
    *,
    measures: tuple[str, ...],
    rng: np.random.Generator,
    count: int | None = None,
) -> Factors:
    """Factors behind the columns of ``data`` (members, measures); rows with missing values are left out.

    Raises ``ValueError`` if a measure never varies or if there are fewer rows than measures.
    """
    rows = data[~np.isnan(data).any(axis=1)]
    if len(rows) <= len(measures) or np.any(rows.std(axis=0) == 0):
        raise ValueError("Factor analysis needs measures that vary and more members than measures.")
    standard = (rows - rows.mean(axis=0)) / rows.std(axis=0)
    wanted, eigenvalues, limit = parallel_analysis(standard, rng=rng)
    number = wanted if count is None else count
    if number == 0:
        return Factors(measures, np.zeros((len(measures), 0)), np.zeros(0), eigenvalues, limit)
    loadings = varimax(_likeliest(np.corrcoef(standard, rowvar=False), count=number))
    explained = (loadings**2).sum(axis=0) / len(measures)
    order = np.argsort(-explained)
    loadings = loadings[:, order]
    signs = np.sign(loadings[np.abs(loadings).argmax(axis=0), np.arange(number)])
    return Factors(measures, loadings * signs, explained[order], eigenvalues, limit)


def _likeliest(correlation: NDArray[np.float64], *, count: int) -> NDArray[np.float64]:
    """Loadings by maximum likelihood over the uniquenesses alone (Jöreskog 1967), which are at least 0.005 as in R.

    The likelihood depends on the members through their correlations only: a million cost as much as a hundred.
    """

    def rest(unique: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        values, vectors = _eigen(correlation, unique)
        left = values[count:]
        loadings = _scaled(values, vectors, unique, count=count)
        slope = np.diag(loadings @ loadings.T + np.diag(unique) - correlation) / unique**2
        return float((left - np.log(left) - 1).sum()), slope

    size = len(correlation)
    start = (1 - 0.5 * count / size) / np.diag(np.linalg.pinv(correlation))
    found = minimize(
        rest,
        np.clip(start, LEAST_UNIQUE, 1),
        jac=True,
        method="L-BFGS-B",
        bounds=[(LEAST_UNIQUE, 1.0)] * size,
        options={"maxiter": 1_000, "ftol": 1e-14, "gtol": 1e-9},
    ).x
    return _scaled(*_eigen(correlation, found), found, count=count)


def _eigen(
    correlation: NDArray[np.float64], unique: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Eigenvalues, the largest first, and vectors of the correlations in units of what is unique."""
    scale = 1 / np.sqrt(unique)
    values, vectors = np.linalg.eigh(correlation * np.outer(scale, scale))
    return np.maximum(values[::-1], 1e-12), vectors[:, ::-1]


def _scaled(
    values: NDArray[np.float64], vectors: NDArray[np.float64], unique: NDArray[np.float64], *, count: int
) -> NDArray[np.float64]:
    size = np.sqrt(np.maximum(values[:count] - 1, 0))
    return np.asarray(np.sqrt(unique)[:, None] * vectors[:, :count] * size, dtype=np.float64)


def varimax(loadings: NDArray[np.float64], *, rounds: int = 500) -> NDArray[np.float64]:
    """The loadings turned so that the variance of their squares is largest; lengths of rows stay as they are."""
    length = np.sqrt((loadings**2).sum(axis=1, keepdims=True))
    unit = loadings / np.where(length > 0, length, 1.0)
    turn, before = np.eye(loadings.shape[1]), 0.0
    for _ in range(rounds):
        turned = unit @ turn
        left, size, right = np.linalg.svd(unit.T @ (turned**3 - turned * (turned**2).mean(axis=0)))
        turn = left @ right
        if size.sum() <= before * (1 + 1e-10):
            break
        before = size.sum()
    return np.asarray(loadings @ turn, dtype=np.float64)
