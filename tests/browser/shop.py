"""A small shop whose pages have something to show: members, goods, orders and traits in the lake."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa

from shuke.apps.identity.operations import register_members
from shuke.apps.identity.queries import find_members, person_keys_of
from shuke.apps.identity.schemas import MemberRegistration
from shuke.apps.insights.operations import build_traits
from shuke.apps.members.schemas import MemberProfile
from shuke.platform.clock import now
from shuke.platform.outbox.relay import drain
from shuke.platform.permissions import SYSTEM
from shuke.platform.warehouse import lake
from shuke.tables import TABLES
from tests.remembered import remembered

NAMES = ("Ann Lee", "王小明", "Cleo Rossi", "Dan Novak")


def _filled(table: str, **values: Any) -> dict[str, Any]:
    """A row with something plain in every column that must not be empty."""
    plain: dict[str, Any] = {"id": "x", "text": "x", "int": 0, "minor": 0, "bool": True, "float": 0.0}
    row = {
        column.name: None if column.nullable else plain.get(column.type) for column in TABLES[table].columns
    }
    return row | values


def _append(table: str, rows: list[dict[str, Any]]) -> None:
    lake().append(table, pa.Table.from_pylist(rows, schema=TABLES[table].arrow_schema))


def open_shop() -> list[str]:
    """Fill the lake and the database; returns the members' public ids in the order of NAMES."""
    at = now()
    register_members(
        at=at,
        account="tills",
        source="test",
        region="CN",
        registrations=[
            MemberRegistration(
                row_no=number,
                identifiers={"card": f"C{number}", "email": f"m{number}@example.com"},
                profile=MemberProfile(name=name, joined_on=date(2026, 1, number)),
                attributes={"city": "Shanghai"},
                consents={("email", "marketing"): "granted"},
            )
            for number, name in enumerate(NAMES, start=1)
        ],
    )
    drain()
    members = [find_members(f"m{number}@example.com")[0] for number in range(1, len(NAMES) + 1)]
    _append(
        "products",
        [
            _filled("products", product_id=f"p{i}", name=f"Tea {i}", department="Drinks", category="Tea")
            for i in range(3)
        ],
    )
    yesterday = (at - timedelta(days=1)).replace(hour=10, minute=0, second=0, microsecond=0)
    orders, lines = [], []
    for place, member_id in enumerate(members):
        key = person_keys_of(member_id)[0]
        for back in range(0, 200, 20 + 10 * place):
            orders.append(_order(f"o{place}-{back}", key, yesterday - timedelta(days=back)))
            lines.append(_line(orders[-1]))
    _append("orders", orders)
    _append("order_lines", lines)
    build_traits(at=at, as_of=yesterday.date(), actor=SYSTEM)
    drain()
    return members


def remembered_shop(lake_home: Path) -> list[str]:
    """The same shop, built once a day in a process: for tests that begin with an empty database."""
    return remembered(("shop", now().date()), open_shop, folders=[lake_home])


def _business(at: datetime) -> dict[str, Any]:
    at = at.astimezone(UTC)
    return {"local_month": f"{at:%Y-%m}", "local_date": at.date(), "local_hour": at.hour}


def _order(order_id: str, key: str, at: datetime) -> dict[str, Any]:
    return _filled(
        "orders",
        order_id=order_id,
        sales_channel="store",
        store_id="7",
        person_key=key,
        placed_at=at,
        payment_status="paid",
        fulfilment_status="picked_up",
        lifecycle_status="completed",
        currency="CNY",
        goods_minor=2000,
        paid_minor=1800,
        discount_merchant_minor=200,
        **_business(at),
    )


def _line(order: dict[str, Any]) -> dict[str, Any]:
    shared = {name: order[name] for name in TABLES["order_lines"].column_names if name in order}
    return _filled("order_lines", **shared, line_no=1) | {
        "product_id": "p1",
        "quantity": 2,
        "list_minor": 2000,
        "discount_minor": 200,
        "paid_minor": 1800,
        "is_gift": False,
    }
