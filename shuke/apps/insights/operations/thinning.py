"""Thinning the history of members, which would otherwise grow by a row per member, scheme and night."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from shuke.apps.insights.rules.thinning import superfluous_days
from shuke.platform.warehouse import lake
from shuke.tables import TABLES


def thin_history(*, today: date) -> Mapping[str, int]:
    """Remove the superfluous days of every table that holds one row per member and day.

    Returns how many rows went by table.  Running it again removes nothing.
    """
    removed = {}
    for table in TABLES.values():
        names = table.column_names
        if table.kind != "derived" or "as_of" not in names or "member_id" not in names:
            continue
        with lake().read() as snapshot:
            days = snapshot.table(table.name).select("as_of").distinct().to_pyarrow()["as_of"].to_pylist()
        removed[table.name] = lake().delete_days(
            table.name, column="as_of", days=superfluous_days(days, today=today)
        )
    return removed
