"""What commerce keeps of imported orders besides the facts in the lake."""

from datetime import datetime

import polars as pl

from shuke.apps.commerce.operations import keep_receivers
from shuke.apps.commerce.schemas import Receiver
from shuke.apps.connections.operations import register_companion
from shuke.apps.connections.schemas import Origin

FIELDS = ("receiver_name", "receiver_phone", "receiver_address")


def keep_imported_receivers(*, at: datetime, origin: Origin, rows: pl.DataFrame) -> None:
    """The receiver of each order, by its first row that names one."""
    if not set(FIELDS) <= set(rows.columns):
        return
    named = rows.filter(pl.any_horizontal(pl.col(name).is_not_null() for name in FIELDS))
    first = named.unique(subset="order_no", keep="first", maintain_order=True)
    receivers = [
        Receiver(
            order_id=f"{origin.account_id}:{order_no}",
            person_key=person_key,
            name=name or "",
            phone=phone or "",
            address=address or "",
        )
        for order_no, person_key, name, phone, address in first.select(
            "order_no", "person_key", *FIELDS
        ).iter_rows()
    ]
    keep_receivers(at=at, source=origin.source, region=origin.region, receivers=receivers)


register_companion("orders", keep_imported_receivers)
register_companion("order_headers", keep_imported_receivers)
