"""The retailer's business month, date and hour of an instant."""

from __future__ import annotations

import polars as pl


def business_time(column: str, zone: str) -> list[pl.Expr]:
    """``local_month, local_date, local_hour`` of a UTC column in the retailer's time zone."""
    local = pl.col(column).dt.convert_time_zone(zone)
    return [
        local.dt.strftime("%Y-%m").alias("local_month"),
        local.dt.date().alias("local_date"),
        local.dt.hour().cast(pl.Int64).alias("local_hour"),
    ]
