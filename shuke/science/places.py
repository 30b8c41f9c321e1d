"""From the name of a place to its region.

People write 深圳, 深圳市, Shenzhen or CN-440300 and mean the same.  A name that fits several regions
(吉林 is a province and a city, Suzhou two cities) is decided by the level asked for; what stays
ambiguous is left open, because a wrong province is worse than none.
"""

from __future__ import annotations

import ibis
from ibis.expr import types as ir

#: What a row gains by its place.
COLUMNS = ("region_id", "region_name", "region_name_zh", "region_country", "province_id")


def region_names(regions: ir.Table, *, country: str | None = None, level: int = 2) -> ir.Table:
    """Each name that means exactly one region: ``place`` (lower case) and the columns of ``COLUMNS``.

    Of several regions of one country with a name the only one of ``level`` wins; else the name is left out.
    ``province_id`` is the region of the first level that it is or lies in.
    """
    wanted = regions if country is None else regions.filter(regions.country == country)
    named = ibis.union(
        *(
            wanted.select("region_id", "country", "level", place=wanted[column].lower())
            for column in ("region_id", "name", "name_zh", "short_zh")
        ),
        distinct=True,
    )
    named = named.filter(named.place.notnull())
    counted = named.group_by("place").agg(
        fitting=named.count(),
        countries=named.country.nunique(),
        at_level=named.count(where=named.level == level),
        any_id=named.region_id.min(),
        id_at_level=named.region_id.min(where=named.level == level),
    )
    chosen = counted.mutate(
        region_id=ibis.cases(
            ((counted.at_level == 1) & (counted.countries == 1), counted.id_at_level),
            (counted.fitting == 1, counted.any_id),
        )
    )
    chosen = chosen.filter(chosen.region_id.notnull()).select("place", "region_id")
    facts = wanted.select(
        "region_id",
        region_name=wanted.name,
        region_name_zh=ibis.coalesce(wanted.short_zh, wanted.name),
        region_country=wanted.country,
        province_id=ibis.coalesce(wanted.parent_id, wanted.region_id),
    )
    return chosen.join(facts, "region_id").select("place", *COLUMNS)


def with_region(
    table: ir.Table, regions: ir.Table, *, column: str, country: str | None = None, level: int = 2
) -> ir.Table:
    """The table with the columns of ``COLUMNS`` for the place named in ``column``; empty where none fits."""
    names = region_names(regions, country=country, level=level)
    keyed = table.mutate(place_key=table[column].strip().lower())
    joined = keyed.left_join(names, keyed.place_key == names.place)
    return joined.select(*table.columns, *COLUMNS)
