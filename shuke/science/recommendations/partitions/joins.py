"""Complements and items alike of a whole lake: expressions that count pairs, and the nearest of each item."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import pyarrow as pa
from ibis.expr import types as ir
from scipy import sparse

from shuke.science.recommendations.partitions.coding import CodedLines, member_items
from shuke.science.recommendations.partitions.items import NearestComplements, NearestTastes, matrix_of
from shuke.science.recommendations.partitions.pairs import (
    basket_pairs,
    short_baskets,
    taste_sides,
    taste_vectors,
)

Kernel = Callable[[pa.Table], pa.Table]


class Mapped(Protocol):
    """Runs a kernel over the partitions of an expression; all rows with the same ``by`` are in one of them."""

    def __call__(self, rows: ir.Table, kernel: Kernel, *, by: str, schema: pa.Schema) -> pa.Table:
        """What the kernel gives, one table in no order."""
        ...


def mapped_here(rows: ir.Table, kernel: Kernel, *, by: str, schema: pa.Schema) -> pa.Table:  # noqa: ARG001 - one part
    """``Mapped`` in this process: everything is one partition."""
    table = rows.to_pyarrow()
    return kernel(table).cast(schema) if table.num_rows else schema.empty_table()


@dataclass(frozen=True)
class Caps:
    """What a self-join may grow to: ``basket`` items of a receipt and ``item_baskets`` receipts that look for others of
    an item; ``member`` distinct items of a member and ``item_members`` members that look for others of an item."""

    basket: int = 100
    item_baskets: int = 5_000
    member: int = 2_000
    item_members: int = 5_000


def complements(
    coded: CodedLines, *, mapped: Mapped, caps: Caps, neighbours: int, least: float
) -> sparse.csr_matrix:
    """Items × items: what each draws along; without a cap reached, exactly ``complements.together``."""
    short = short_baskets(coded.inside, longest=caps.basket).cache()
    told = short.group_by("item").agg(baskets=short.count()).to_pyarrow()
    counts = np.zeros(coded.items, dtype=np.int64)
    counts[told["item"].to_numpy()] = told["baskets"].to_numpy()
    sizes = coded.inside.group_by("member", "basket").agg(size=lambda t: t.count())
    too_long = int(sizes.filter(sizes["size"] > caps.basket).count().to_pyarrow().as_py())
    kernel = NearestComplements(counts, coded.baskets - too_long, neighbours, least)
    pairs = basket_pairs(short, most=caps.item_baskets)
    return matrix_of(mapped(pairs, kernel, by="item", schema=kernel.schema), items=coded.items)


def tastes(coded: CodedLines, *, mapped: Mapped, caps: Caps, neighbours: int) -> sparse.csr_matrix:
    """Items × items: the TF-IDF cosine of each with the ``neighbours`` most alike, itself too; see ``item_knn``."""
    vectors = taste_vectors(member_items(coded.inside), items=coded.items).cache()
    looking, inside = taste_sides(vectors, widest=caps.member, most=caps.item_members)
    kernel = NearestTastes(_vectors(inside.to_pyarrow(), coded), neighbours)
    return matrix_of(mapped(looking, kernel, by="item", schema=kernel.schema), items=coded.items)


def _vectors(rows: pa.Table, coded: CodedLines) -> sparse.csr_matrix:
    """Members × items: a number for each pair of a member and an item, which comes home as purchases do."""
    places = (rows["member"].to_numpy(), rows["item"].to_numpy())
    shape = (coded.members, coded.items)
    return sparse.csr_matrix((rows["weight"].to_numpy(), places), shape=shape)
