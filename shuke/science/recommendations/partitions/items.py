"""What is said of items out of the rows of whole items: the nearest of each, its usual price and its rhythm."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl
import pyarrow as pa
from scipy import sparse

from shuke.science.recommendations.complements import drawn_along
from shuke.science.recommendations.linear import largest_of_rows
from shuke.science.recommendations.strategies import Lists, best

SCHEMA = pa.schema([("item", pa.int32()), ("other", pa.int32()), ("value", pa.float64())])
FACTS = pa.schema([("item", pa.int32()), ("price", pa.float64()), ("cycle", pa.float64())])
#: Items at a time while neighbours are put in order.
BLOCK = 256


@dataclass(frozen=True)
class NearestComplements:
    """Pairs of whole items (``item, other, both``, see ``pairs.basket_pairs``) to the ``neighbours`` that each draws
    along most, with what it adds to their chance; see ``complements``.

    ``counts``: int64, short baskets with each item; ``baskets``: all short baskets.
    """

    counts: np.ndarray
    baskets: int
    neighbours: int
    least: float

    @property
    def schema(self) -> pa.Schema:
        """``item, other, value``."""
        return SCHEMA

    def __call__(self, pairs: pa.Table) -> pa.Table:
        """The nearest, in no promised order."""
        one, other = pairs["item"].to_numpy(), pairs["other"].to_numpy()
        both = pairs["both"].to_numpy().astype(np.float64)
        looked = np.zeros(len(self.counts))
        looked[one[one == other]] = both[one == other]
        apart = one != other
        one, other, both = one[apart], other[apart], both[apart]
        value = drawn_along(
            both, of_one=looked[one], of_other=self.counts[other], baskets=self.baskets, least=self.least
        )
        return _largest(one, other, value, items=len(self.counts), neighbours=self.neighbours)


@dataclass(frozen=True, eq=False)
class NearestTastes:
    """Rows of whole items (``member, item, own``, see ``pairs.taste_sides``) to the ``neighbours`` most alike, itself
    included: the cosine of two items' vectors; where few of an item's members look, scaled up to its whole length.

    ``vectors``: members × items, of those who are looked at.  Each pair of a member's items is added up where it is
    made: as rows of a join they would be hundreds of millions for two thousand members.  Values are rounded as scores
    are, so that sums that differ in their last digit do not decide who is nearer.
    """

    vectors: sparse.csr_matrix
    neighbours: int

    @property
    def schema(self) -> pa.Schema:
        """``item, other, value``."""
        return SCHEMA

    def __call__(self, looking: pa.Table) -> pa.Table:
        """The nearest; of equals, those of the lowest number."""
        items, row = np.unique(looking["item"].to_numpy(), return_inverse=True)
        own = looking["own"].to_numpy()
        scaled = own / np.bincount(row, weights=own**2)[row]
        shape = (len(items), self.vectors.shape[0])
        rows = sparse.csr_matrix((scaled, (row, looking["member"].to_numpy())), shape=shape)
        blocks = [self._block(rows[start : start + BLOCK]) for start in range(0, len(items), BLOCK)]
        return _told(sparse.vstack(blocks).tocoo(), items)

    def _block(self, rows: sparse.csr_matrix) -> sparse.csr_matrix:
        alike = sparse.csr_matrix(rows @ self.vectors)
        alike.data = np.maximum(alike.data.astype(np.float32), 0.0).astype(np.float64)
        alike.eliminate_zeros()
        return largest_of_rows(alike, self.neighbours)


@dataclass(frozen=True)
class ItemFacts:
    """Lines of whole items (coded, with ``quantity`` and ``amount`` where known) to ``item, price, cycle``.

    ``price``: median of what a piece cost in the last ``days`` days, of all days where it was not sold then; ``cycle``:
    median of the days between a member's purchases, from ``least`` of such gaps.  ``end``: see ``CodedLines``.
    """

    end_day: int
    time_zone: str
    days: int = 90
    least: int = 5

    @property
    def schema(self) -> pa.Schema:
        """``item, price, cycle``, missing where nothing is known."""
        return FACTS

    def __call__(self, lines: pa.Table) -> pa.Table:
        """Count."""
        instant = pl.from_epoch("placed", time_unit="us").dt.replace_time_zone("UTC")
        day = instant.dt.convert_time_zone(self.time_zone).dt.date().cast(pl.Int32)
        frame = pl.DataFrame(lines).with_columns(day=day)
        found = frame.select("item").unique().join(self._cycles(frame), on="item", how="left")
        if {"quantity", "amount"} <= set(frame.columns):
            found = found.join(self._prices(frame), on="item", how="left")
        else:
            found = found.with_columns(price=pl.lit(None, dtype=pl.Float64))
        return found.select("item", "price", "cycle").to_arrow().cast(FACTS)

    def _prices(self, frame: pl.DataFrame) -> pl.DataFrame:
        unit = pl.col("amount") / pl.max_horizontal(pl.col("quantity"), pl.lit(1.0))
        sold = frame.select("item", "day", unit=unit).filter(pl.col("unit") > 0)
        late = pl.col("unit").filter(pl.col("day") >= self.end_day - self.days).median()
        return sold.group_by("item").agg(price=pl.coalesce(late, pl.col("unit").median()))

    def _cycles(self, frame: pl.DataFrame) -> pl.DataFrame:
        days = frame.select("member", "item", "day").unique().sort("member", "item", "day")
        gaps = days.with_columns(gap=pl.col("day").diff().over("member", "item")).drop_nulls("gap")
        counted = gaps.group_by("item").agg(cycle=pl.col("gap").median(), n=pl.len())
        return counted.filter(pl.col("n") >= self.least).select("item", "cycle")


def matrix_of(nearest: pa.Table, *, items: int) -> sparse.csr_matrix:
    """Items × items of ``item, other, value``."""
    places = (nearest["item"].to_numpy(), nearest["other"].to_numpy())
    found = sparse.csr_matrix((nearest["value"].to_numpy(), places), shape=(items, items))
    found.sort_indices()
    return found


def blended(
    vectors: sparse.csr_matrix,
    tastes: sparse.csr_matrix,
    ties: np.ndarray,
    *,
    depth: int,
    content: float = 0.5,
) -> Lists:
    """Items that replace one another, as ``bundle_parts.similar_items``, the cosine of tastes being known already."""
    across = vectors.astype(np.float32).T.tocsr()
    found = [Lists(np.empty((0, depth), dtype=np.int32), np.empty((0, depth), dtype=np.float32))]
    for start in range(0, len(ties), BLOCK):
        rows = slice(start, min(start + BLOCK, len(ties)))
        alike = (vectors[rows].astype(np.float32) @ across).toarray() * np.float32(content)
        alike += tastes[rows].astype(np.float32).toarray() * np.float32(1 - content)
        alike[np.arange(len(alike)), np.arange(rows.start, rows.stop)] = -np.inf
        found.append(best(alike, ties, n=depth))
    return Lists(np.vstack([f.items for f in found]), np.vstack([f.scores for f in found]))


def _largest(
    one: np.ndarray, other: np.ndarray, value: np.ndarray, *, items: int, neighbours: int
) -> pa.Table:
    kept = value > 0
    rows, row = np.unique(one[kept], return_inverse=True)
    matrix = sparse.csr_matrix((value[kept], (row, other[kept])), shape=(len(rows), items))
    return _told(largest_of_rows(matrix, neighbours).tocoo(), rows)


def _told(found: sparse.coo_matrix, items: np.ndarray) -> pa.Table:
    """``items``: of each row."""
    return pa.table(
        {
            "item": pa.array(items[found.row].astype(np.int32)),
            "other": pa.array(found.col.astype(np.int32)),
            "value": pa.array(found.data.astype(np.float64)),
        },
        schema=SCHEMA,
    )
