"""Lists of whole members out of a part of the lines, by the models that make them on one machine."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
from scipy import sparse

from shuke.science.recommendations.bundle_parts import purchases_of, usual_stores
from shuke.science.recommendations.bundles import Purchases
from shuke.science.recommendations.frequency import PersonalFrequency
from shuke.science.recommendations.histories import History, history_of, numbers_of
from shuke.science.recommendations.linear import Factors, SparseProduct
from shuke.science.recommendations.strategies import Lists, Model, best, top

#: A model of the members of a part, from their history and from what all members have told.
PartModel = Callable[[History], Model]
NUMBERS, SCORES = pa.list_(pa.int32()), pa.list_(pa.float32())
#: The columns of ``bundles.Purchases`` beside its row pointers.
BOUGHT = {"item": NUMBERS, "count": NUMBERS, "last_day": NUMBERS, "gap": SCORES, "spread": SCORES}
FACTS = pa.schema([("baskets", pa.int32()), ("store", pa.int32()), *BOUGHT.items()])


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
    ``at`` (µs), with what they bought: a row for each member, in the columns that ``schema`` names."""

    models: Mapping[str, PartModel]
    ties: np.ndarray
    at: int
    depth: int
    time_zone: str
    #: Of these strategies, never what the member has bought.
    only_new: frozenset[str] = frozenset()
    store_ids: np.ndarray | None = None

    @property
    def schema(self) -> pa.Schema:
        """``member``, for each strategy its items and scores, and ``FACTS``."""
        return pa.schema([*lists_schema(self.models), *FACTS])

    def __call__(self, lines: pa.Table) -> pa.Table:
        """The lists; scores are those of one machine."""
        history = part_history(
            lines, items=len(self.ties), time_zone=self.time_zone, store_ids=self.store_ids
        )
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
        bought = purchases_of(history)
        columns["baskets"] = pa.array(np.diff(history.member_baskets).astype(np.int32))
        columns["store"] = pa.array(usual_stores(history))
        for name in BOUGHT:
            columns[name] = _ragged(bought.rows, getattr(bought, name))
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


def part_history(
    lines: pa.Table, *, items: int, time_zone: str, store_ids: np.ndarray | None = None
) -> History:
    """The history of a part of the members; items and stores numbered as among all, member ids are their numbers."""
    frame = pl.DataFrame(lines)
    instant = pl.from_epoch("placed", time_unit="us").dt.replace_time_zone("UTC")
    local = instant.dt.convert_time_zone(time_zone).dt.replace_time_zone(None)
    told = ("quantity", "amount", *(() if store_ids is None else ("store",)))
    more = [name for name in told if name in frame.columns]
    found = history_of(frame.select("member", "basket", "item", *more, time=local))
    found = found.with_vocabulary(found.item_ids >= 0)
    place = None
    if store_ids is not None and found.store_ids is not None and found.basket_store is not None:
        place = numbers_of(store_ids, found.store_ids.astype(store_ids.dtype))[found.basket_store]
    return replace(
        found,
        item_ids=np.arange(items),
        item=found.item_ids[found.item].astype(np.int32),
        basket_store=place,
        store_ids=None if store_ids is None else store_ids.copy(),
    )


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


def gathered_purchases(found: pa.Table, *, members: int) -> Purchases:
    """What all members bought, in order of their numbers."""
    table = found.sort_by("member").combine_chunks()
    lengths = np.zeros(members, dtype=np.int64)
    if table.num_rows:
        lengths[table["member"].to_numpy()] = pc.list_value_length(table["item"]).to_numpy()
    flat = {name: table[name].combine_chunks().flatten().to_numpy(zero_copy_only=False) for name in BOUGHT}
    return Purchases(rows=np.concatenate(([0], np.cumsum(lengths))), **flat)


def gathered_numbers(found: pa.Table, name: str, *, members: int, nothing: int) -> np.ndarray:
    """int32 column of all members, ``nothing`` for those without a row."""
    numbers = np.full(members, nothing, dtype=np.int32)
    numbers[found["member"].to_numpy()] = found[name].to_numpy()
    return numbers


def _matrix(column: pa.ChunkedArray, width: int) -> np.ndarray:
    flat: np.ndarray = column.combine_chunks().flatten().to_numpy()
    return flat.reshape(-1, width)


def _columns(name: str, lists: Lists) -> dict[str, pa.Array]:
    return {f"{name} items": _nested(lists.items), f"{name} scores": _nested(lists.scores)}


def _nested(matrix: np.ndarray) -> pa.Array:
    rows, width = matrix.shape
    return _ragged(np.arange(rows + 1) * width, np.ascontiguousarray(matrix).ravel())


def _ragged(rows: np.ndarray, values: np.ndarray) -> pa.Array:
    return pa.ListArray.from_arrays(pa.array(rows.astype(np.int32)), pa.array(values))
