"""Whether a group of members comes through a funnel more or less often than the others who began.

Every group is set against all who began and are not in it, so that groups may overlap and none is the yardstick.
Compared is who had the whole window at least once (``settled`` of :func:`~shuke.science.event_funnels.funnel_parts`):
who began yesterday has not come through because it is yesterday.  The difference of two parts has Newcombe's interval
(1998, method 10, from Wilson's limits); the test is Pearson's chi-square times (n - 1) / n (Campbell 2007), controlled
over the groups by Benjamini and Hochberg (1995).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import scipy

#: A smaller group, or fewer others, say nothing.
LEAST_MEMBERS = 30
#: With fewer expected in a cell of the table the test does not hold (Campbell 2007).
LEAST_EXPECTED = 1.0
#: Of the groups called different one in twenty is expected not to be.
FALSE_ALARMS = 0.05


@dataclass(frozen=True)
class Difference:
    """``part`` of the group and of the ``others`` came through; ``value`` is the difference, 95 % in the interval."""

    part: float
    others: float
    value: float
    lower: float
    upper: float
    q_value: float

    @property
    def is_real(self) -> bool:
        """Chance alone is ruled out, as far as one in twenty goes."""
        return self.q_value <= FALSE_ALARMS


def newcombe(first: tuple[int, int], second: tuple[int, int], *, level: float = 0.95) -> tuple[float, float]:
    """The interval of the difference of two independent parts, each ``(yes, of)``.

    Newcombe's own example, 56 of 70 against 48 of 80:

    >>> [round(limit, 4) for limit in newcombe((56, 70), (48, 80))]
    [0.0524, 0.3339]
    """
    (a, n), (b, m) = first, second
    p, q = a / n, b / m
    (low_p, high_p), (low_q, high_q) = _wilson(p, n, level=level), _wilson(q, m, level=level)
    lower = p - q - float(np.hypot(p - low_p, high_q - q))
    upper = p - q + float(np.hypot(high_p - p, q - low_q))
    return lower, upper


def _wilson(part: float, of: int, *, level: float) -> tuple[float, float]:
    z = float(scipy.stats.norm.ppf(0.5 + level / 2))
    middle, half = part + z * z / (2 * of), z * np.sqrt(part * (1 - part) / of + z * z / (4 * of * of))
    return float((middle - half) / (1 + z * z / of)), float((middle + half) / (1 + z * z / of))


def differences(
    groups: Mapping[str, tuple[int, int]], *, all_members: tuple[int, int]
) -> dict[str, Difference]:
    """The difference of each group to the others; groups that are too small to be judged are left out.

    ``groups`` and ``all_members``: how many came through, of how many who had the whole window.

    >>> found = differences({"gold": (56, 70), "new": (2, 20)}, all_members=(104, 150))["gold"]
    >>> [round(n, 3) for n in (found.part, found.others, found.lower, found.q_value)]
    [0.8, 0.6, 0.052, 0.008]
    """
    tables = {
        code: np.array([[yes, of - yes], [all_members[0] - yes, all_members[1] - all_members[0] - of + yes]])
        for code, (yes, of) in groups.items()
    }
    judged = {code: table for code, table in tables.items() if _is_enough(table)}
    if not judged:
        return {}
    q_values = scipy.stats.false_discovery_control([_p_value(table) for table in judged.values()])
    return {
        code: _difference(table, float(q_value))
        for (code, table), q_value in zip(judged.items(), q_values, strict=True)
    }


def _is_enough(table: np.ndarray) -> bool:
    rows, columns = table.sum(axis=1), table.sum(axis=0)
    return bool(rows.min() >= LEAST_MEMBERS and rows.min() * columns.min() >= LEAST_EXPECTED * rows.sum())


def _p_value(table: np.ndarray) -> float:
    found = float(scipy.stats.chi2_contingency(table, correction=False).statistic)
    size = table.sum()
    return float(scipy.stats.chi2.sf(found * (size - 1) / size, df=1))


def _difference(table: np.ndarray, q_value: float) -> Difference:
    (a, n), (b, m) = ((int(row[0]), int(row.sum())) for row in table)
    lower, upper = newcombe((a, n), (b, m))
    return Difference(a / n, b / m, a / n - b / m, lower, upper, q_value)
