"""``shuke public-data``: calendars and regions from the installed editions."""

from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

COUNTRY = typer.Option(
    "--country", help="A further country's calendar, as a code such as CN; repeat it for several."
)

cli = typer.Typer(help="Calendars and regions.", no_args_is_help=True)


@cli.callback()
def public_data() -> None:
    """Calendars and regions."""


@cli.command()
def refresh(countries: Annotated[list[str] | None, COUNTRY] = None) -> None:
    """Take calendars and regions in; the same editions again change nothing."""
    # Django's apps exist only once the command line has set it up.
    from shuke.platform.clock import business_date, now
    from shuke.platform.errors import Refused
    from shuke.platform.permissions import SYSTEM
    from shuke.platform.public_data.operations import refresh_public_data
    from shuke.platform.retailer.queries import retailer

    at = now()
    today = business_date(at, retailer().time_zone)
    try:
        with Console().status("Calendars and regions…"):
            done = refresh_public_data(actor=SYSTEM, at=at, today=today, more_countries=countries or ())
    except Refused as refusal:
        Console(stderr=True).print(f"{refusal} ({', '.join(refusal.details.get('country', []))})")
        raise typer.Exit(1) from refusal
    if not done.calendar_days and not done.regions:
        Console().print("Everything was there already; nothing has changed.")
        return
    Console().print(
        f"Calendars of {', '.join(done.countries) or 'no country'}: {done.calendar_days:,} days; "
        f"regions: {done.regions:,}."
    )


@cli.command()
def show() -> None:
    """What the lake holds, and from which edition."""
    from shuke.platform.public_data.queries import public_data as held

    found = held()
    table = Table("Calendar", "From", "To", "Make-up workdays", "Provisional from")
    for row in found.calendars:
        provisional = str(row.provisional_from or "–")
        table.add_row(row.country, str(row.first), str(row.last), str(row.makeup_workdays), provisional)
    Console().print(table)
    for row in found.calendars:
        Console().print(f"{row.country}: {row.source}.")
    if found.regions:
        regions = found.regions
        Console().print(
            f"{regions.regions:,} regions of {regions.countries} countries: {'; '.join(regions.sources)}."
        )
