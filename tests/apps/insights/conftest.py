"""A small shop in a lake of its own."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest

from shuke.platform.retailer.models import Retailer
from shuke.platform.warehouse import lake
from shuke.tables import TABLES
from tests.science.conftest import arrow

TODAY = date(2025, 6, 30)
AT = datetime.combine(TODAY, time(8), UTC)


@pytest.fixture(autouse=True)
def _own_lake(settings, tmp_path, db):
    settings.LAKE_ROOT = tmp_path / "lake"
    Retailer.objects.update_or_create(pk=1, defaults={"currency": "CNY", "time_zone": "UTC"})


@pytest.fixture
def put() -> Callable[[str, list[dict[str, Any]]], None]:
    """``put("orders", rows)`` appends rows to the lake."""

    def append(name: str, rows: list[dict[str, Any]]) -> None:
        lake().append(name, arrow(name, rows).cast(TABLES[name].arrow_schema))

    return append


def order(number: str, person: str, *, days_ago: int, paid: int = 1000) -> dict[str, Any]:
    """An order that many days before today."""
    at = datetime.combine(TODAY - timedelta(days=days_ago), time(12), UTC)
    return {"order_id": number, "person_key": person, "placed_at": at, "paid_minor": paid, "store_id": "s1"}


@pytest.fixture
def shop(put):
    """Members a (often), b (seldom), c (new), d (never) over three months."""
    put("identity_map", [{"person_key": p, "member_id": f"mem_{p}"} for p in "abcd"])
    orders = [order(f"a{day}", "a", days_ago=day) for day in range(1, 100, 7)]
    orders += [order("b1", "b", days_ago=40, paid=5000), order("b2", "b", days_ago=90, paid=5000)]
    orders += [order("c1", "c", days_ago=3, paid=700)]
    put("orders", orders)
