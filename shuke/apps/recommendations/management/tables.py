"""An evaluation as tables of the terminal."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table

from shuke.apps.recommendations.adapters import FileFacts
from shuke.apps.recommendations.management.new_products import show_new_products
from shuke.apps.recommendations.schemas import EvaluationReport, Figure, StrategyReport

NDCG = {
    "standard": "over min(|T|, k) wanted items (standard)",
    "all": "over all wanted items, uncapped (--idcg all)",
    "k": "over k items always (--idcg k)",
}


def show(facts: FileFacts, report: EvaluationReport, *, console: Console, most_members: int = 0) -> None:
    """Protocol, tie rule, and the figures."""
    columns = ", ".join(f"{part} = {header!r}" for part, header in facts.columns.items())
    left_out = ", ".join(f"{count:,} {what}" for what, count in facts.left_out.items())
    sizes = f"{report.members:,} members, {report.baskets:,} baskets, {report.lines:,} lines, {report.items:,} items"
    judged = f"{report.judged_members:,} of {report.asked_members:,} members"
    lines = [
        f"File       {facts.rows:,} rows; {columns}" + (f"; left out: {left_out}" if left_out else ""),
        *(f"           {note}" for note in facts.notes),
        f"History    {sizes}",
        f"Protocol   {report.protocol}",
        f"Judged     {judged}; {_the_rest(report, most_members)}",
        f"Dropped    {report.dropped_share:.1%} of what was bought, since it is outside of the vocabulary",
        f"Repeats    {_repeats(report)}",
        f"Ties       {report.tie_rule}",
        f"nDCG       {NDCG[report.ndcg]}",
        f"Parameters {'chosen on validation, one step before the test' if report.tuned else 'the defaults'}",
    ]
    if report.ranker_lines:
        lines.append(
            f"Rankers    learned from members drawn by chance, {report.ranker_lines:,} lines (--ranker-lines 0 for all)"
        )
    lines += [f"{'Adapted' if not place else '':10} {said}" for place, said in enumerate(report.adaptations)]
    for line in lines:
        console.print(line, highlight=False, soft_wrap=True, markup=False)
    k = 10 if 10 in report.cutoffs else max(report.cutoffs)
    for table in (_main(report, k), _halves(report, k), _whole(report)):
        console.print()
        console.print(table)
    if report.new_products is not None:
        console.print()
        show_new_products(report.new_products, console=console)
    console.print()
    for line in [*chosen_lines(report), *fallback_lines(report)]:
        console.print(line, highlight=False, soft_wrap=True, markup=False)
    for row in report.strategies:
        console.print(f"{row.name}: {row.parameters}", highlight=False, soft_wrap=True, markup=False)
    console.print("Intervals: 95 %, from resampling members; differences are paired.", highlight=False)


def chosen_lines(report: EvaluationReport) -> list[str]:
    """Which strategy validation alone would choose, and what does worse there than the simple rule."""
    if not report.chosen:
        return []
    value, base = report.validation[report.chosen], report.validation.get(report.baseline)
    first = (
        f"Chosen by validation (one step before the test, nothing of it used): {report.chosen}, nDCG@10 {value:.4f}; "
        "the first listed that is no worse than the best by more than a standard error."
    )
    lines = [first]
    worse = [
        f"{name} ({found:.4f})"
        for name, found in report.validation.items()
        if base is not None and found < base and name != report.baseline
    ]
    if worse:
        lines.append(f"Below {report.baseline} ({base:.4f}) on validation: {', '.join(worse)}.")
    return lines


def fallback_lines(report: EvaluationReport) -> list[str]:
    """Which hybrids did not earn their place."""
    return [
        f"{row.name} was worse on validation ({report.validation[row.name]:.4f}) than {row.answered_by}, the "
        f"best single strategy, and answers as it: its figures are those of {row.answered_by} (--no-fallback for its "
        "own)."
        for row in report.strategies
        if row.answered_by
    ]


def _repeats(report: EvaluationReport) -> str:
    """What is bought again, and what that means for the lists."""
    share = f"{report.repeat_share:.1%} of the known lines were bought before by the same member"
    if report.only_new:
        return f"{share}; lists leave out what the member had bought (--bought-before list to keep it)"
    return f"{share}; lists may hold what the member had bought"


def _the_rest(report: EvaluationReport, most_members: int) -> str:
    """Why others are not judged."""
    if most_members and report.judged_members == most_members:
        return f"drawn by chance (--most-members 0 for all); vocabulary of {report.vocabulary:,} items"
    return f"the rest bought nothing in the vocabulary of {report.vocabulary:,} items"


def _main(report: EvaluationReport, k: int) -> Table:
    table = Table(
        title=f"Whole lists, and {report.compared_by} against {report.baseline}", title_justify="left"
    )
    metrics = [f"{name}@{k}" for name in ("ndcg", "recall", "precision", "hit_rate", "map")]
    for heading in ("strategy", *metrics, "difference", "p (Holm)"):
        table.add_column(heading, justify="left" if heading == "strategy" else "right")
    for row in report.strategies:
        cells = [_figure(row.figures[metrics[0]]), *(f"{row.figures[m].mean:.4f}" for m in metrics[1:])]
        table.add_row(row.name, *cells, *_difference(row))
    return table


def _halves(report: EvaluationReport, k: int) -> Table:
    table = Table(title="Bought before, and new", title_justify="left")
    metrics = [f"{name}@{k}" for name in ("repeat_recall", "explore_recall", "new_recall", "new_ndcg")]
    for heading in ("strategy", *metrics, *(f"ndcg@{n}" for n in report.cutoffs if n != k)):
        table.add_column(heading, justify="left" if heading == "strategy" else "right")
    for row in report.strategies:
        others = [_figure(row.figures[f"ndcg@{n}"]) for n in report.cutoffs if n != k]
        table.add_row(row.name, *(f"{row.figures[m].mean:.4f}" for m in metrics), *others)
    return table


def _whole(report: EvaluationReport) -> Table:
    table = Table(title=f"The catalogue, lists of {max(report.cutoffs)}", title_justify="left")
    names = ("coverage", "gini", "novelty", "diversity", "calibration")
    for heading in ("strategy", *names, "fit s", "µs a list"):
        table.add_column(heading, justify="left" if heading == "strategy" else "right")
    for row in report.strategies:
        each = 1e6 * row.seconds_to_list / max(report.judged_members, 1)
        table.add_row(
            row.name,
            *(f"{row.whole[name]:.3f}" for name in names),
            f"{row.seconds_to_fit:.1f}",
            f"{each:.0f}",
        )
    return table


def _figure(figure: Figure) -> str:
    return f"{figure.mean:.4f} [{figure.low:.4f}, {figure.high:.4f}]"


def _difference(row: StrategyReport) -> tuple[str, str]:
    if row.difference is None or row.p_value is None:
        return "baseline", ""
    d = row.difference
    return f"{d.mean:+.4f} [{d.low:+.4f}, {d.high:+.4f}]", f"{row.p_value:.3f}"
