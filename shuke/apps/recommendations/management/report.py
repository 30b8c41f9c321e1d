"""``shuke recommend report``: which strategy would have done best on the retailer's own history."""

import json
import sys
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from shuke.apps.recommendations.management.new_products import show_new_products

if TYPE_CHECKING:
    from shuke.apps.recommendations.schemas.comparison import (
        EvaluationInput,
        EvaluationView,
        FigureView,
        GroupView,
        StrategyView,
    )


class Level(StrEnum):
    """What an item is."""

    product = "product"
    kind = "kind"


class OwnProtocol(StrEnum):
    """How the history is cut."""

    last = "last"
    month = "month"


LEVEL = typer.Option(
    help="Products, or kinds of product (subcategories, or the next level that is filled in)."
)
PROTOCOL = typer.Option(help="last: each member's last basket; month: everything of the last four weeks.")
STRATEGIES = typer.Option(help="Names with commas between them; those that slots serve if left out.")
AS_OF = typer.Option(formats=["%Y-%m-%d"], help="The last business day to look at; yesterday if left out.")
TUNE = typer.Option("--tune", help="Choose parameters on the basket or the weeks before (slower).")
KEPT = typer.Option("--kept", help="Print the newest kept evaluation instead of making one.")
AS_JSON = typer.Option("--json", help="For machines; nothing else is printed.")


def report(
    *,
    level: Annotated[Level, LEVEL] = Level.product,
    protocol: Annotated[OwnProtocol, PROTOCOL] = OwnProtocol.last,
    strategies: Annotated[str, STRATEGIES] = "",
    as_of: Annotated[datetime | None, AS_OF] = None,
    tune: Annotated[bool, TUNE] = False,
    kept: Annotated[bool, KEPT] = False,
    as_json: Annotated[bool, AS_JSON] = False,
) -> None:
    """Judge strategies on what the own members bought, and keep the figures for the page and the API."""
    from shuke.apps.recommendations.operations.apart import ProcessFailed
    from shuke.apps.recommendations.queries.evaluations import latest_evaluation
    from shuke.apps.recommendations.schemas.comparison import EvaluationInput
    from shuke.platform.errors import Refused

    errors = Console(stderr=True)
    names = [name.strip() for name in strategies.split(",") if name.strip()]
    wanted = EvaluationInput(level=level.value, protocol=protocol.value, strategies=names, is_tuned=tune)
    try:
        if kept:
            found = latest_evaluation(level=wanted.level, protocol=wanted.protocol)
        else:
            found = _judged(wanted, as_of=as_of.date() if as_of else None, console=errors)
    except (Refused, ProcessFailed) as refusal:
        errors.print(str(refusal), markup=False)
        raise typer.Exit(1) from refusal
    if found is None:
        errors.print("Nothing is kept yet; run the command without --kept.")
        raise typer.Exit(1)
    if as_json:
        typer.echo(json.dumps(found.model_dump(mode="json"), ensure_ascii=False))
    else:
        _show(found, console=Console(width=None if sys.stdout.isatty() else 160))
    if found.refusal:
        raise typer.Exit(1)


def _judged(wanted: "EvaluationInput", *, as_of: date | None, console: Console) -> "EvaluationView":
    """Judge with a bar while it takes long."""
    from shuke.apps.recommendations.operations.evaluations import run_evaluation
    from shuke.platform.clock import business_date, now
    from shuke.platform.retailer.queries import retailer

    at = now()
    bars = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*bars, console=console, transient=True) as progress:
        task = progress.add_task("", total=None)

        def tell(done: int, total: int, step: str) -> None:
            progress.update(task, completed=done, total=total, description=step)

        return run_evaluation(
            wanted,
            at=at,
            as_of=as_of or business_date(at, retailer().time_zone) - timedelta(days=1),
            report=tell,
        )


def _show(found: "EvaluationView", *, console: Console) -> None:
    """Protocol, tie rule, figures and what they mean."""
    if found.refusal:
        console.print(found.refusal.text, markup=False)
        return
    told = found.report
    if told is None:
        return
    k = told.metrics[0].partition("@")[2]
    lines = (
        f"Evaluation {found.id}: {found.level}, {told.first_day} to {told.last_day}, {found.seconds:.0f} s",
        f"History    {told.members:,} members, {told.baskets:,} baskets, {told.lines:,} lines, {told.items:,} items",
        f"Protocol   {told.protocol}",
        f"Judged     {told.judged_members:,} of {told.asked_members:,} members; {told.vocabulary:,} items to find",
        f"Dropped    {told.dropped_share:.1%} of what was bought lies outside of it",
        f"Repeats    {told.repeat_share or 0:.1%} of the rest, the same member had bought before",
        f"Ties       {told.tie_rule}",
        f"nDCG       {told.ndcg}",
        f"Parameters {'chosen one step before the test' if told.is_tuned else 'the defaults'}",
    )
    for line in lines:
        console.print(line, highlight=False, soft_wrap=True, markup=False)
    for title, table in (
        ("Lists of ten", _figures(told.strategies, told.metrics, base=told.baseline)),
        (f"The catalogue, lists of {max(told.cutoffs)}", _whole(told.strategies)),
        (
            f"nDCG@{k} by known baskets of the member",
            _by_group(told.strategies, told.groups, told.metrics[0]),
        ),
    ):
        console.print()
        table.title, table.title_justify = title, "left"
        console.print(table)
    if told.new_products is not None:
        console.print()
        show_new_products(told.new_products, console=console)
    console.print()
    for reading in found.verdicts:
        values = {k: ", ".join(v) if isinstance(v, list) else v for k, v in reading.values.items()}
        console.print(f"- {reading.sentence.format(**values)}", soft_wrap=True, markup=False, highlight=False)


def _table(*headings: str) -> Table:
    table = Table()
    for heading in headings:
        table.add_column(heading, justify="left" if heading == "strategy" else "right")
    return table


def _figures(rows: "list[StrategyView]", metrics: list[str], *, base: str) -> Table:
    table = _table("strategy", *metrics, f"{metrics[0]} against {base}", "p (Holm)")
    for row in rows:
        found = row.against_baseline.get(metrics[0])
        difference = (
            ("baseline", "") if found is None else (_interval(found, signed=True), f"{found.p_value:.3f}")
        )
        cells = (_interval(row.figures[metrics[0]]), *(_number(row.figures[m].mean) for m in metrics[1:]))
        table.add_row(row.name, *cells, *difference)
    return table


def _whole(rows: "list[StrategyView]") -> Table:
    names = ("coverage", "gini", "novelty", "diversity", "calibration")
    table = _table("strategy", *names, "fit s", "lists s")
    for row in rows:
        cells = (_number(row.whole.get(name), digits=3) for name in names)
        table.add_row(row.name, *cells, f"{row.seconds_to_fit:.1f}", f"{row.seconds_to_list:.1f}")
    return table


def _by_group(rows: "list[StrategyView]", groups: "list[GroupView]", metric: str) -> Table:
    table = _table("strategy", *(f"{g.name}: {g.least} to {g.most} ({g.members:,})" for g in groups))
    for row in rows:
        table.add_row(row.name, *(_interval(row.by_group[group.name][metric]) for group in groups))
    return table


def _number(value: float | None, *, digits: int = 4) -> str:
    return "–" if value is None else f"{value:.{digits}f}"


def _interval(figure: "FigureView", *, signed: bool = False) -> str:
    if figure.mean is None or figure.low is None or figure.high is None:
        return "–"
    sign = "+" if signed else ""
    return f"{figure.mean:{sign}.4f} [{figure.low:{sign}.4f}, {figure.high:{sign}.4f}]"
