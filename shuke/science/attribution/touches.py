"""The table that attribution works on, and what is counted on it in the engine.

``touches``: one row per touch of a path, ``path_id, position`` (from 1), ``channel``, and of the whole path, the same
on each of its rows: ``conversions``, ``nulls`` (how often the path ended without one) and ``value_minor``.  A path that
stands for one person has conversions 1 and nulls 0, or 0 and 1.  Optional: ``hours_before_end`` for time decay.
"""

from __future__ import annotations

from dataclasses import dataclass

import ibis
import numpy as np
from ibis.expr import types as ir
from numpy.typing import NDArray

START = "(start)"


def transitions(touches: ir.Table) -> ir.Table:
    """``origin, target, weight``: how often each channel followed each, the start of paths being ``(start)``."""
    before = touches.channel.lag(1).over(group_by="path_id", order_by=touches.position)
    steps = touches.mutate(origin=before.fill_null(START), weight=touches.conversions + touches.nulls)
    return steps.group_by("origin", target=steps.channel).agg(weight=steps.weight.sum())


def endings(touches: ir.Table) -> ir.Table:
    """``channel, conversions, nulls, value_minor``: how the paths that ended with each channel ended."""
    # The window is a column before it is a condition: of a condition Ibis makes a QUALIFY that Spark lacks.
    counted = touches.mutate(length=touches.position.max().over(group_by="path_id"))
    ends = counted.filter(counted.position == counted.length)
    return ends.group_by("channel").agg(
        conversions=ends.conversions.sum(), nulls=ends.nulls.sum(), value_minor=ends.value_minor.sum()
    )


@dataclass(frozen=True)
class Chain:
    """Counts of a first-order chain: row 0 is the start, then the channels in order.

    ``moves[i, j]`` from i to channel j (column 0 is unused), ``converts[i]`` and ``fails[i]`` to the ends.
    """

    channels: tuple[str, ...]
    moves: NDArray[np.float64]
    converts: NDArray[np.float64]
    fails: NDArray[np.float64]


def chain(touches: ir.Table) -> Chain:
    """The counts of all paths.  Raises ``ValueError`` if no path has a touch."""
    steps = transitions(touches).order_by("origin", "target").to_pyarrow().to_pylist()
    ends = endings(touches).to_pyarrow().to_pylist()
    channels = tuple(sorted({row["target"] for row in steps}))
    if not channels:
        raise ValueError("There is no path with a touch to attribute anything to.")
    place = {START: 0} | {channel: i for i, channel in enumerate(channels, start=1)}
    moves = np.zeros((len(place), len(place)))
    for row in steps:
        moves[place[row["origin"]], place[row["target"]]] += row["weight"]
    converts, fails = np.zeros(len(place)), np.zeros(len(place))
    for row in ends:
        converts[place[row["channel"]]] += row["conversions"]
        fails[place[row["channel"]]] += row["nulls"]
    return Chain(channels, moves, converts, fails)


def paths_table(paths: list[tuple[str, int, int, int]]) -> ir.Table:
    """Touches from written paths: ``("email > shop", conversions, nulls, value_minor)``, for trying and for tests."""
    rows = [
        {
            "path_id": str(number),
            "position": position,
            "channel": channel.strip(),
            "conversions": conversions,
            "nulls": nulls,
            "value_minor": value,
        }
        for number, (path, conversions, nulls, value) in enumerate(paths)
        for position, channel in enumerate(path.split(">"), start=1)
    ]
    return ibis.memtable(rows)
