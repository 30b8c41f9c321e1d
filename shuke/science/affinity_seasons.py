"""Whether what is bought together is so all year: the lift of given pairs by quarter."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import ibis
from ibis.expr import types as ir


def seasonal_lifts(lines: ir.Table, pairs: Sequence[tuple[str, str]]) -> list[dict[str, Any]]:
    """``left, right, quarter, baskets, lift`` of each pair and quarter, in the order of ``pairs``.

    ``lines``: ``basket_id, item_id, local_date``, an item once in a basket.  ``quarter`` is like ``2026-Q3``; a
    quarter in which one of the two was never bought has no row.
    """
    if not pairs:
        return []
    day = lines.local_date
    quarter = day.year().cast("string") + "-Q" + day.quarter().cast("string")
    known = lines.select("basket_id", "item_id", quarter=quarter)
    sizes = known.group_by("quarter").agg(size=known.basket_id.nunique())
    items = sorted({item for pair in pairs for item in pair})
    kept = known.filter(known.item_id.isin(items))
    counts = kept.group_by("quarter", "item_id").agg(n=kept.count())
    asked = ibis.memtable([{"left": a, "right": b, "place": i} for i, (a, b) in enumerate(pairs)])
    first = counts.select("quarter", "n", left="item_id").join(asked, "left")
    both = first.join(counts.select("quarter", right="item_id", right_n="n"), ["quarter", "right"])
    met = kept.select("basket_id", "quarter", left="item_id").join(asked, "left")
    met = met.join(kept.select("basket_id", right="item_id"), ["basket_id", "right"])
    together = met.group_by("place", "quarter").agg(baskets=met.count())
    rows = both.join(sizes, "quarter").left_join(together, ["place", "quarter"])
    found = rows.select(
        "left",
        "right",
        "place",
        quarter=both.quarter,
        baskets=rows.baskets.fill_null(0),
        lift=rows.baskets.fill_null(0) * rows["size"] / (both.n * both.right_n).cast("float64"),
    ).order_by("place", "quarter")
    return [
        {name: row[name] for name in ("left", "right", "quarter", "baskets", "lift")}
        for row in found.to_pyarrow().to_pylist()
    ]
