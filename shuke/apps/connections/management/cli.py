"""``shuke import``: bring a file in from the command line."""

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

console = Console()


def import_file(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="CSV, Excel or Parquet.")],
    *,
    kind: Annotated[
        str, typer.Option(help="members, products, orders, refunds …; found out by the headers if left out.")
    ] = "",
    account: Annotated[
        str, typer.Option(help="Channel account, by name or id, created if there is none; or the platform's.")
    ] = "",
    details: Annotated[
        Path | None, typer.Option(exists=True, dir_okay=False, help="Taobao's second file, with the lines.")
    ] = None,
    sales_channel: Annotated[str, typer.Option(help="Sales channel of a new account.")] = "store",
    profile: Annotated[str, typer.Option(help="A saved mapping, by name or id.")] = "",
    amount_unit: Annotated[str, typer.Option(help="major (12.50) or minor (1250).")] = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Check only; change nothing.")] = False,
) -> None:
    """Take a file in, or check it."""
    from shuke.platform.errors import Refused

    try:
        view = _import(
            file, kind, account, sales_channel, profile, amount_unit, details=details, dry_run=dry_run
        )
    except Refused as refusal:
        console.print(f"[red]{refusal.code}[/red]: {refusal.message}", soft_wrap=True)
        raise typer.Exit(code=1) from refusal
    show_report(view)


def _import(file: Path, kind: str, account: str, *given: str, details: Path | None, dry_run: bool) -> Any:
    from shuke.apps.connections.operations import (
        check_batch,
        discard_batch,
        ensure_account,
        upload,
        use_profile,
    )
    from shuke.apps.connections.operations.uploading import file_blocks
    from shuke.apps.connections.queries import account as account_named
    from shuke.platform.clock import now
    from shuke.platform.errors import NotFound
    from shuke.platform.permissions import SYSTEM

    sales_channel, profile, amount_unit = given
    owner_id = ""
    if account:
        try:
            owner_id = account_named(account).id
        except NotFound:
            owner_id = ensure_account(actor=SYSTEM, at=now(), name=account, sales_channel=sales_channel).id
    settings = {"amount_unit": amount_unit} if amount_unit else {}
    view = upload(
        actor=SYSTEM,
        at=now(),
        account_id=owner_id,
        kind=kind,
        file_name=file.name,
        blocks=file_blocks(file),
        settings=settings,
        details=(details.name, file_blocks(details)) if details else None,
    )
    if profile:
        view = use_profile(actor=SYSTEM, at=now(), batch_id=view.id, profile_id=profile)
    if dry_run:
        checked = check_batch(actor=SYSTEM, at=now(), batch_id=view.id)
        discard_batch(actor=SYSTEM, at=now(), batch_id=view.id)
        return checked
    return run_with_progress(view.id, label=file.name)


def run_with_progress(batch_id: str, *, label: str) -> Any:
    """Run a batch in this process with a progress bar, then move what it told to the lake."""
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    from shuke.apps.connections.operations import run_batch
    from shuke.platform.clock import now
    from shuke.platform.outbox.relay import drain

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.fields[step]}"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console) as progress:
        bar = progress.add_task(label, total=100, step="")

        def tell(done: int, total: int, step: str) -> None:
            progress.update(bar, completed=done, total=total, step=step)

        view = run_batch(at=now(), batch_id=batch_id, tell=tell)
        drain()
        progress.update(bar, completed=100, total=100, step="")
    return view


def show_report(view: Any) -> None:
    """Print what a check or a run found."""
    report = view.report
    words = "would be taken" if report.is_dry_run else "new"
    console.print(
        f"{report.total:,} rows: {report.accepted:,} {words}, {report.corrected:,} corrected, "
        f"{report.unchanged:,} known already, {report.rejected:,} put aside, {report.duplicates:,} twice in the file "
        f"({report.seconds:.1f} s)"
    )
    if report.has_changed_nothing:
        console.print("Nothing changed: everything the file says was known already.")
    if report.reasons:
        table = Table("rows", "reason", "for example row")
        for item in report.reasons:
            table.add_row(f"{item.count:,}", item.message, ", ".join(str(number) for number in item.rows))
        console.print(table)
    for item in report.outliers:
        console.print(
            f"Look at {item.field}: {item.count:,} values outside {item.lower:,.0f} to {item.upper:,.0f}"
        )
