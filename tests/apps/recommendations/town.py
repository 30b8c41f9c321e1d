"""A small town whose members' purchases lie in the lake: everybody has staples, and now and then tries something."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import numpy as np

from shuke.platform.warehouse import lake
from shuke.tables import TABLES
from tests.science.conftest import arrow

TODAY = date(2025, 6, 30)
YESTERDAY = TODAY - timedelta(days=1)
AT = datetime.combine(TODAY, time(8), UTC)
STAPLES, ODDS = 12, 20


def put(name: str, rows: list[dict[str, Any]]) -> None:
    """Append rows to the lake."""
    lake().append(name, arrow(name, rows).cast(TABLES[name].arrow_schema))


def goods() -> list[dict[str, Any]]:
    """Staples and odd things, three to a kind; the last odd thing is no longer sold."""
    ids = [f"staple{n:02}" for n in range(STAPLES)] + [f"odd{n:02}" for n in range(ODDS)]
    return [
        {
            "product_id": product,
            "name": product.title(),
            "brand": f"Brand {place % 4}",
            "department": "Food" if place < STAPLES else "Other",
            "category": f"Category {place // 6}",
            "subcategory": f"Kind {place // 3}",
            "is_active": product != f"odd{ODDS - 1:02}",
        }
        for place, product in enumerate(ids)
    ]


def settle(*, members: int = 40, weeks: int = 16, seed: int = 3, prefix: str = "p") -> None:
    """Every member shops every other week until yesterday: two staples of its own and an odd thing."""
    rng = np.random.default_rng(seed)
    people = [f"{prefix}{n:02}" for n in range(members)]
    put("identity_map", [{"person_key": p, "member_id": f"mem_{p}"} for p in people])
    lake().replace("products", arrow("products", goods()).cast(TABLES["products"].arrow_schema), where={})
    orders, lines = [], []
    for number, person in enumerate(people):
        for week in range(0, weeks, 2):
            at = datetime.combine(TODAY - timedelta(days=1 + number % 13 + 7 * week), time(12), UTC)
            keys = {"order_id": f"{person}-{week}", "person_key": person, "placed_at": at, "store_id": "s1"}
            orders.append({**keys, "paid_minor": 900})
            bought = (number % STAPLES, (number + 1) % STAPLES, STAPLES + int(rng.integers(ODDS)))
            names = [f"staple{b:02}" if b < STAPLES else f"odd{b - STAPLES:02}" for b in bought]
            lines += [
                {**keys, "line_no": place, "product_id": name, "quantity": 1, "paid_minor": 300}
                for place, name in enumerate(names, 1)
            ]
    put("orders", orders)
    put("order_lines", lines)
