"""Taking public data into the lake."""

from collections.abc import Iterable
from datetime import date, datetime

import pyarrow as pa
import pyarrow.compute as pc
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from shuke.lake.reading import Snapshot
from shuke.platform.audit.operations import record_audit
from shuke.platform.errors import Invalid
from shuke.platform.permissions import Actor
from shuke.platform.public_data.queries import default_country
from shuke.platform.public_data.rules import wanted_years
from shuke.platform.public_data.schemas import Refreshed
from shuke.platform.warehouse import lake
from shuke.sources.public.calendars import calendar_days, countries, edition
from shuke.sources.public.regions import regions


def refresh_public_data(
    *, actor: Actor, at: datetime, today: date, more_countries: Iterable[str] = ()
) -> Refreshed:
    """Bring the regions and the calendars to the installed editions; the same editions again write nothing.

    Calendars are kept of the retailer's country, of those the lake has already, and of
    ``more_countries``.  Refuses a country without a calendar, and then changes nothing.
    """
    asked = sorted(set(more_countries))
    unknown = [country for country in asked if country not in countries()]
    if unknown:
        raise Invalid(
            "unknown_country",
            _("There is no calendar of this country; use a code of two letters such as CN."),
            {"country": [country[:10] for country in unknown]},
        )
    with lake().read() as snapshot:
        held = snapshot.table("calendar_days").to_pyarrow()
        known_regions = snapshot.table("regions").order_by("region_id").to_pyarrow()
        first, last = wanted_years(today, first_fact=_first_fact(snapshot))
    names = {*held["country"].unique().to_pylist(), *asked, default_country()} & set(countries())
    days = _refreshed_days(held, names, first=first, last=last)
    places = _refreshed_regions(known_regions)
    with transaction.atomic():
        if days is not None or places is not None:
            changes = {"countries": sorted(names)}
            record_audit(
                actor=actor,
                at=at,
                verb="public_data.refreshed",
                subject=("public_data", "1"),
                changes=changes,
            )
        if days is not None:
            lake().replace("calendar_days", days)
        if places is not None:
            lake().replace("regions", places)
    return Refreshed(
        calendar_days=days.num_rows if days is not None else 0,
        regions=places.num_rows if places is not None else 0,
        countries=sorted(names),
    )


def _first_fact(snapshot: Snapshot) -> date | None:
    found = snapshot.table("orders").local_date.min().to_pyarrow().as_py()
    return found if isinstance(found, date) else None


def _refreshed_days(held: pa.Table, names: Iterable[str], *, first: date, last: date) -> pa.Table | None:
    """All calendars anew, or nothing if every one has the range and the edition."""
    if all(
        _is_current(held.filter(pc.field("country") == name), name, first=first, last=last) for name in names
    ):
        return None
    return pa.concat_tables(calendar_days(name, first=first, last=last) for name in sorted(names))


def _is_current(days: pa.Table, country: str, *, first: date, last: date) -> bool:
    if not days.num_rows:
        return False
    reach = pc.min_max(days["day"])
    covers = reach["min"].as_py() <= first and reach["max"].as_py() >= last
    return covers and days["source"].unique().to_pylist() == [edition(country)]


def _refreshed_regions(known: pa.Table) -> pa.Table | None:
    """The shipped regions, or nothing if the lake has the same."""
    shipped = regions()
    return None if known.to_pylist() == shipped.to_pylist() else shipped
