"""``shuke ledger``: verify the points ledger, and keep its heads elsewhere."""

import json
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

if TYPE_CHECKING:
    from shuke.apps.loyalty.schemas.care import VerificationView

HEADS = typer.Option(help="A file of heads that was exported before: a tail that was cut off since is seen.")
EXPORT = typer.Option(help="The file to write; keep it where nobody who can write the database can.")
JSON = typer.Option("--json", help="Print the result as JSON.")
CHANGED = typer.Option(
    "--changed", help="Replay and rehash only wallets that changed since they were last verified."
)

cli = typer.Typer(help="The points ledger.", no_args_is_help=True)


@cli.callback()
def ledger() -> None:
    """The points ledger."""


@cli.command()
def verify(
    heads: Annotated[Path | None, HEADS] = None,
    as_json: Annotated[bool, JSON] = False,
    changed: Annotated[bool, CHANGED] = False,
) -> None:
    """Run all checks; the exit code is 1 if anything is not as it must be."""
    # Django's apps exist only once the command line has set it up.
    from shuke.apps.loyalty.operations import verify_ledger
    from shuke.platform.clock import now
    from shuke.platform.permissions import SYSTEM

    exported = _read_heads(heads) if heads else None
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("Checks", total=None)
        found = verify_ledger(
            actor=SYSTEM,
            clock=now,
            is_full=not changed,
            exported=exported,
            tell=lambda done, total: progress.update(task, completed=done, total=total),
        )
    if as_json:
        typer.echo(found.model_dump_json(indent=2))
    else:
        _show(found)
    if found.findings:
        raise typer.Exit(1)


def _read_heads(path: Path) -> dict[str, str]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise typer.BadParameter(f"{path} is not a file of heads: {error}") from error
    if not isinstance(found, dict) or not all(isinstance(value, str) for value in found.values()):
        raise typer.BadParameter(f"{path} is not a file of heads: it must map wallets to hashes.")
    return found


def _show(found: "VerificationView") -> None:
    table = Table("", "Check", "Found", "Seconds", box=None)
    for check in found.checks:
        mark = "[red]✗[/red]" if check.found else "[green]✓[/green]"
        table.add_row(mark, f"{check.number:>2} {check.title}", f"{check.found:,}", f"{check.seconds:.2f}")
    console = Console()
    console.print(table)
    for check in found.checks:
        for text in check.examples:
            console.print(f"[red]{check.number}[/red] {text}", highlight=False)
    seconds = (found.finished_at - found.started_at).total_seconds()
    console.print(
        f"{found.transactions:,} transactions of {found.wallets:,} wallets in {seconds:.1f} s: "
        + (f"[red]{found.findings:,} findings[/red]" if found.findings else "[green]sound[/green]")
    )
    console.print(f"Heads {found.heads_digest}", highlight=False)


@cli.command("heads")
def export_heads(export: Annotated[Path, EXPORT]) -> None:
    """Write the head of every wallet's chain to a file; give it to ``verify --heads`` later."""
    from shuke.apps.loyalty.queries.verification import heads_at
    from shuke.platform.clock import now

    at: datetime = now()
    found = heads_at(at)
    text = json.dumps(found, indent=0)
    if export.exists():
        raise typer.BadParameter(f"{export} exists already; heads are never written over.")
    export.write_text(text + "\n", encoding="utf-8")
    Console().print(f"{len(found) - 1:,} heads as of {at:%Y-%m-%d %H:%M:%S} UTC written to {export}")
