"""``shuke recommend``: how well each strategy of recommendation would have done."""

import json
import sys
from collections.abc import Mapping
from dataclasses import asdict, replace
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from shuke.apps.recommendations.management import bundles
from shuke.apps.recommendations.management.exporting import export
from shuke.apps.recommendations.management.report import report

cli = typer.Typer(help="Recommendations.", no_args_is_help=True)
cli.command()(bundles.fit)
cli.command()(bundles.bundles)
cli.command()(bundles.activate)
cli.command()(report)
cli.command()(export)


class Protocol(StrEnum):
    """How the history is cut."""

    last = "last"
    month = "month"


class Idcg(StrEnum):
    """By what nDCG is divided."""

    standard = "standard"
    all = "all"
    k = "k"


class BoughtBefore(StrEnum):
    """What lists do with items that their member has bought."""

    auto = "auto"
    list = "list"
    leave_out = "leave-out"


class DateOrder(StrEnum):
    """How dates such as 03/04/2026 are meant."""

    ymd = "ymd"
    dmy = "dmy"
    mdy = "mdy"


FILE = typer.Argument(exists=True, dir_okay=False, help="CSV, Excel or Parquet: member, basket, item, time.")
STRATEGIES = typer.Option(
    help="Names with commas between them, or all; the usual ones if left out. A name that is not known lists them."
)
PROTOCOL = typer.Option(help="last: each member's last basket; month: the last --days days.")
IDCG = typer.Option(help="nDCG over min(|T|, k) (standard), over all of the basket (all), or over k (k).")
MINIMUM_COUNT = typer.Option(
    min=1, help="Items in fewer known baskets are left out; 10, in small files 3 or 1, if left out."
)
MINIMUM_BASKETS = typer.Option(min=1, help="Members with fewer are not asked; 4 (last) or 1 (month).")
MOST_MEMBERS = typer.Option(min=0, help="Of more, so many are drawn by chance to be judged; 0 for all.")
BOUGHT_BEFORE = typer.Option(
    help="Items that a member has bought: list them, or leave them out; auto leaves them out where hardly any are "
    "bought again."
)
RANKER_LINES = typer.Option(min=0, help="Of more, rankers learn from members drawn by chance; 0 for all.")
FALLBACK = typer.Option(
    help="Hybrids (rankers, fusion, weighted, stacking) that are worse on validation than the best single strategy "
    "answer as that one."
)
ONLY_NEW = {"auto": None, "list": False, "leave-out": True}
#: From so many lines on a hint of time is given, and steps are told where no bar can be drawn.
MANY_LINES, FEW_LINES = 500_000, 50_000
QUICK = "popularity,gp-topfreq,personal-frequency,up-cf"
CATALOGUE = typer.Option(
    exists=True,
    dir_okay=False,
    help="File of products (item; department, category, subcategory, brand, name): judges how new ones are found.",
)
COLUMN = "The header of the {}; told by itself if left out."


@cli.callback()
def recommend() -> None:
    """Recommendations."""


