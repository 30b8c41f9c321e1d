"""Many series side by side: rows are series, columns are periods of equal length.

A series is missing (``nan``) before its first sale and has a value, if need be 0, in every period after it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Literal

import numpy as np
import polars as pl
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Panel:
    """``values`` is series × periods.

    ``price`` and ``promotion`` (share of what is sold on promotion, 0 to 1): series × periods, or wider by the periods
    to come where ``is_planned``.  ``calendar``: features × periods, or wider.  ``group``: what a series is like (its
    category), for what is estimated together.
    """

    keys: tuple[tuple[str, ...], ...]
    values: Floats
    first_period: date
    step_days: int = 7
    group: NDArray[np.int64] | None = None
    price: Floats | None = None
    promotion: Floats | None = None
    calendar: Floats | None = None
    #: Whether price and promotion of a period to come were known beforehand (a plan), now and in the past.
    is_planned: bool = False

    @property
    def periods(self) -> int:
        """How many periods are known."""
        return int(self.values.shape[1])

    @property
    def groups(self) -> NDArray[np.int64]:
        """The group of each series; one for all where none is given."""
        return np.zeros(len(self.values), dtype=np.int64) if self.group is None else self.group

    def day(self, period: int) -> date:
        """The first day of a period, counted from 0; it may lie in the future."""
        return self.first_period + timedelta(days=self.step_days * period)

    def known_at(self, origin: int) -> Panel:
        """The panel as it was when ``origin`` periods were known; plans remain, what was not planned is cut."""

        def cut(known: Floats | None) -> Floats | None:
            return known if known is None or self.is_planned else known[:, :origin]

        return replace(
            self, values=self.values[:, :origin], price=cut(self.price), promotion=cut(self.promotion)
        )

    def rows(self, chosen: Sequence[int] | NDArray[np.int64]) -> Panel:
        """Some of the series."""
        part = np.asarray(chosen, dtype=np.int64)
        return replace(
            self,
            keys=tuple(self.keys[i] for i in part),
            values=self.values[part],
            group=None if self.group is None else self.group[part],
            price=None if self.price is None else self.price[part],
            promotion=None if self.promotion is None else self.promotion[part],
        )


def panel_of(
    sales: pl.DataFrame,
    *,
    keys: Sequence[str],
    measure: Literal["quantity", "paid_minor"],
    step_days: int = 7,
    group_by: str | None = None,
) -> Panel:
    """A panel of the rows that ``series.sales_series`` gives.

    ``price`` is what was paid per piece; in periods without a sale the last price before.  Without rows the panel has
    no series and no periods.
    """
    if sales.is_empty():
        return Panel((), np.empty((0, 0)), date(1970, 1, 5), step_days)
    names = sales.select(keys).unique().sort(keys).with_row_index("row")
    placed = sales.join(names, on=list(keys), nulls_equal=True)
    first, last = placed["period_start"].min(), placed["period_start"].max()
    if not isinstance(first, date) or not isinstance(last, date):
        raise TypeError("period_start must be a date.")
    shape = (len(names), (last - first).days // step_days + 1)
    row = placed["row"].to_numpy()
    column = (placed["period_start"] - first).dt.total_days().to_numpy() // step_days
    filled: dict[str, Floats] = {}
    for name in (measure, "price_minor", "promotion_share"):
        filled[name] = np.full(shape, np.nan)
        filled[name][row, column] = placed[name].cast(pl.Float64).fill_null(float("nan")).to_numpy()
    group = None
    if group_by is not None:
        group = names[group_by].fill_null("").rank("dense").to_numpy().astype(np.int64) - 1
    return Panel(
        keys=tuple(tuple("" if v is None else str(v) for v in r) for r in names.select(keys).iter_rows()),
        values=filled[measure],
        first_period=first,
        step_days=step_days,
        group=group,
        price=_carried(filled["price_minor"]),
        promotion=np.nan_to_num(filled["promotion_share"]),
    )


def _carried(values: Floats) -> Floats:
    """Each value where there is one, else the last before it."""
    place = np.where(np.isnan(values), -1, np.arange(values.shape[1]))
    last = np.maximum.accumulate(place, axis=1)
    taken = np.take_along_axis(values, np.maximum(last, 0), axis=1)
    return np.where(last >= 0, taken, np.nan)


def calendar_features(
    days: Mapping[date, tuple[bool, bool, bool]], *, first_period: date, step_days: int, periods: int
) -> Floats:
    """Features × periods: days off, public holidays and days with a festival in each period.

    ``days`` says of a day (is it off, is it a public holiday, has it a festival); a day that is not known counts as an
    ordinary one.
    """
    found = np.zeros((3, periods))
    for period in range(periods):
        for offset in range(step_days):
            known = days.get(first_period + timedelta(days=period * step_days + offset), (False,) * 3)
            found[:, period] += known
    return found
