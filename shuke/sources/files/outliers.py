"""Values that lie far from the rest: flagged for a person to look at, never dropped."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

#: Modified z-scores above this are flagged (Iglewicz and Hoaglin 1993 suggest 3.5 for normal data;
#: money and quantities have longer tails even as logarithms, so the bar is higher).
THRESHOLD = 6.0
MIN_ROWS = 30
EXAMPLES = 5


@dataclass(frozen=True)
class Outliers:
    """How many values of a field are flagged, the bounds, and some examples (row number, value)."""

    field: str
    count: int
    lower: float
    upper: float
    examples: tuple[tuple[int, float], ...]


def find_outliers(values: pl.Series, row_no: pl.Series, *, field: str) -> Outliers | None:
    """Robust rule on log1p of the absolute values, apart from their sign.  Zeros are left aside.

    Score = 0.6745 · (x - median) / MAD; where more than half of the values are equal, so that the MAD
    is 0, (x - median) / (1.2533 · mean absolute deviation) takes its place.
    """
    known = values.is_not_null() & (values != 0)
    x = values.filter(known).cast(pl.Float64)
    if x.len() < MIN_ROWS:
        return None
    logs = x.abs().log1p() * x.sign()
    middle = _float(logs.median())
    deviation = (logs - middle).abs()
    mad = _float(deviation.median())
    scale = mad / 0.6745 if mad > 0 else 1.2533 * _float(deviation.mean())
    if scale <= 0:
        return None
    flagged = deviation > THRESHOLD * scale
    if not flagged.any():
        return None
    worst = pl.DataFrame({"row": row_no.filter(known), "value": x, "by": deviation}).filter(flagged)
    examples = worst.sort("by", descending=True).head(EXAMPLES)
    return Outliers(
        field=field,
        count=int(flagged.sum()),
        lower=_unlog(middle - THRESHOLD * scale),
        upper=_unlog(middle + THRESHOLD * scale),
        examples=tuple((int(r), float(v)) for r, v in examples.select("row", "value").iter_rows()),
    )


def _float(value: object) -> float:
    return float(value) if isinstance(value, (int, float)) else 0.0


def _unlog(value: float) -> float:
    import math

    return math.copysign(math.expm1(min(abs(value), 700.0)), value)