@cli.command()
def evaluate(
    file: Annotated[Path, FILE],
    *,
    member: Annotated[str, typer.Option(help=COLUMN.format("member"))] = "",
    basket: Annotated[str, typer.Option(help=COLUMN.format("basket"))] = "",
    item: Annotated[str, typer.Option(help=COLUMN.format("item"))] = "",
    time: Annotated[str, typer.Option(help=COLUMN.format("time"))] = "",
    date_order: Annotated[DateOrder, typer.Option(help="Of dates like 03/04/2026.")] = DateOrder.ymd,
    bought: Annotated[
        str, typer.Option(help="The value of the column of events that means a purchase.")
    ] = "",
    strategies: Annotated[str, STRATEGIES] = "",
    protocol: Annotated[Protocol, PROTOCOL] = Protocol.last,
    days: Annotated[int, typer.Option(min=1, help="Length of the month.")] = 28,
    day_baskets: Annotated[bool, typer.Option("--day-baskets", help="A basket is all of a day.")] = False,
    idcg: Annotated[Idcg, IDCG] = Idcg.standard,
    minimum_count: Annotated[int | None, MINIMUM_COUNT] = None,
    minimum_baskets: Annotated[int | None, MINIMUM_BASKETS] = None,
    most_members: Annotated[int, MOST_MEMBERS] = 20_000,
    bought_before: Annotated[BoughtBefore, BOUGHT_BEFORE] = BoughtBefore.auto,
    ranker_lines: Annotated[int, RANKER_LINES] = 1_500_000,
    cutoffs: Annotated[str, typer.Option(help="Lengths of lists.")] = "5,10,20",
    tune: Annotated[bool, typer.Option(help="Choose parameters on the basket or month before.")] = True,
    fallback: Annotated[bool, FALLBACK] = True,
    seed: Annotated[int, typer.Option(min=0, help="The same seed gives the same figures.")] = 1,
    catalogue: Annotated[Path | None, CATALOGUE] = None,
    draws: Annotated[int, typer.Option(min=100, help="Resamples of an interval.")] = 1000,
    threads: Annotated[int, typer.Option(min=1, help="For making lists.")] = 1,
    as_json: Annotated[bool, typer.Option("--json", help="For machines; nothing else is printed.")] = False,
) -> None:
    """Judge strategies on a file of purchases: fit on what came before, ask for what came after."""
    from shuke.apps.recommendations.operations.evaluating import EvaluationSettings
    from shuke.science.recommendations.histories import NotAHistory
    from shuke.science.recommendations.splits import Cut

    told = {"member": member, "basket": basket, "item": item, "time": time}
    is_last = protocol is Protocol.last
    least = minimum_baskets or (4 if is_last else 1)
    settings = EvaluationSettings(
        cut=Cut("last" if is_last else "window", minimum_count or 0, least, days),
        strategies=[name.strip() for name in strategies.split(",") if name.strip()],
        cutoffs=_lengths(cutoffs),
        ideal=idcg.value,
        is_tuned=tune,
        seed=seed,
        draws=draws,
        threads=threads,
        most_members=most_members,
        ranker_lines=ranker_lines,
        only_new=ONLY_NEW[bought_before.value],
        falls_back=fallback,
    )
    how = {"day_baskets": day_baskets, "date_order": date_order.value, "bought": bought}
    errors = Console(stderr=True)
    try:
        facts, report = _judged(file, told, settings, how=how, catalogue=catalogue, console=errors)
    except NotAHistory as refusal:
        errors.print(f"[red]{file.name}[/red]: {refusal}", soft_wrap=True, highlight=False)
        raise typer.Exit(1) from refusal
    _tell(facts, report, as_json=as_json, most_members=most_members)


def _tell(facts: Any, report: Any, *, as_json: bool, most_members: int) -> None:
    """Print what was found."""
    if as_json:
        typer.echo(json.dumps(_plain({"file": asdict(facts), **asdict(report)}), ensure_ascii=False))
        return
    from shuke.apps.recommendations.management.tables import show

    # A file or a pipe is as wide as the tables; a terminal folds them.
    width = None if sys.stdout.isatty() else 180
    show(facts, report, console=Console(width=width), most_members=most_members)


def _judged(
    file: Path,
    columns: dict[str, str],
    settings: Any,
    *,
    how: Mapping[str, Any],
    catalogue: Path | None,
    console: Console,
) -> tuple[Any, Any]:
    """What was read and the report, with a bar while it takes long."""
    from shuke.apps.recommendations.adapters import read_catalogue, read_history
    from shuke.apps.recommendations.operations.adapting import usual_count
    from shuke.apps.recommendations.operations.evaluating import evaluate_strategies
    from shuke.apps.recommendations.operations.new_product_report import new_products_report
    from shuke.platform.clock import now

    described = read_catalogue(catalogue) if catalogue else None
    told = {part: header for part, header in columns.items() if header}
    read = read_history(file, columns=told, at=now(), **how)
    if not settings.cut.minimum_count:
        count = usual_count(read.history, settings.cut)
        settings = replace(settings, cut=replace(settings.cut, minimum_count=count))
    if read.history.lines > MANY_LINES and not settings.strategies:
        console.print(
            f"{read.history.lines:,} lines: the usual strategies take minutes, the two rankers most of them. "
            f"For a first look: --strategies {QUICK} (and --no-tune).",
            highlight=False,
            soft_wrap=True,
        )
    bars = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*bars, console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task("", total=None)

        def tell(done: int, of: int, what: str) -> None:
            progress.update(task, completed=done, total=of, description=what)
            if not console.is_terminal and read.history.lines > FEW_LINES:
                console.print(f"{done}/{of} {what}", highlight=False, markup=False)

        report = evaluate_strategies(read.history, settings, tell=tell)
        if described is not None:
            report = replace(
                report, new_products=new_products_report(read.history, described, settings=settings)
            )
    return read.facts, report


def _lengths(text: str) -> tuple[int, ...]:
    """``5,10,20`` as numbers."""
    parts = [part.strip() for part in text.split(",") if part.strip()]
    if not parts or not all(part.isdecimal() and 0 < int(part) <= 1000 for part in parts):
        raise typer.BadParameter("Lengths are whole numbers from 1 to 1000 with commas between them.")
    return tuple(sorted({int(part) for part in parts}))


def _plain(value: Any) -> Any:
    """What JSON can hold: no value where a metric applies to nobody."""
    if isinstance(value, dict):
        return {key: _plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    return None if isinstance(value, float) and value != value else value  # noqa: PLR0124 - only nan is unlike itself
