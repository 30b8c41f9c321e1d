"""All rules beside one another on the same paths: where they agree, and where a convention decides."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ibis.expr import types as ir

from shuke.science.attribution.markov import removal_effects
from shuke.science.attribution.rules import RULES, attributed
from shuke.science.attribution.shapley import shapley_values
from shuke.science.attribution.touches import chain

#: Every method, in the order in which pages show them.
METHODS: tuple[str, ...] = (*RULES, "markov", "shapley")


@dataclass(frozen=True)
class Comparison:
    """What each channel is given, by method and channel; each method gives out all that there is.

    ``conversions`` and ``values`` (minor units): ``[method][channel]``.  ``effects``: the part of the conversions that
    would be lost without the channel, by the chain.  ``probability``: that a path converts, by the chain.
    """

    channels: tuple[str, ...]
    paths: int
    touches: int
    total: float
    total_minor: float
    probability: float
    effects: dict[str, float]
    conversions: dict[str, dict[str, float]]
    values: dict[str, dict[str, float]]


def compared(touches: ir.Table) -> Comparison:
    """Every method on ``touches`` (see ``touches``).  Raises ``ValueError`` if no path has a touch."""
    counts = chain(touches)
    removal = removal_effects(counts)
    first = touches.filter(touches.position == 1)
    sums = first.agg(
        total=first.conversions.sum(),
        total_minor=first.value_minor.sum(),
        paths=(first.conversions + first.nulls).sum(),
    )
    whole = sums.to_pyarrow().to_pylist()[0]
    total, total_minor = float(whole["total"]), float(whole["total_minor"])
    tables = {rule: attributed(touches, rule=rule) for rule in RULES}
    given: dict[str, list[dict[str, Any]]] = {
        method: table.to_pyarrow().to_pylist() for method, table in tables.items()
    }
    given["shapley"] = shapley_values(touches).to_pyarrow().to_pylist()
    given["markov"] = [
        {"channel": name, "conversions": part * total, "value_minor": part * total_minor}
        for name, part in removal.shares.items()
    ]
    return Comparison(
        channels=counts.channels,
        paths=int(whole["paths"]),
        touches=int(touches.count().to_pyarrow().as_py()),
        total=total,
        total_minor=total_minor,
        probability=removal.probability,
        effects=removal.effects,
        conversions=_by_channel(given, "conversions"),
        values=_by_channel(given, "value_minor"),
    )


def _by_channel(given: Mapping[str, list[dict[str, Any]]], column: str) -> dict[str, dict[str, float]]:
    return {method: {row["channel"]: float(row[column] or 0) for row in given[method]} for method in METHODS}
