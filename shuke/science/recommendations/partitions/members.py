"""Lists of whole members out of a part of the lines, by the models that make them on one machine."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np
import polars as pl
import pyarrow as pa
from scipy import sparse

from shuke.science.recommendations.frequency import PersonalFrequency
from shuke.science.recommendations.histories import History, history_of
from shuke.science.recommendations.linear import Factors, SparseProduct
from shuke.science.recommendations.strategies import Lists, Model, best, top

#: A model of the members of a part, from their history and from what all members have told.
PartModel = Callable[[History], Model]
NUMBERS, SCORES = pa.list_(pa.int32()), pa.list_(pa.float32())


@dataclass(frozen=True)
class FrequencyOfPart:
    """``recent`` and ``end``: of all members, see ``PersonalFrequency.of_members``."""

    strategy: PersonalFrequency
    recent: np.ndarray
    end: int

    def __call__(self, history: History) -> Model:
        """The frequencies of these members."""
        return self.strategy.of_members(history, recent=self.recent, end=self.end)


@dataclass(frozen=True)
class ProductOfPart:
    """``weights``: what each item (row) draws along (columns), found over all members."""

    weights: sparse.csr_matrix

    def __call__(self, history: History) -> Model:
        """What these members have, times what goes with it."""
        return SparseProduct(history.counts(), self.weights)


@dataclass(frozen=True)
class MemberLists:
    """Lines of whole members (``member, basket, placed, item``, coded) to the best ``depth`` items of each strategy at
    ``at`` (µs): a row for each member, in the columns that ``schema`` names."""

    models: Mapping[str, PartModel]
    ties: np.ndarray
    at: int
    depth: int
    time_zone: str
    #: By strategy: never what the member has bought.
    only_new: frozenset[str] = frozenset()

    @property
    def schema(self) -> pa.Schema:
        """``member``, and for each strategy its items and scores."""
        return lists_schema(self.models)

    def __call__(self, lines: pa.Table) -> pa.Table:
        """The lists; scores are those of one machine."""
        history = part_history(lines, items=len(self.ties), time_zone=self.time_zone)
        everybody = np.arange(history.members)
        at = np.full(history.members, self.at, dtype=np.int64)
        columns: dict[str, pa.Array] = {"member": pa.array(history.member_ids.astype(np.int32))}
        for name, model in self.models.items():
            mine = top(
                model(history),
                history,
                everybody,
                at=at,
                n=self.depth,
                ties=self.ties,
                leave_out=history if name in self.only_new else None,
            )
            columns |= _columns(name, mine)
        return pa.table(columns, schema=self.schema)


@dataclass(frozen=True)
class FactorLists:
    """Factors of members (``member, factors``) to the best ``depth`` items by product with ``items`` (items × factors),
    in columns of ``name``."""

    name: str
    items: np.ndarray
    ties: np.ndarray
    depth: int
    chunk: int = 128

    @property
    def schema(self) -> pa.Schema:
        """See ``lists_schema``."""
        return lists_schema([self.name])

    def __call__(self, members: pa.Table) -> pa.Table:
        """The lists."""
        table = members.combine_chunks()
        numbers = table["member"].to_numpy()
        flat = table["factors"].combine_chunks().flatten().to_numpy()
        model = Factors(flat.reshape(len(numbers), self.items.shape[1]), self.items)
        found = []
        for start in range(0, len(numbers), self.chunk):
            rows = np.arange(start, min(start + self.chunk, len(numbers)))
            found.append(best(model.scores(rows, rows), self.ties, n=self.depth))
        lists = Lists(np.vstack([f.items for f in found]), np.vstack([f.scores for f in found]))
        return pa.table({"member": pa.array(numbers), **_columns(self.name, lists)}, schema=self.schema)


def part_history(lines: pa.Table, *, items: int, time_zone: str) -> History:
    """The history of a part of the members, its items numbered as among all ``items``; member ids are their numbers."""
    frame = pl.DataFrame(lines.select(["member", "basket", "placed", "item"]))
    instant = pl.from_epoch("placed", time_unit="us").dt.replace_time_zone("UTC")
    local = instant.dt.convert_time_zone(time_zone).dt.replace_time_zone(None)
    found = history_of(frame.select("member", "basket", "item", time=local))
    return replace(found, item_ids=np.arange(items), item=found.item_ids[found.item].astype(np.int32))


def lists_schema(names: Mapping[str, object] | list[str]) -> pa.Schema:
    """``member``, and ``<name> items``, ``<name> scores`` for each."""
    parts = [
        (f"{name} {kind}", of) for name in names for kind, of in (("items", NUMBERS), ("scores", SCORES))
    ]
    return pa.schema([("member", pa.int32()), *parts])


def gathered(found: pa.Table, name: str, *, members: int, depth: int) -> Lists:
    """The lists of all members in order of their numbers; empty (-1, -inf) for those without a row."""
    items = np.full((members, depth), -1, dtype=np.int32)
    scores = np.full((members, depth), -np.inf, dtype=np.float32)
    table = found.combine_chunks()
    if table.num_rows:
        rows = table["member"].to_numpy()
        items[rows] = _matrix(table[f"{name} items"], depth)
        scores[rows] = _matrix(table[f"{name} scores"], depth)
    return Lists(items, scores)


def _matrix(column: pa.ChunkedArray, width: int) -> np.ndarray:
    flat: np.ndarray = column.combine_chunks().flatten().to_numpy()
    return flat.reshape(-1, width)


def _columns(name: str, lists: Lists) -> dict[str, pa.Array]:
    return {f"{name} items": _nested(lists.items), f"{name} scores": _nested(lists.scores)}


def _nested(matrix: np.ndarray) -> pa.Array:
    rows, width = matrix.shape
    offsets = np.arange(0, rows * width + 1, width, dtype=np.int32)
    return pa.ListArray.from_arrays(pa.array(offsets), pa.array(np.ascontiguousarray(matrix).ravel()))
