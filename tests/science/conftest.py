"""Small worlds of canonical tables for the science tests."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, time
from typing import Any

import ibis
import pyarrow as pa
import pytest

from shuke.tables import TABLES

Rows = Sequence[dict[str, Any]]

DEFAULTS: dict[str, dict[str, Any]] = {
    "orders": {
        "sales_channel": "store", "channel_account_id": "a", "payment_status": "paid",
        "fulfilment_status": "delivered",
        "lifecycle_status": "completed", "currency": "CNY", "goods_minor": 0, "discount_merchant_minor": 0,
        "discount_platform_minor": 0, "shipping_minor": 0, "tax_minor": 0, "points_spent": 0,
        "source": "t", "batch_id": "b",
    },
    "order_lines": {
        "line_no": 1, "sales_channel": "store", "quantity": 1, "list_minor": 0, "discount_minor": 0,
        "voucher_minor": 0, "currency": "CNY", "is_gift": False, "batch_id": "b",
    },
    "refunds": {"line_no": 0, "quantity": 0, "currency": "CNY", "batch_id": "b"},
    "products": {"name": "p", "is_active": True, "batch_id": "b"},
    "identity_map": {"kind": "card", "draw": 0, "valid_from": datetime(2020, 1, 1, tzinfo=UTC)},
    "member_attributes": {"source": "t", "observed_at": datetime(2020, 1, 1, tzinfo=UTC)},
    "exposures": {"is_randomised": True, "experiment_id": "exp"},
    "events": {"source": "web", "type": "page", "name": "home"},
    "consents": {"source": "t"},
}  # fmt: skip

BUSINESS_TIMES = ("placed_at", "refunded_at", "occurred_at", "assigned_at")


def on(day: date, hour: int = 12) -> datetime:
    """An instant of that day, UTC."""
    return datetime.combine(day, time(hour), UTC)


def arrow(name: str, rows: Rows) -> pa.Table:
    """Rows of the table ``name`` with sensible values for what they leave out."""
    filled = [_business_time({**DEFAULTS.get(name, {}), **row}) for row in rows]
    schema = pa.schema([pa.field(f.name, f.type) for f in TABLES[name].arrow_schema])
    return pa.Table.from_pylist(filled, schema=schema)


def _business_time(row: dict[str, Any]) -> dict[str, Any]:
    at = next((row[name] for name in BUSINESS_TIMES if row.get(name)), None)
    if at is not None:
        row = {"local_date": at.date(), "local_month": f"{at:%Y-%m}", "local_hour": at.hour, **row}
    return row


@pytest.fixture
def table() -> Callable[[str, Rows], ibis.Table]:
    """``table("orders", rows)``: an Ibis table of that name."""
    return lambda name, rows: ibis.memtable(arrow(name, rows))
