"""One member as the lake knows it: traits, attributes, purchases by month, favourites."""

from datetime import date, timedelta
from typing import Any

import ibis
from ibis.expr import types as ir

from shuke.apps.members.queries.directory import newest_traits
from shuke.apps.members.queries.words import attribute_views
from shuke.apps.members.schemas import AttributeView, CategoryShare, MonthOfPurchases, PlaceView, Portrait
from shuke.lake.reading import Snapshot
from shuke.platform.public_data.queries import default_country
from shuke.platform.warehouse import lake
from shuke.science.persons import newest_per_key
from shuke.science.places import region_names

#: Attributes that name a place, the most exact first, with the level of region they mean.
PLACES = {"city": 2, "region": 1, "province": 1}
MONTHS = 24
CATEGORIES = 8


def person_keys(snapshot: Snapshot, member_id: str) -> list[str]:
    """The keys of the member now; few enough to name in a filter, which then prunes the files.

    One query brings the whole history of the keys that were ever the member's; a key that moved to somebody
    else is dropped by its newest row, as ``science.persons.current_identity`` decides it.
    """
    identity = snapshot.table("identity_map")
    ever = identity.filter(identity.member_id == member_id).select("person_key").distinct()
    history = identity.semi_join(ever, "person_key").select("person_key", "member_id", "valid_from")
    newest: dict[str, tuple[Any, str]] = {}
    for row in _rows(history):
        said = (row["valid_from"], row["member_id"])
        newest[row["person_key"]] = max(newest.get(row["person_key"], said), said)
    return sorted(key for key, (_at, owner) in newest.items() if owner == member_id) or [""]


def portrait(*, member_id: str, today: date) -> Portrait:
    """What is known of the member; empty lists where nothing is."""
    with lake().read() as snapshot:
        keys = person_keys(snapshot, member_id)
        traits = newest_traits(snapshot)
        found = _rows(traits.filter(traits.member_id == member_id).limit(1))
        attributes = _attributes(snapshot, keys)
        return Portrait(
            traits=found[0] if found else None,
            attributes=attributes,
            months=_months(snapshot, keys, today=today),
            place=_place(snapshot, attributes),
        )


def favourites(*, member_id: str, today: date) -> list[CategoryShare]:
    """Where most of the member's money went in two years.  Apart, since it reads the order lines."""
    with lake().read() as snapshot:
        return _categories(snapshot, person_keys(snapshot, member_id), today=today)


def _rows(table: ir.Table) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = table.to_pyarrow().to_pylist()
    return rows


def _attributes(snapshot: Snapshot, keys: list[str]) -> list[AttributeView]:
    attributes = snapshot.table("member_attributes")
    mine = attributes.filter(attributes.person_key.isin(keys))
    newest = newest_per_key(mine, ("attribute",), newest_by=("observed_at", "value", "source"))
    return attribute_views(_rows(newest.drop("person_key").order_by("attribute")))


def _place(snapshot: Snapshot, attributes: list[AttributeView]) -> PlaceView | None:
    """The region of the first attribute that names one; nothing where none is known or several fit."""
    told = {row.attribute: row.value for row in attributes}
    if snapshot.version("regions") is None:
        return None
    regions = snapshot.table("regions")
    for attribute, level in PLACES.items():
        if not told.get(attribute):
            continue
        country = default_country() or None
        names = region_names(regions, country=country, level=level)
        found = _rows(names.filter(names.place == told[attribute].strip().lower()))
        if found:
            province = _rows(regions.filter(regions.region_id == found[0]["province_id"]))[0]
            return _place_view(found[0], province)
    return None


def _place_view(region: dict[str, Any], province: dict[str, Any]) -> PlaceView:
    return PlaceView(
        region_id=region["region_id"],
        name=region["region_name"],
        name_zh=region["region_name_zh"],
        province_id=province["region_id"],
        province=province["name"],
        province_zh=province["short_zh"] or province["name"],
        country=region["region_country"],
    )


def _months(snapshot: Snapshot, keys: list[str], *, today: date) -> list[MonthOfPurchases]:
    """The last two years by month without a gap."""
    wanted = _last_months(today)
    orders = snapshot.table("orders")
    mine = orders.filter(
        orders.person_key.isin(keys),
        orders.local_month >= wanted[0],
        orders.lifecycle_status != "cancelled",
    )
    summed = mine.group_by("local_month").agg(orders=mine.count(), paid_minor=mine.paid_minor.sum())
    by_month = {row["local_month"]: row for row in _rows(summed)}
    if not by_month:
        return []
    first = min(by_month)
    return [
        MonthOfPurchases(
            month=month,
            orders=by_month.get(month, {}).get("orders", 0),
            paid_minor=by_month.get(month, {}).get("paid_minor", 0),
        )
        for month in wanted
        if month >= first
    ]


def _last_months(today: date) -> list[str]:
    count = today.year * 12 + today.month - 1
    return [f"{number // 12:04d}-{number % 12 + 1:02d}" for number in range(count - MONTHS + 1, count + 1)]


def _categories(snapshot: Snapshot, keys: list[str], *, today: date) -> list[CategoryShare]:
    since = today - timedelta(days=730)
    lines = snapshot.table("order_lines")
    mine = lines.filter(
        lines.person_key.isin(keys),
        lines.local_month >= f"{since:%Y-%m}",
        lines.local_date >= ibis.literal(since),
    )
    products = snapshot.table("products").select("product_id", "category", "department")
    named = mine.join(products, "product_id").mutate(
        category=lambda t: ibis.coalesce(t.category, t.department)
    )
    named = named.filter(named.category.notnull())
    summed = named.group_by("category").agg(paid_minor=named.paid_minor.sum())
    top = summed.filter(summed.paid_minor > 0).order_by(ibis.desc("paid_minor"), "category").limit(CATEGORIES)
    return [CategoryShare(**row) for row in _rows(top)]
