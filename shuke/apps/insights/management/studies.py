"""``shuke insights``: answer the questions about all members."""

from datetime import date, datetime, timedelta
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

AS_OF = typer.Option(formats=["%Y-%m-%d"], help="The last business day to look at; yesterday if left out.")
KINDS = typer.Argument(help="Kinds of study; all of them if left out.")
SPARK = typer.Option(
    metavar="MASTER",
    help="Read and count on this Spark master, such as spark://host:7077; models are fitted here, on grouped rows.",
)

cli = typer.Typer(help="Studies of all members.", no_args_is_help=True)


@cli.callback()
def insights() -> None:
    """Studies of all members."""


@cli.command()
def study(
    kinds: Annotated[list[str] | None, KINDS] = None,
    as_of: Annotated[datetime | None, AS_OF] = None,
    *,
    spark: Annotated[str | None, SPARK] = None,
) -> None:
    """Answer questions about all members as of a day with traits."""
    # Django's apps exist only once the command line has set it up.
    from shuke.apps.insights.queries import QUESTIONS
    from shuke.platform.clock import business_date, now
    from shuke.platform.retailer.queries import retailer

    yesterday = business_date(now(), retailer().time_zone) - timedelta(days=1)
    day = as_of.date() if as_of else yesterday
    with Progress(TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn()) as progress:
        failed = [
            kind
            for kind in kinds or QUESTIONS
            if not _answered(kind, day=day, progress=progress, spark=spark)
        ]
    if failed:
        raise typer.Exit(1)


def _answered(kind: str, *, day: date, progress: Progress, spark: str | None) -> bool:
    """Answer one question and say how it went."""
    from shuke.apps.insights.operations import run_study
    from shuke.lake.errors import LakeError
    from shuke.platform.clock import now
    from shuke.platform.errors import NotFound, Refused

    row = progress.add_task(kind, total=None)
    try:
        found = run_study(
            kind,
            at=now(),
            as_of=day,
            spark=spark,
            report=lambda done, total, _label: progress.update(row, completed=done, total=total),
        )
    except (NotFound, Refused, LakeError) as refusal:
        Console(stderr=True).print(f"{kind}: {refusal}", markup=False)
        return False
    progress.update(row, completed=1, total=1)
    said = found.refusal.text if found.refusal else " ".join(reading.text for reading in found.readings)
    Console().print(f"{kind} ({found.seconds:.1f} s): {said}", markup=False)
    return True
