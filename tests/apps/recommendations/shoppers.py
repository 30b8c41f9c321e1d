"""Shoppers whose taste is known: they are answered by a slot's real choice, click, and sometimes buy.

Written straight into the lake, as the answers' log, the collector and the tills would have.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

import numpy as np

from shuke.apps.recommendations.operations.learning import learn
from shuke.apps.recommendations.queries.bandits import current_posteriors
from shuke.apps.recommendations.queries.slots import slot
from shuke.apps.recommendations.rules.choosing import choose
from shuke.platform.retailer.queries import retailer
from tests.apps.recommendations.town import put

PLACES = 4


@dataclass(frozen=True)
class Taste:
    """How shoppers take to a strategy: parts of its lists that are clicked, and that lead to a purchase."""

    click: float
    buy: float


def settle(*, members: int, products: int = 40) -> None:
    """Members with one key each, and products."""
    put("identity_map", [{"person_key": f"k{n}", "member_id": f"mem_{n}"} for n in range(members)])
    put("products", [{"product_id": f"p{n}", "name": f"Product {n}"} for n in range(products)])


def play(
    code: str,
    tastes: Mapping[str, Taste],
    *,
    first: date,
    days: int,
    members: int,
    rng: np.random.Generator,
    visits: float = 0.5,
    price: int = 500,
) -> None:
    """Each member comes on a day with the chance ``visits``; the bandit learns every night."""
    view, currency = slot(code), retailer().currency
    kept: dict[str, list[dict[str, Any]]] = {}
    for number in range(days):
        day = first + timedelta(days=number)
        posteriors = current_posteriors(code)
        lists, events, orders, lines = [], [], [], []
        for member in np.flatnonzero(rng.random(members) < visits):
            at = datetime(day.year, day.month, day.day, 8, tzinfo=UTC) + timedelta(
                seconds=int(rng.integers(36_000))
            )
            chosen = choose(view, who=f"mem_{member}", posteriors=posteriors, rng=rng)
            name = f"{code}-{day:%m%d}-{member}"
            shown = [f"p{p}" for p in rng.choice(40, PLACES, replace=False)]
            lists.append(_list(view, name, chosen, key=f"k{member}", at=at, shown=shown))
            events.append(_event("Product List Viewed", name, key=f"k{member}", at=at))
            taste = tastes[chosen.strategy]
            if rng.random() < taste.click:
                # Upper places are clicked more.
                place = rng.choice(PLACES, p=[0.4, 0.3, 0.2, 0.1])
                late = at + timedelta(minutes=float(rng.exponential(20)))
                events.append(
                    _event("Product Clicked", name, key=f"k{member}", at=late, product=shown[place])
                )
            if rng.random() < taste.buy:
                bought = at + timedelta(hours=2)
                order = {
                    "order_id": f"o-{name}",
                    "currency": currency,
                    "person_key": f"k{member}",
                    "placed_at": bought,
                    "paid_minor": price,
                }
                orders.append(order)
                lines.append({**order, "line_no": 1, "product_id": shown[0]})
        made = {"recommendation_lists": lists, "events": events, "orders": orders, "order_lines": lines}
        for name, rows in made.items():
            kept.setdefault(name, []).extend(rows)
        if view.bandit or number == days - 1:
            for name, rows in kept.items():
                put(name, rows)
            kept = {}
        if view.bandit:
            learn(at=datetime(day.year, day.month, day.day, 23, 30, tzinfo=UTC))


def _list(view: Any, name: str, chosen: Any, *, key: str, at: datetime, shown: list[str]) -> dict[str, Any]:
    return {
        "list_id": name, "slot": view.code, "slot_version": view.version, "experiment_id": view.experiment_id or None,
        "arm": chosen.arm, "strategy": chosen.strategy, "strategy_chance": chosen.chance, "fallback": "",
        "person_key": key, "listed_at": at, "product_ids": shown,
        "local_date": at.date(), "local_month": f"{at:%Y-%m}", "local_hour": at.hour,
    }  # fmt: skip


def _event(name: str, number: str, *, key: str, at: datetime, product: str = "") -> dict[str, Any]:
    properties = {"list_id": number, **({"product_id": product} if product else {})}
    return {
        "message_id": f"{name}-{number}", "name": name, "type": "track", "person_key": key, "occurred_at": at,
        "received_at": at, "properties": json.dumps(properties),
    }  # fmt: skip
