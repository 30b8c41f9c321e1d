"""What is known of each buyer on a day, and what happened after it.

Nothing here looks beyond ``as_of``: the features of a past day are computed as they would have been on it, so that a
classifier trained on them knows nothing that it will not know tomorrow.
"""

from __future__ import annotations

from datetime import date, timedelta

import ibis
from ibis.expr import types as ir

from shuke.science.visits import visits

#: Windows that end with the day, in days.
WINDOWS = (30, 90, 180)
FEATURES: tuple[str, ...] = (
    "recency_days",
    "tenure_days",
    "visits",
    "cycle_days",
    "cycles_silent",
    "gap_spread",
    *(f"{name}_{days}" for days in WINDOWS for name in ("visits", "spend")),
    "visits_trend",
    "spend_trend",
    "average_minor",
    "channels",
)


def features(purchases: ir.Table, *, as_of: date) -> ir.Table:
    """``member_id`` and the columns of ``FEATURES`` (float64, missing where unknown) of all who bought by ``as_of``.

    ``purchases``: one row per counted order, ``member_id, local_date, net_minor, sales_channel``.
    """
    day = ibis.literal(as_of)
    known = purchases.filter(purchases.local_date <= day)
    seen = visits(known, sums=["net_minor"])
    timed = seen.mutate(age_days=day.delta(seen.local_date, unit="day").cast("int64"))
    sums = {}
    for days in WINDOWS:
        inside = timed.age_days < days
        sums[f"visits_{days}"] = inside.cast("int64").sum().cast("float64")
        sums[f"spend_{days}"] = inside.ifelse(timed.net_minor, 0).sum().cast("float64")
    own = timed.group_by("member_id").agg(
        recency_days=timed.age_days.min().cast("float64"),
        tenure_days=timed.age_days.max().cast("float64"),
        visits=timed.count().cast("float64"),
        spend=timed.net_minor.sum().cast("float64"),
        cycle_days=timed.gap_days.median(),
        gap_mean=timed.gap_days.mean(),
        gap_deviation=timed.gap_days.std(),
        **sums,
    )
    channels = known.group_by("member_id").agg(channels=known.sales_channel.nunique().cast("float64"))
    joined = own.join(channels, "member_id")
    # The part of the quarter in the month; a third for somebody who has not changed.
    return joined.select(
        "member_id",
        "recency_days",
        "tenure_days",
        "visits",
        "cycle_days",
        *(f"{name}_{days}" for days in WINDOWS for name in ("visits", "spend")),
        "channels",
        cycles_silent=joined.recency_days / joined.cycle_days.nullif(0),
        gap_spread=joined.gap_deviation / joined.gap_mean.nullif(0),
        visits_trend=joined.visits_30 / joined.visits_90.nullif(0),
        spend_trend=joined.spend_30 / joined.spend_90.nullif(0),
        average_minor=joined.spend / joined.visits.nullif(0),
    )


def outcomes(purchases: ir.Table, *, as_of: date, horizon_days: int) -> ir.Table:
    """``member_id, is_silent`` of everybody who bought by ``as_of``: whether nothing came in the days after it."""
    day, last = ibis.literal(as_of), ibis.literal(as_of + timedelta(days=horizon_days))
    seen = purchases.filter(purchases.local_date <= last)
    came = ((seen.local_date > day) & (seen.local_date <= last)).max()
    judged = seen.group_by("member_id").agg(first_date=seen.local_date.min(), came=came)
    return judged.filter(judged.first_date <= day).select("member_id", is_silent=~judged.came)
