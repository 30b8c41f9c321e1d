"""``shuke recommend fit``, ``bundles`` and ``activate``."""

import json
from datetime import date, datetime, timedelta
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

AS_OF = typer.Option(formats=["%Y-%m-%d"], help="The last business day to learn from; yesterday if left out.")
LIMIT = typer.Option(min=1, max=1000, help="How many, newest first.")
SPARK = typer.Option(metavar="MASTER", help="Compute on this Spark master, such as spark://host:7077.")
AS_JSON = typer.Option("--json", help="For machines; nothing else is printed.")
MEGABYTE = 1_000_000


def fit(
    as_of: Annotated[datetime | None, AS_OF] = None,
    *,
    spark: Annotated[str, SPARK] = "",
    as_json: Annotated[bool, AS_JSON] = False,
) -> None:
    """Fit everything that slots recommend from, as of a business day, and serve it."""
    from shuke.apps.recommendations.operations.apart import ProcessFailed
    from shuke.apps.recommendations.operations.fitting import fit_bundle
    from shuke.platform.clock import business_date, now
    from shuke.platform.errors import Refused
    from shuke.platform.retailer.queries import retailer

    at = now()
    day: date = as_of.date() if as_of else business_date(at, retailer().time_zone) - timedelta(days=1)
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    errors = Console(stderr=True)
    with Progress(*columns, console=errors, transient=True) as progress:
        task = progress.add_task("", total=None)

        def tell(done: int, total: int, step: str) -> None:
            progress.update(task, completed=done, total=total, description=step)

        try:
            found = fit_bundle(at=at, as_of=day, report=tell, spark=spark)
        except (Refused, ProcessFailed) as refusal:
            progress.stop()
            errors.print(str(refusal), soft_wrap=True, highlight=False)
            raise typer.Exit(1) from refusal
    if as_json:
        typer.echo(found.model_dump_json())
        return
    Console().print(
        f"Bundle {found.id} of {found.as_of} is served: {found.members:,} members, {found.items:,} products, "
        f"{found.size_bytes / MEGABYTE:,.0f} MB, {found.seconds:.0f} s, peak {found.peak_bytes / MEGABYTE:,.0f} MB."
    )
    _figures(found)


def bundles(limit: Annotated[int, LIMIT] = 20, *, as_json: Annotated[bool, AS_JSON] = False) -> None:
    """Every bundle that was fitted, newest first."""
    from shuke.apps.recommendations.queries.bundles import bundles as all_bundles

    page = all_bundles(limit=limit)
    if as_json:
        typer.echo(json.dumps([row.model_dump(mode="json") for row in page.items], ensure_ascii=False))
        return
    if not page.items:
        Console().print("No bundle was fitted yet: shuke recommend fit.")
        return
    table = Table("Bundle", "As of", "Fitted", "State", "Default", "MB", "Peak MB", "Seconds")
    for row in page.items:
        state = "served" if row.is_active else row.state + (f" ({row.problem})" if row.problem else "")
        sizes = (
            f"{row.size_bytes / MEGABYTE:,.0f}",
            f"{row.peak_bytes / MEGABYTE:,.0f}",
            f"{row.seconds:,.0f}",
        )
        table.add_row(row.id, str(row.as_of), f"{row.built_at:%Y-%m-%d %H:%M}", state, row.best, *sizes)
    Console().print(table)


def activate(bundle_id: Annotated[str, typer.Argument(metavar="ID")]) -> None:
    """Serve this bundle from now on: an earlier one again, for instance."""
    from shuke.apps.recommendations.operations.bundle_keeping import activate_bundle
    from shuke.platform.clock import now
    from shuke.platform.errors import Refused
    from shuke.platform.permissions import SYSTEM

    try:
        found = activate_bundle(actor=SYSTEM, at=now(), bundle_id=bundle_id)
    except Refused as refusal:
        problem = refusal.details.get("problem", "")
        Console(stderr=True).print(f"{refusal} {problem}".strip(), soft_wrap=True, highlight=False)
        raise typer.Exit(1) from refusal
    Console().print(f"Bundle {found.id} of {found.as_of} is served.")


def _figures(found: Any) -> None:
    table = Table("Strategy", found.metric, "Seconds", "Peak MB")
    for figure in found.figures:
        value = "–" if figure.value is None else f"{figure.value:.4f}"
        name = f"{figure.name} (default)" if figure.name == found.best else figure.name
        table.add_row(name, value, f"{figure.seconds:,.0f}", f"{figure.peak_bytes / MEGABYTE:,.0f}")
    Console().print(table)
