"""A small shop: members with addresses and consent, their orders, an audience of everybody, two people."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from shuke.apps.audiences.operations import create_audience
from shuke.apps.identity.operations import register_members
from shuke.apps.identity.queries import primary_person_keys
from shuke.apps.identity.schemas import MemberRegistration
from shuke.apps.members.queries import members_page
from shuke.apps.members.schemas import MemberProfile
from shuke.platform.accounts.operations import create_user
from shuke.platform.outbox.relay import drain
from shuke.platform.permissions import SYSTEM, Actor
from shuke.platform.retailer.operations import change_retailer
from shuke.platform.warehouse import lake
from shuke.tables import TABLES
from tests.remembered import remembered

AT = datetime(2026, 5, 4, 9, 0, tzinfo=UTC)
MEMBERS = 200
PASSWORD = "correct-horse-battery"
REACHABLE = 160


@dataclass(frozen=True)
class Shop:
    """What the tests know of the shop."""

    author: Actor
    approver: Actor
    audience_id: str
    member_ids: list[str]
    person_keys: dict[str, str]


def person(name: str, role: str) -> Actor:
    user = create_user(
        actor=SYSTEM,
        at=AT,
        username=name,
        password=PASSWORD,
        role=role,
        display_name=name.title(),
    )
    return Actor(kind="user", id=user.id, name=name.title(), role=role)


def order_row(number: int, person_key: str, placed_at: datetime, *, paid_minor: int) -> dict[str, Any]:
    row: dict[str, Any] = {
        column.name: None if column.nullable else {"minor": 0, "int": 0, "id_list": []}.get(column.type, "")
        for column in TABLES["orders"].columns
    }
    return row | {
        "order_id": f"till:{number}",
        "sales_channel": "store",
        "channel_account_id": "till",
        "person_key": person_key,
        "placed_at": placed_at,
        "payment_status": "paid",
        "fulfilment_status": "picked_up",
        "lifecycle_status": "completed",
        "currency": "CNY",
        "goods_minor": paid_minor,
        "paid_minor": paid_minor,
        "local_month": f"{placed_at:%Y-%m}",
        "local_date": placed_at.date(),
        "local_hour": placed_at.hour,
    }


def add_orders(rows: list[dict[str, Any]]) -> None:
    lake().append("orders", pa.Table.from_pylist(rows, schema=TABLES["orders"].arrow_schema))


@pytest.fixture
def shop(db: Any, lake_home: Path, tmp_path: Path, settings: Any) -> Shop:
    settings.SHUKE_HOME = str(tmp_path)
    # With its lake and the key of its texts.
    return remembered("campaigns", open_shop, folders=[tmp_path])


def open_shop() -> Shop:
    change_retailer(actor=SYSTEM, at=AT, name="Test Market", sender_address="shop@example.com")
    registrations = [
        MemberRegistration(
            row_no=n,
            identifiers={"external": f"h{n}", "email": f"h{n}@example.com"},
            profile=MemberProfile(
                name=f"Ann{n} Lee" if n % 2 else "王小明", language="en" if n % 2 else "zh-hans"
            ),
            consents={("email", "marketing"): "granted"} if n < REACHABLE else {},
        )
        for n in range(MEMBERS)
    ]
    register_members(at=AT - timedelta(days=90), account="till", source="test", registrations=registrations)
    views, _ = members_page(limit=MEMBERS)
    member_ids = [view.id for view in reversed(views)]
    keys = primary_person_keys(member_ids)
    add_orders(
        [
            order_row(n, keys[member_id], AT - timedelta(days=5 + n % 20), paid_minor=1000 + 10 * n)
            for n, member_id in enumerate(member_ids)
        ]
    )
    drain()
    audience_id = create_audience(
        actor=SYSTEM, at=AT, as_of=AT.date(), name="Everybody", conditions={"type": "all", "children": []}
    )
    return Shop(person("mark", "marketer"), person("vera", "approver"), audience_id, member_ids, keys)


@pytest.fixture
def today() -> date:
    return AT.date()
