"""What a forecast is called and what it says in plain words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from shuke.apps.insights.schemas import StudyFacts
from shuke.science.forecast.levels import Item
from shuke.science.reading import Reading

#: Said of each level: where the forecast beats repeating the season before, and where it does not.
BETTER: Mapping[str, str] = {
    "total": "Sales as a whole: forecasts were off by {wape:.1%} of sales, {gain:.0%} less than repeating the past.",
    "channel": "Channels: forecasts were off by {wape:.1%} of sales, {gain:.0%} less than repeating the past.",
    "store": "Stores: forecasts were off by {wape:.1%} of sales, {gain:.0%} less than repeating the past.",
    "department": "Departments: forecasts were off by {wape:.1%} of sales, {gain:.0%} less than repeating the past.",
    "category": "Categories: forecasts were off by {wape:.1%} of sales, {gain:.0%} less than repeating the past.",
    "product": "Products: forecasts were off by {wape:.1%} of sales, {gain:.0%} less than repeating the past.",
}
#: A smaller change than this of the whole is none.
STEADY = 0.02
#: Departments named as rising or falling move by at least this much, and are no smaller a part of sales.
MOVES, LEAST_PART = 0.05, 0.005
NAMED = 3


def item_names(facts: StudyFacts, items: Sequence[Item]) -> list[str]:
    """What each item is called; empty for the total and for the rest of something, which pages name."""
    products = _names(
        facts, "products", "product_id", [i.keys["product_id"] for i in items if "product_id" in i.keys]
    )
    stores = _names(facts, "stores", "store_id", [i.keys["store_id"] for i in items if "store_id" in i.keys])
    found = []
    for item in items:
        keys = item.keys
        if item.level == "product" and not item.is_rest:
            found.append(products.get(keys["product_id"]) or keys["product_id"])
        elif item.level == "store" and not item.is_rest:
            found.append(stores.get(keys["store_id"]) or keys["store_id"])
        else:
            found.append(keys.get("category") or keys.get("department") or keys.get("sales_channel") or "")
    return found


def _names(facts: StudyFacts, table: str, key: str, wanted: Sequence[str]) -> dict[str, str]:
    if not wanted:
        return {}
    rows = facts.snapshot.table(table)
    chosen = rows.filter(rows[key].isin(sorted(set(wanted)))).select(key, "name")
    return {row[key]: row["name"] for row in chosen.to_pyarrow().to_pylist()}


def readings(result: Mapping[str, Any]) -> list[Reading]:
    """What the forecasts say and how far to trust them."""
    found = [_outlook(result["items"][0], weeks=result["horizon"])]
    found += _movers(result["items"])
    for level in result["levels"]:
        found += _trust(level)
    measured = [level for level in result["levels"] if level["coverage"] is not None]
    if measured:
        forecasts = sum(level["items"] for level in measured)
        inside = sum(level["coverage"] * level["items"] for level in measured) / forecasts
        found.append(
            Reading(
                "The bands promise to hold {asked:.0%} of the weeks; in the past they held {held:.0%}.",
                {"asked": result["coverage_asked"], "held": inside},
            )
        )
    return found


def _outlook(total: Mapping[str, Any], *, weeks: int) -> Reading:
    change = sum(total["mean"]) / total["before"] - 1 if total["before"] else 0.0
    values = {"weeks": weeks, "change": abs(change)}
    if abs(change) < STEADY:
        return Reading("Sales of the next {weeks} weeks will be about those of the last {weeks}.", values)
    if change > 0:
        return Reading("Sales of the next {weeks} weeks will be {change:.1%} above the last {weeks}.", values)
    return Reading("Sales of the next {weeks} weeks will be {change:.1%} below the last {weeks}.", values)


def _movers(items: Sequence[Mapping[str, Any]]) -> list[Reading]:
    """Departments of some size that will sell clearly more or less than in the weeks before."""
    whole = items[0]["before"] or 1
    moved = [
        (sum(item["mean"]) / item["before"] - 1, item["name"])
        for item in items
        if item["level"] == "department"
        and item["name"]
        and not item["is_rest"]
        and (item["before"] or 0) >= LEAST_PART * whole
    ]
    found = []
    rising = [f"{name} ({change:+.0%})" for change, name in sorted(moved, reverse=True) if change >= MOVES]
    falling = [f"{name} ({change:+.0%})" for change, name in sorted(moved) if change <= -MOVES]
    if rising:
        found.append(
            Reading("Departments that will sell more: {names}.", {"names": ", ".join(rising[:NAMED])})
        )
    if falling:
        found.append(
            Reading("Departments that will sell less: {names}.", {"names": ", ".join(falling[:NAMED])})
        )
    return found


def _trust(level: Mapping[str, Any]) -> list[Reading]:
    if level["wape"] is None or not level["naive_wape"]:
        return []
    gain = 1 - level["wape"] / level["naive_wape"]
    if gain > 0:
        sentence = BETTER[level["level"]]
        return [Reading(sentence, {"wape": level["wape"], "gain": gain})]
    return [
        Reading(
            "One level is no better forecast than by repeating the past (off by {wape:.1%}): do not plan by it.",
            {"wape": level["wape"]},
        )
    ]
