"""Rows for the lake's tests."""

from datetime import UTC, date, datetime
from typing import Any

import pyarrow as pa

from shuke.tables import TABLES


def order_line(
    order: int, line: int = 1, *, month: int = 11, person: str = "", paid: int = 100
) -> dict[str, Any]:
    """One valid order line of 2026."""
    return {
        "order_id": f"o{order}",
        "line_no": line,
        "person_key": person or f"p{order % 100}",
        "placed_at": datetime(2026, month, 3, 10, tzinfo=UTC),
        "sales_channel": "store",
        "store_id": None,
        "product_id": f"sku{order % 7}",
        "sku": None,
        "quantity": 1,
        "list_minor": paid,
        "discount_minor": 0,
        "voucher_minor": 0,
        "paid_minor": paid,
        "currency": "EUR",
        "is_gift": False,
        "batch_id": "b1",
        "local_month": f"2026-{month:02}",
        "local_date": date(2026, month, 3),
        "local_hour": 11,
    }


def order_lines(start: int, stop: int, **options: Any) -> pa.Table:
    """Order lines ``start`` to ``stop - 1``."""
    rows = [order_line(number, **options) for number in range(start, stop)]
    return pa.Table.from_pylist(rows, schema=TABLES["order_lines"].arrow_schema)


def traits(as_of: date, *members: str, **values: Any) -> pa.Table:
    """Traits of some members as of a day."""
    rows = [
        {
            "member_id": member,
            "as_of": as_of,
            "frequency": 1,
            "monetary_minor": 1,
            "orders_total": 1,
            "spend_total_minor": 1,
            "lifecycle_stage": "new",
            **values,
        }
        for member in members
    ]
    return pa.Table.from_pylist(rows, schema=TABLES["traits"].arrow_schema)


def products(*names: str) -> pa.Table:
    """Products of these names, with ids 0, 1, 2 …"""
    rows = [
        {"product_id": str(number), "name": name, "is_active": True, "batch_id": "b"}
        for number, name in enumerate(names)
    ]
    return pa.Table.from_pylist(rows, schema=TABLES["products"].arrow_schema)
