"""Times that every member counts from its own beginning: numbers of orders, days since the first or since the one
before.

What is popular lately, ties and a month at the end need one calendar.  Where there is none, everybody's last order is
put on the same day: members of a loyalty scheme end together, since the file was written then, and begin at any time.
"""

from __future__ import annotations

import polars as pl

from shuke.science.recommendations.histories import DAY

#: Part of the members who must begin alike, and how many members there must be, before numbers are taken for such.
ALIKE, LEAST = 0.99, 20
#: A number of days beyond which nobody counts orders.
LARGEST = 5_000
LAST_DAY = 20_000
SECOND = 1_000_000


def begins_with_each_member(frame: pl.DataFrame) -> bool:
    """Whether numbers of days (``time`` as moments since 1970) start anew with every member: nearly all begin with the
    same 0 or 1, although they do not end together."""
    ends = frame.group_by("member").agg(first=pl.col("time").min(), last=pl.col("time").max())
    first, last = (ends[name].cast(pl.Int64).to_numpy() // DAY for name in ("first", "last"))
    if len(first) < LEAST or first.min() not in (0, 1) or last.max() > LARGEST:
        return False
    return bool((first == first.min()).mean() >= ALIKE and (last == last.max()).mean() < ALIKE)


def days_by_gaps(frame: pl.DataFrame) -> pl.DataFrame:
    """``time`` from ``gap``, the days since the member's order before, summed over the orders' numbers (``time``).

    Orders of one day follow each other by a second.
    """
    gap = pl.col("gap").cast(pl.Float64, strict=False).fill_nan(None).fill_null(0.0).clip(0.0)
    orders = frame.select("member", "time", gap=gap).group_by("member", "time").agg(pl.col("gap").max())
    orders = orders.sort("member", "time").with_columns(
        day=pl.col("gap").cum_sum().over("member"), place=pl.int_range(pl.len()).over("member")
    )
    moment = (pl.col("day") * DAY).cast(pl.Int64) + pl.col("place") * SECOND
    orders = orders.select("member", "time", moment=moment.cast(pl.Datetime("us")))
    joined = frame.join(orders, on=["member", "time"], how="left", maintain_order="left")
    return joined.with_columns(time="moment").drop("moment", "gap")


def ending_together(frame: pl.DataFrame) -> pl.DataFrame:
    """Everybody's last order on the same day."""
    time = pl.col("time").cast(pl.Int64)
    day = time // DAY
    moved = time + (LAST_DAY - day.max().over("member")) * DAY
    return frame.with_columns(time=moved.cast(pl.Datetime("us")))
