"""Square: details of items sold, with a local date, time and the name of the zone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType

import polars as pl

from shuke.sources.files.layouts.amounts import amount, as_text
from shuke.sources.files.layouts.layout import Draft, Layout

#: Square's names of zones; names of the zone database and abbreviations with one meaning pass as well.
ZONES: Mapping[str, str] = MappingProxyType(
    {
        "eastern time (us & canada)": "America/New_York",
        "central time (us & canada)": "America/Chicago",
        "mountain time (us & canada)": "America/Denver",
        "arizona": "America/Phoenix",
        "pacific time (us & canada)": "America/Los_Angeles",
        "alaska": "America/Anchorage",
        "hawaii": "Pacific/Honolulu",
        "atlantic time (canada)": "America/Halifax",
        "newfoundland": "America/St_Johns",
        "london": "Europe/London",
        "edinburgh": "Europe/London",
        "dublin": "Europe/Dublin",
        "paris": "Europe/Paris",
        "madrid": "Europe/Madrid",
        "tokyo": "Asia/Tokyo",
        "sydney": "Australia/Sydney",
        "melbourne": "Australia/Melbourne",
        "brisbane": "Australia/Brisbane",
        "adelaide": "Australia/Adelaide",
        "perth": "Australia/Perth",
        "awst": "Australia/Perth",
    }
)
_FORMATS = ("%Y-%m-%d %H:%M:%S", "%m/%d/%y %H:%M:%S", "%m/%d/%Y %H:%M:%S", "%Y-%m-%d %H:%M", "%m/%d/%y %H:%M")


def _finish(draft: Draft) -> Draft:
    rows = draft.rows
    for name in ("gross", "reduction", "net", "tax_of_line", "pieces"):
        value = amount(name) if name in rows.columns else pl.lit(None, dtype=pl.Float64)
        rows = rows.with_columns(value.alias(name))
    is_refund = pl.col("pieces").fill_null(1) < 0
    if "event" in rows.columns:
        is_refund = is_refund | (pl.col("event").str.to_lowercase() == "refund").fill_null(value=False)
    refunds = rows.filter(is_refund)["row_no"]
    rows = rows.with_columns(
        _utc(rows),
        as_text(pl.col("gross")).alias("list_amount"),
        as_text(pl.col("reduction").abs()).alias("discount"),
        as_text(pl.col("net") + pl.col("tax_of_line").fill_null(0)).alias("paid"),
        as_text(pl.col("tax_of_line").sum().over("order_no")).alias("tax"),
        _whole(pl.col("pieces")).alias("quantity"),
    )
    faults = tuple((number, "", "refund_row") for number in refunds)
    return replace(draft, rows=rows, faults=(*draft.faults, *faults))


def _whole(pieces: pl.Expr) -> pl.Expr:
    """1.0 is one piece; half a pound is one piece of something weighed."""
    counted = pl.when(pieces == pieces.round(0)).then(pieces).otherwise(1.0)
    return counted.cast(pl.Int64).cast(pl.String)


def _utc(rows: pl.DataFrame) -> pl.Expr:
    """Date and time in the zone that the row names, as ISO 8601 with its offset; unknown zones leave the clock."""
    clock = pl.concat_str(*(pl.col(n) for n in ("date", "clock") if n in rows.columns), separator=" ")
    local = pl.coalesce(*(clock.str.to_datetime(f, strict=False) for f in _FORMATS))
    answer = pl.coalesce(local.dt.strftime("%Y-%m-%d %H:%M:%S"), clock)
    if "zone" not in rows.columns:
        return answer.alias("placed_at")
    for name in rows["zone"].drop_nulls().unique():
        zone = ZONES.get(name.strip().casefold())
        if zone is None:
            continue
        moved = local.dt.replace_time_zone(zone, ambiguous="earliest", non_existent="null")
        stamped = moved.dt.convert_time_zone("UTC").dt.strftime("%Y-%m-%d %H:%M:%S+00:00")
        answer = pl.when(pl.col("zone") == name).then(pl.coalesce(stamped, answer)).otherwise(answer)
    return answer.alias("placed_at")


SQUARE_ITEMS = Layout(
    name="square_items",
    label="Square: items sold",
    kind="orders",
    sales_channel="square",
    needs=(("Date",), ("Item",), ("Qty",), ("Gross Sales",), ("Net Sales",), ("Transaction ID",)),
    columns={
        "order_no": ("Transaction ID",),
        "external": ("Customer ID",),
        "date": ("Date",),
        "clock": ("Time",),
        "zone": ("Time Zone",),
        "product_id": ("SKU", "GTIN", "Item"),
        "sku": ("SKU",),
        "product_name": ("Item",),
        "pieces": ("Qty",),
        "gross": ("Gross Sales",),
        "reduction": ("Discounts",),
        "net": ("Net Sales",),
        "tax_of_line": ("Tax",),
        "event": ("Event Type",),
        "store_id": ("Location",),
    },
    finish=_finish,
)
