"""Which measures of members go together: Pearson, Spearman, Cramér's V, with intervals and few false alarms.

Intervals: Pearson by Fisher's z (1921), Spearman by Bonett and Wright (2000), Cramér's V corrected for bias (Bergsma
2013) by turning the noncentral chi-squared distribution round (Smithson 2003).  p-values over all pairs are controlled
by Benjamini and Hochberg (1995): of the pairs called real at q ≤ 0.05, one in twenty is expected not to be.

Worked (Anscombe 1973, first set): r = 0.8164, n = 11, z = 1.1459, standard error 1/√8, interval 0.424 to 0.951.

Worked for names, 60 members in a table of two by two:

=====  ===  ===
 .      u    v
=====  ===  ===
 a      20   10
 b      10   20
=====  ===  ===

χ² = 6.667, φ² = 0.1111, less 1/59 is 0.0942, over 1 - 1/59 is 0.0958: V = 0.3095, interval 0.079 to 0.591.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy import stats
from scipy.optimize import brentq

from shuke.science.reading import Reading

Kind = Literal["pearson", "spearman", "cramers_v"]
#: Fewer pairs of values than this say nothing.
LEAST_PAIRS = 4

#: What a coefficient of a size (Cohen 1988) and sign says.
TENDENCIES = {
    ("weak", True): Reading("The more {first}, the more {second}: a weak tendency ({value:.2f})."),
    ("medium", True): Reading("The more {first}, the more {second}: a clear tendency ({value:.2f})."),
    ("strong", True): Reading("The more {first}, the more {second}: a strong tendency ({value:.2f})."),
    ("weak", False): Reading("The more {first}, the less {second}: a weak tendency ({value:.2f})."),
    ("medium", False): Reading("The more {first}, the less {second}: a clear tendency ({value:.2f})."),
    ("strong", False): Reading("The more {first}, the less {second}: a strong tendency ({value:.2f})."),
}
DEPENDENCE = Reading("{first} and {second} depend on one another ({value:.2f} of 1).")


@dataclass(frozen=True)
class Correlation:
    """One pair of measures, with its interval."""

    first: str
    second: str
    kind: Kind
    value: float
    lower: float
    upper: float
    p_value: float
    q_value: float
    members: int

    @property
    def reading(self) -> Reading:
        """What it says."""
        size = abs(self.value)
        strength = "weak" if size < 0.3 else "medium" if size < 0.5 else "strong"
        if self.q_value > 0.05:
            return Reading(
                "Between {first} and {second} nothing can be seen that chance could not make.",
                {"first": self.first, "second": self.second},
            )
        said = DEPENDENCE if self.kind == "cramers_v" else TENDENCIES[strength, self.value > 0]
        values = {"first": self.first, "second": self.second, "value": self.value}
        return Reading(said.sentence, values)


def pearson(
    x: NDArray[np.float64], y: NDArray[np.float64], *, level: float = 0.95
) -> tuple[float, float, float, float]:
    """Coefficient, lower, upper and p of two measures without missing values."""
    found = stats.pearsonr(x, y)
    interval = found.confidence_interval(confidence_level=level)
    return float(found.statistic), float(interval.low), float(interval.high), float(found.pvalue)


def spearman(
    x: NDArray[np.float64], y: NDArray[np.float64], *, level: float = 0.95
) -> tuple[float, float, float, float]:
    """Rank coefficient, lower, upper and p; ties share ranks."""
    found = stats.spearmanr(x, y)
    value = float(found.statistic)
    error = np.sqrt((1 + value**2 / 2) / max(len(x) - 3, 1))
    z = np.arctanh(np.clip(value, -1 + 1e-12, 1 - 1e-12))
    reach = float(stats.norm.ppf(0.5 + level / 2)) * error
    return value, float(np.tanh(z - reach)), float(np.tanh(z + reach)), float(found.pvalue)


def cramers_v(
    x: NDArray[np.object_], y: NDArray[np.object_], *, level: float = 0.95
) -> tuple[float, float, float, float]:
    """Dependence of two sets of names, 0 to 1, corrected for bias, lower, upper and p of the chi-squared test."""
    _, rows = np.unique(x.astype(str), return_inverse=True)
    _, columns = np.unique(y.astype(str), return_inverse=True)
    table = np.zeros((rows.max() + 1, columns.max() + 1))
    np.add.at(table, (rows, columns), 1)
    if min(table.shape) < 2:
        return 0.0, 0.0, 1.0, 1.0
    found = stats.chi2_contingency(table, correction=False)
    n, (r, c) = table.sum(), table.shape
    phi = max(0.0, found.statistic / n - (r - 1) * (c - 1) / (n - 1))
    height, width = r - (r - 1) ** 2 / (n - 1), c - (c - 1) ** 2 / (n - 1)
    most = min(height - 1, width - 1)
    value, lower, upper = (
        min(1.0, float(np.sqrt(part / most)))
        for part in (
            phi,
            _noncentrality(found.statistic, int(found.dof), above=0.5 - level / 2) / n,
            _noncentrality(found.statistic, int(found.dof), above=0.5 + level / 2) / n,
        )
    )
    return value, lower, upper, float(found.pvalue)


def _noncentrality(statistic: float, degrees: int, *, above: float) -> float:
    """The noncentrality under which a chi-squared this large or larger has the probability ``above``."""
    if stats.chi2.sf(statistic, degrees) >= above:
        return 0.0
    high = 2 * statistic + 50.0
    while stats.ncx2.sf(statistic, degrees, high) < above:
        high *= 2
    return float(brentq(lambda nc: stats.ncx2.sf(statistic, degrees, nc) - above, 1e-9, high))


def correlations(
    measures: Mapping[str, NDArray[np.float64] | NDArray[np.object_]],
    *,
    kind: Kind = "spearman",
    level: float = 0.95,
) -> list[Correlation]:
    """Every pair of measures, the surest first.

    Arrays of one length, a member each; missing (NaN or ``None``) is left out pair by pair.  Names are compared by
    Cramér's V whatever ``kind`` says; a number beside names is left out.
    """
    found = [
        (first, second, *result)
        for first, second in combinations(measures, 2)
        if (result := _compared(measures[first], measures[second], kind=kind, level=level)) is not None
    ]
    if not found:
        return []
    q_values = stats.false_discovery_control([row[6] for row in found])
    listed = [
        Correlation(first, second, used, value, lower, upper, p, float(q), members)
        for (first, second, used, value, lower, upper, p, members), q in zip(found, q_values, strict=True)
    ]
    return sorted(listed, key=lambda c: (c.q_value, -abs(c.value), c.first, c.second))


Compared = tuple[Kind, float, float, float, float, int]


def _compared(
    x: NDArray[np.float64] | NDArray[np.object_],
    y: NDArray[np.float64] | NDArray[np.object_],
    *,
    kind: Kind,
    level: float,
) -> Compared | None:
    """Kind, value, lower, upper, p and members of one pair; ``None`` where nothing can be said."""
    are_names = x.dtype == object
    if are_names != (y.dtype == object):
        return None
    if are_names:
        known = np.array([a is not None and b is not None for a, b in zip(x, y, strict=True)])
    else:
        known = ~(np.isnan(x.astype(float)) | np.isnan(y.astype(float)))
    x, y = x[known], y[known]
    if len(x) < LEAST_PAIRS or len(np.unique(x)) < 2 or len(np.unique(y)) < 2:
        return None
    if are_names:
        value, lower, upper, p = cramers_v(x.astype(object), y.astype(object), level=level)
        return "cramers_v", value, lower, upper, p, len(x)
    measure = pearson if kind == "pearson" else spearman
    value, lower, upper, p = measure(x.astype(float), y.astype(float), level=level)
    return "pearson" if kind == "pearson" else "spearman", value, lower, upper, p, len(x)
