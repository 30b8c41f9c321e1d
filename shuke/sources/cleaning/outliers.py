"""Values that lie far from the rest: flagged for a person to look at, never dropped.

docs/algorithms/cleaning.md has the rule with worked numbers.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import polars as pl

#: Modified z-scores above this are flagged (Iglewicz and Hoaglin 1993 suggest 3.5 for normal data;
#: money and quantities have longer tails even as logarithms, so the bar is higher).
THRESHOLD = 6.0
MIN_ROWS = 30
EXAMPLES = 5
#: Shares of the rows and how many deviations of a normal distribution hold them, tried in turn.
LEVELS = ((0.5, 0.6745), (0.9, 1.6449), (0.99, 2.5758))
#: A level counts only if at least so many rows lie beyond it, else the outliers themselves would set it.
BEYOND = 5
#: A smaller group has no middle of its own.
GROUP_ROWS = 5
#: A count is never far that is not ten times the middle or a tenth of it, an amount not three times.
COUNT_RATIO, AMOUNT_RATIO = 10.0, 3.0


@dataclass(frozen=True)
class Outliers:
    """How many values of a field are flagged, the bounds, and some examples (row number, value)."""

    field: str
    count: int
    lower: float
    upper: float
    examples: tuple[tuple[int, float], ...]


def find_outliers(
    values: pl.Series,
    row_no: pl.Series,
    *,
    field: str,
    are_counts: bool = False,
    groups: pl.Series | None = None,
) -> Outliers | None:
    """Robust rule on log1p of the absolute values, apart from their sign.  Zeros are left aside.

    ``are_counts``: whole numbers such as pieces, most of which are equal.  ``groups``, such as products: what
    is usual in its own group is not far, be it fuel by the millilitre.
    """
    known = values.is_not_null() & (values != 0)
    x = values.filter(known).cast(pl.Float64)
    if x.len() < MIN_ROWS:
        return None
    logs = x.abs().log1p() * x.sign()
    middle = _float(logs.median())
    deviation = (logs - middle).abs()
    nearest = math.log(COUNT_RATIO if are_counts else AMOUNT_RATIO)
    limit = max(THRESHOLD * _scale(deviation), nearest)
    flagged = deviation > limit
    if groups is not None and flagged.any():
        flagged &= _is_odd_in_group(logs, groups.filter(known), nearest)
    if not flagged.any():
        return None
    worst = pl.DataFrame({"row": row_no.filter(known), "value": x, "by": deviation}).filter(flagged)
    examples = worst.sort("by", descending=True).head(EXAMPLES)
    return Outliers(
        field=field,
        count=int(flagged.sum()),
        lower=_unlog(middle - limit),
        upper=_unlog(middle + limit),
        examples=tuple((int(r), float(v)) for r, v in examples.select("row", "value").iter_rows()),
    )


def _is_odd_in_group(logs: pl.Series, groups: pl.Series, nearest: float) -> pl.Series:
    """Far from the middle of the own group, or in a group too small to have one."""
    group = pl.col("group")
    frame = pl.DataFrame({"x": logs, "group": groups}).select(
        (pl.len().over(group) < GROUP_ROWS)
        | group.is_null()
        | ((pl.col("x") - pl.col("x").median().over(group)).abs() > nearest)
    )
    return frame.to_series()


def _scale(deviation: pl.Series) -> float:
    """The deviation of half of the rows; where those are all equal, of nine in ten, then of 99 in a hundred."""
    for share, width in LEVELS:
        scale = _float(deviation.quantile(share, "linear")) / width
        if scale > 0 and (share == LEVELS[0][0] or deviation.len() * (1 - share) >= BEYOND):
            return scale
    return 0.0


def _float(value: object) -> float:
    return float(value) if isinstance(value, (int, float)) else 0.0


def _unlog(value: float) -> float:
    return math.copysign(math.expm1(min(abs(value), 700.0)), value)
