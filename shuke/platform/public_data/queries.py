"""Reading public data."""

from datetime import date, timedelta
from typing import Any

import ibis
from ibis.expr import types as ir

from shuke.lake.reading import Snapshot
from shuke.platform.public_data.rules import country_of
from shuke.platform.public_data.schemas import (
    CountryCalendar,
    KindOfDaySales,
    PublicData,
    RegionsEdition,
    SpecialDay,
)
from shuke.platform.retailer.queries import retailer
from shuke.platform.warehouse import lake
from shuke.science.calendar import sales_by_kind_of_day
from shuke.science.purchases import purchases

#: Order in which kinds of day are shown.
DAY_KINDS = ("workday", "weekend", "holiday", "makeup_workday")


def default_country() -> str:
    """The country whose days count for the retailer; empty where its settings do not tell."""
    settings = retailer()
    return country_of(time_zone=settings.time_zone, currency=settings.currency)


def public_data() -> PublicData:
    """What the lake holds."""
    with lake().read() as snapshot:
        return PublicData(
            default_country=default_country(),
            calendars=_calendars(snapshot),
            regions=_regions(snapshot),
        )


def _calendars(snapshot: Snapshot) -> list[CountryCalendar]:
    days = snapshot.table("calendar_days")
    summed = days.group_by("country").agg(
        first=days.day.min(),
        last=days.day.max(),
        days=days.count(),
        makeup_workdays=days.count(where=days.day_kind == "makeup_workday"),
        provisional_from=days.day.min(where=days.is_provisional),
        source=days.source.max(),
    )
    return [CountryCalendar(**row) for row in _rows(summed.order_by("country"))]


def _regions(snapshot: Snapshot) -> RegionsEdition | None:
    table = snapshot.table("regions")
    counted = _rows(table.agg(regions=table.count(), countries=table.country.nunique()))[0]
    if not counted["regions"]:
        return None
    sources = [row["source"] for row in _rows(table.select("source").distinct().order_by("source"))]
    return RegionsEdition(**counted, sources=sources)


def special_days(*, country: str, today: date, days: int = 120) -> list[SpecialDay]:
    """The coming holidays, make-up workdays, festivals and seasons, oldest first."""
    with lake().read() as snapshot:
        table = snapshot.table("calendar_days")
        coming = table.filter(
            table.country == country,
            table.day >= ibis.literal(today),
            table.day < ibis.literal(today + timedelta(days=days)),
            table.day_kind.isin(["holiday", "makeup_workday"]) | (table.festivals.length() > 0),
        )
        return [SpecialDay(**_named(row, SpecialDay)) for row in _rows(coming.order_by("day"))]


def sales_by_day_kind(*, country: str, first: date, last: date) -> list[KindOfDaySales]:
    """What a day of each kind brought between two business dates, both included; kinds in their order."""
    with lake().read() as snapshot:
        bought = purchases(
            orders=_between(snapshot.table("orders"), first=first, last=last),
            refunds=snapshot.table("refunds"),
            identity_map=snapshot.table("identity_map"),
            currency=retailer().currency,
        )
        calendar = snapshot.table("calendar_days")
        found = _rows(sales_by_kind_of_day(bought, calendar, country=country, first=first, last=last))
    rounded = [row | {"net_minor_per_day": round(row["net_minor_per_day"])} for row in found]
    return sorted((KindOfDaySales(**row) for row in rounded), key=lambda row: DAY_KINDS.index(row.day_kind))


def _between(facts: ir.Table, *, first: date, last: date) -> ir.Table:
    return facts.filter(
        facts.local_month >= f"{first:%Y-%m}",
        facts.local_date >= ibis.literal(first),
        facts.local_date <= ibis.literal(last),
    )


def _named(row: dict[str, Any], schema: type) -> dict[str, Any]:
    return {name: row[name] for name in schema.model_fields}  # type: ignore[attr-defined]


def _rows(table: ir.Table) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = table.to_pyarrow().to_pylist()
    return rows
