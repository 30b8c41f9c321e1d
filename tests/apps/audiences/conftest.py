"""A small shop in a lake of its own, and people who may work with audiences."""

# ruff: noqa: E501

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from shuke.apps.members.models import Member
from shuke.platform.accounts.operations import create_user
from shuke.platform.clock import now
from shuke.platform.crypto import encrypt
from shuke.platform.permissions import SYSTEM, Actor
from shuke.platform.retailer.operations import change_retailer
from shuke.platform.warehouse import lake
from shuke.tables import TABLES
from tests.apps.audiences.worlds import arrow
from tests.remembered import remembered

PASSWORD = "correct-horse-battery"
PEOPLE = 12


def person(name: str, role: str, language: str = "en") -> Actor:
    """A user of that role, as the actor of operations."""
    user = create_user(
        actor=SYSTEM,
        at=now(),
        username=name,
        password=PASSWORD,
        role=role,
        display_name=name,
        language=language,
    )
    return Actor(kind="user", id=user.id, name=name, role=role)


@pytest.fixture
def marketer(db: None) -> Actor:
    return person("mara", "marketer")


@pytest.fixture
def viewer(db: None) -> Actor:
    return person("vera", "viewer")


@pytest.fixture
def shop(db: None, lake_home: Path) -> list[str]:
    """Twelve members m00 … m11: member n bought n orders of tea, the even ones soap too; traits of yesterday."""
    remembered(("audiences", now().date()), fill_shop, folders=[lake_home])
    return [f"m{number:02}" for number in range(PEOPLE)]


def fill_shop() -> None:
    """Write the shop into the configured lake and database."""
    change_retailer(actor=SYSTEM, at=now(), currency="CNY", time_zone="UTC")
    today = now()
    orders, lines, traits, people, births = [], [], [], [], []
    for number in range(PEOPLE):
        member, key = f"m{number:02}", f"k{number:02}"
        people.append({"person_key": key, "member_id": member, "kind": "email", "draw": number * 1_000_003})
        births.append(
            {"person_key": key, "attribute": "birthday", "value": f"{today + timedelta(days=number):%m-%d}"}
        )
        for count in range(number):
            at = today - timedelta(days=count + 1)
            order_id = f"o{number}-{count}"
            orders.append(
                {
                    "order_id": order_id,
                    "person_key": key,
                    "placed_at": at,
                    "paid_minor": 1000,
                    "store_id": "s1",
                }
            )
            products = ["tea"] + (["soap"] if number % 2 == 0 else [])
            lines += [
                {
                    "order_id": order_id,
                    "line_no": line,
                    "person_key": key,
                    "placed_at": at,
                    "product_id": product,
                    "paid_minor": 400,
                }
                for line, product in enumerate(products, start=1)
            ]
        traits.append(
            {"member_id": member, "as_of": (today - timedelta(days=1)).date(), "frequency": number, "orders_total": number,
             "monetary_minor": number * 1000, "spend_total_minor": number * 1000,
             "lifecycle_stage": "prospect" if number == 0 else "at_risk" if number < 4 else "active"}
        )  # fmt: skip
    goods = [
        {"product_id": "tea", "name": "Green tea", "department": "Food", "category": "Tea", "brand": "Leaf"},
        {"product_id": "soap", "name": "Soap", "department": "Home", "category": "Soap", "brand": "Foam"},
    ]
    found = {"orders": orders, "order_lines": lines, "traits": traits, "identity_map": people,
             "member_attributes": births, "products": goods}  # fmt: skip
    for name, rows in found.items():
        lake().append(name, arrow(name, rows).cast(TABLES[name].arrow_schema))
    at = datetime(2026, 1, 1, tzinfo=UTC)
    Member.objects.bulk_create(
        Member(
            public_id=f"m{n:02}", name_encrypted=encrypt(f"Ann {n}"), source="t", created_at=at, updated_at=at
        )
        for n in range(PEOPLE)
    )


@pytest.fixture
def at_least() -> Callable[[int], dict[str, object]]:
    """``at_least(3)``: the condition that somebody ordered three times or more in the last year."""
    return lambda number: {"type": "trait", "field": "frequency", "operator": "ge", "value": number}
