"""``shuke recommend export``: a slot's lists of all members as a file."""

import time
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

SLOT = typer.Argument(help="Code of the slot.")
OUT = typer.Option("--out", dir_okay=False, help="Ends with .csv or .parquet.")


class Language(StrEnum):
    """Of the reasons."""

    en = "en"
    zh_hans = "zh-hans"


def export(
    slot: Annotated[str, SLOT],
    out: Annotated[Path, OUT],
    *,
    language: Annotated[Language, typer.Option(help="Of the reasons.")] = Language.en,
    threads: Annotated[int, typer.Option(min=1, max=64)] = 2,
) -> None:
    """Write what a slot would recommend to each member: member_id, place, product_id, score, reason.

    Nothing is noted as an exposure, as nobody is shown it yet.
    """
    from shuke.apps.recommendations.operations.exporting import export_lists
    from shuke.platform.clock import now
    from shuke.platform.errors import Refused

    console, begun = Console(stderr=True), time.monotonic()
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    try:
        with Progress(*columns, console=console, transient=True) as progress:
            task = progress.add_task("members", total=None)
            count = export_lists(
                slot,
                file=out,
                at=now(),
                language=language.value,
                threads=threads,
                report=lambda done, of: progress.update(task, completed=done, total=of),
            )
    except (Refused, OSError) as error:
        console.print(f"[red]{error}[/red]", soft_wrap=True, highlight=False)
        raise typer.Exit(1) from error
    seconds = time.monotonic() - begun
    typer.echo(f"{count:,} members in {seconds:.1f} s: {out}")
