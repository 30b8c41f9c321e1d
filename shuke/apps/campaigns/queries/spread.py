"""How much members of an audience usually spend in a time as long as the campaign: what the power note needs."""

import math
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, timedelta

import ibis

from shuke.platform.warehouse import lake
from shuke.science.persons import with_member
from shuke.science.purchases import is_purchase


@dataclass(frozen=True)
class Spread:
    """Mean and standard deviation of revenue per member in minor units, over members with and without orders."""

    mean: float
    deviation: float


def usual_spend(member_ids: Collection[str], *, as_of: date, days: int) -> Spread:
    """Revenue per member in the ``days`` before ``as_of``."""
    if not member_ids:
        return Spread(0.0, 0.0)
    with lake().read() as snapshot:
        orders = snapshot.table("orders")
        window = orders.filter(
            orders.local_date >= ibis.date(as_of - timedelta(days=days)),
            orders.local_date < ibis.date(as_of),
            is_purchase(orders),
        )
        members = ibis.memtable({"member_id": sorted(member_ids)})
        own = with_member(window, snapshot.table("identity_map")).semi_join(members, "member_id")
        spent = own.group_by("member_id").agg(spent=own.paid_minor.sum().cast("float64"))
        totals = spent.agg(first=spent.spent.sum(), second=(spent.spent * spent.spent).sum())
        row = snapshot.connection.to_pyarrow(totals).to_pylist()[0]
    count = len(member_ids)
    mean = (row["first"] or 0.0) / count
    variance = max((row["second"] or 0.0) / count - mean * mean, 0.0)
    return Spread(mean, math.sqrt(variance))
