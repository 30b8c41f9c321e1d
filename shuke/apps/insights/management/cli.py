"""``shuke traits``: build what is known about members."""

from datetime import date, datetime, timedelta
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

AS_OF = typer.Option(formats=["%Y-%m-%d"], help="The last business day to look at; yesterday if left out.")
WINDOW = typer.Option(min=1, max=3650, help="How many days RFM looks back.")
SPARK = typer.Option(metavar="MASTER", help="Compute on this Spark master, such as spark://host:7077.")

cli = typer.Typer(help="Traits of members.", no_args_is_help=True)


@cli.callback()
def traits() -> None:
    """Traits of members."""


@cli.command()
def build(
    as_of: Annotated[datetime | None, AS_OF] = None,
    window_days: Annotated[int, WINDOW] = 365,
    spark: Annotated[str | None, SPARK] = None,
) -> None:
    """Build the traits of every member as of a day."""
    # Django's apps exist only once the command line has set it up.
    from shuke.apps.insights.operations import build_traits
    from shuke.platform.clock import business_date, now
    from shuke.platform.errors import Refused
    from shuke.platform.retailer.queries import retailer

    at = now()
    day: date = as_of.date() if as_of else business_date(at, retailer().time_zone) - timedelta(days=1)
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns) as progress:
        task = progress.add_task("Traits", total=None)
        try:
            built = build_traits(
                at=at,
                as_of=day,
                window_days=window_days,
                spark=spark,
                report=lambda done, total, label: progress.update(
                    task, completed=done, total=total, description=label
                ),
            )
        except Refused as refusal:
            progress.stop()
            Console(stderr=True).print(str(refusal))
            raise typer.Exit(1) from refusal
    Console().print(f"Traits of {built.members:,} members as of {built.as_of} in {built.seconds:.2f} s")
