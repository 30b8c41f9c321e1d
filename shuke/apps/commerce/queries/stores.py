"""Reading stores."""

from datetime import date, timedelta

import ibis

from shuke.apps.commerce.schemas import StoreRow
from shuke.platform.warehouse import lake
from shuke.science.purchases import is_purchase

WINDOW_DAYS = 365


def stores(*, today: date) -> list[StoreRow]:
    """Every store with its orders and revenue of the last 365 days, largest first."""
    since = ibis.literal(today - timedelta(days=WINDOW_DAYS))
    with lake().read() as snapshot:
        orders, known = snapshot.table("orders"), snapshot.table("stores")
        recent = orders.filter((orders.local_date > since) & is_purchase(orders))
        sold = recent.group_by("store_id").agg(orders=recent.count(), revenue_minor=recent.paid_minor.sum())
        joined = known.left_join(sold, "store_id").select(
            "name",
            "sales_channel",
            "region",
            id=known.store_id,
            orders=sold.orders.fill_null(0),
            revenue_minor=sold.revenue_minor.fill_null(0),
        )
        rows = joined.order_by([joined.revenue_minor.desc(), joined.id.asc()]).to_pyarrow().to_pylist()
    return [StoreRow(**row) for row in rows]
