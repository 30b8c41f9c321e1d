"""Forecasts of the past beside what came: how good were we?

Pure Ibis, on the stored table ``forecasts`` and the series of today.  Of several studies with one origin the newest
counts; periods that have not come yet are left out.
"""

from __future__ import annotations

import ibis
from ibis.expr import types as ir


def with_actual(forecasts: ir.Table, sales: ir.Table) -> ir.Table:
    """Each forecast whose period has come, with ``actual``.

    ``forecasts``: rows of the lake's table; ``sales``: ``item, period_start, actual`` of every item and period that is
    over, zeros included.
    """
    newest = forecasts.as_of == forecasts.as_of.max().over(
        ibis.window(group_by=[forecasts.origin_date, forecasts.item])
    )
    marked = forecasts.mutate(is_newest=newest)
    kept = marked.filter(marked.is_newest).drop("is_newest")
    return kept.join(sales, ["item", "period_start"]).filter(lambda t: t.actual.notnull())


def judged_forecasts(
    forecasts: ir.Table, sales: ir.Table, *, by: tuple[str, ...] = ("origin_date", "level")
) -> ir.Table:
    """``by, forecasts, wape, naive_wape, bias, coverage, coverage_asked`` of all forecasts whose period has come.

    ``wape``, ``naive_wape`` and ``bias`` are parts of the sales, empty where nothing was sold; ``naive_wape`` is that
    of repeating the season before.
    """
    rows = with_actual(forecasts, sales)
    inside = (rows.actual >= rows.low) & (rows.actual <= rows.high)
    summed = rows.group_by(*by).agg(
        forecasts=rows.count(),
        sold=rows.actual.abs().sum(),
        missed=(rows["mean"] - rows.actual).abs().sum(),
        naive_missed=(rows.naive - rows.actual).abs().sum(),
        over=(rows["mean"] - rows.actual).sum(),
        coverage=inside.cast("float64").mean(),
        coverage_asked=rows.coverage.mean(),
    )
    sold = summed.sold.nullif(0)
    return summed.select(
        *by,
        "forecasts",
        wape=summed.missed / sold,
        naive_wape=summed.naive_missed / sold,
        bias=summed.over / sold,
        coverage=summed.coverage,
        coverage_asked=summed.coverage_asked,
    )
