"""How new products are found, as a table of the terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

if TYPE_CHECKING:
    from shuke.apps.recommendations.schemas.comparison import FigureView, NewProductsView
    from shuke.apps.recommendations.schemas.evaluation import Figure, NewProductsReport

WORDS = {"new-products": "kind and brand (new-products)", "content": "likeness (content)", "by-lot": "by lot"}


def show_new_products(told: NewProductsReport | NewProductsView, *, console: Console) -> None:
    """What was asked of whom, and a line for each way."""
    console.print(
        f"New products: {told.products:,} first sold in the last {told.days} days ({told.never_sold:,}) or at most "
        f"{told.fresh} days before; {told.members:,} members of earlier days bought one they had not had.",
        highlight=False,
        soft_wrap=True,
    )
    if told.unknown:
        console.print(
            f"{told.unknown:,} more are not described in the catalogue.", highlight=False, soft_wrap=True
        )
    if not told.recall:
        console.print("Nobody can be asked.", highlight=False)
        return
    table = Table(title=f"Lists of {told.k} new products", title_justify="left")
    for heading in ("way", f"recall@{told.k}", f"hit rate@{told.k}", "recall against likeness"):
        table.add_column(heading, justify="left" if heading == "way" else "right")
    for name, figure in told.recall.items():
        beside = told.difference.get(name)
        table.add_row(
            WORDS.get(name, name),
            _interval(figure),
            _interval(told.hit[name]),
            _interval(beside, signed=True) if beside else "",
        )
    console.print(table)


def _interval(figure: Figure | FigureView, *, signed: bool = False) -> str:
    if figure.mean is None or figure.low is None or figure.high is None:
        return "–"
    sign = "+" if signed else ""
    return f"{figure.mean:{sign}.4f} [{figure.low:{sign}.4f}, {figure.high:{sign}.4f}]"
