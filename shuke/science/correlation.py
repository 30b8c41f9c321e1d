"""Which measures of members go together: Pearson, Spearman, Cramér's V, with intervals and few false alarms.

Intervals: Pearson by Fisher's z (1921), Spearman by Bonett and Wright (2000), Cramér's V corrected for bias (Bergsma
2013) without an interval.  p-values over all pairs are controlled by Benjamini and Hochberg (1995): of the pairs
called real at q ≤ 0.05, one in twenty is expected not to be.

Worked (Anscombe 1973, first set): r = 0.8164, n = 11, z = 1.1459, standard error 1/√8, interval 0.424 to 0.951.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from shuke.science.reading import Reading

Kind = Literal["pearson", "spearman", "cramers_v"]
#: Fewer pairs of values than this say nothing.
LEAST_PAIRS = 4


@dataclass(frozen=True)
class Correlation:
    """One pair of measures.  ``lower`` and ``upper`` are ``None`` where there is no interval."""

    first: str
    second: str
    kind: Kind
    value: float
    lower: float | None
    upper: float | None
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
        sentences = {
            ("weak", True): "The more {first}, the more {second}: a weak tendency ({value:.2f}).",
            ("medium", True): "The more {first}, the more {second}: a clear tendency ({value:.2f}).",
            ("strong", True): "The more {first}, the more {second}: a strong tendency ({value:.2f}).",
            ("weak", False): "The more {first}, the less {second}: a weak tendency ({value:.2f}).",
            ("medium", False): "The more {first}, the less {second}: a clear tendency ({value:.2f}).",
            ("strong", False): "The more {first}, the less {second}: a strong tendency ({value:.2f}).",
        }
        sentence = sentences[strength, self.value > 0]
        if self.kind == "cramers_v":
            sentence = "{first} and {second} depend on one another ({value:.2f} of 1)."
        return Reading(sentence, {"first": self.first, "second": self.second, "value": self.value})


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


def cramers_v(x: NDArray[np.object_], y: NDArray[np.object_]) -> tuple[float, float]:
    """Dependence of two sets of names, 0 to 1, corrected for bias, and p of the chi-squared test."""
    _, rows = np.unique(x.astype(str), return_inverse=True)
    _, columns = np.unique(y.astype(str), return_inverse=True)
    table = np.zeros((rows.max() + 1, columns.max() + 1))
    np.add.at(table, (rows, columns), 1)
    if min(table.shape) < 2:
        return 0.0, 1.0
    found = stats.chi2_contingency(table, correction=False)
    n, (r, c) = table.sum(), table.shape
    phi = max(0.0, found.statistic / n - (r - 1) * (c - 1) / (n - 1))
    height, width = r - (r - 1) ** 2 / (n - 1), c - (c - 1) ** 2 / (n - 1)
    return float(np.sqrt(phi / min(height - 1, width - 1))), float(found.pvalue)


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


Compared = tuple[Kind, float, float | None, float | None, float, int]


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
        value, p = cramers_v(x.astype(object), y.astype(object))
        return "cramers_v", value, None, None, p, len(x)
    measure = pearson if kind == "pearson" else spearman
    value, lower, upper, p = measure(x.astype(float), y.astype(float), level=level)
    return "pearson" if kind == "pearson" else "spearman", value, lower, upper, p, len(x)
