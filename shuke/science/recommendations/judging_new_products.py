"""Who buys products that nobody, or hardly anybody, had bought: are they found by what they are?

The history is cut in time.  New are products whose first sale lies after the cut, or at most ``fresh`` days before it:
for these no strategy that learns from purchases has anything to go by.  Members who bought before the cut and bought a
new product after it that they had not bought before are asked; every new product is ranked for each of them, by the
scorer of new products (``new_products``), by likeness alone (``content``) and by lot.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl
from scipy import sparse

from shuke.science.recommendations.content import Descriptions, descriptions
from shuke.science.recommendations.histories import DAY, History, numbers_of, pointers
from shuke.science.recommendations.linear import unit_rows
from shuke.science.recommendations.metrics import hits
from shuke.science.recommendations.new_products import Content, new_products
from shuke.science.recommendations.strategies import best

#: Names of the three.
SCORER, LIKENESS, LOT = "new-products", "content", "by-lot"
#: Days that are judged, and days before the cut within which a first sale is new.
DAYS, FRESH = 28, 28
HALF_LIFE = 60.0
#: Columns of a catalogue that say what a product is, the widest first.
PATH = ("department", "category", "subcategory")


@dataclass(frozen=True, eq=False)
class NewProductsJudged:
    """``each``: by name ``recall`` and ``hit`` at ``k`` of each asked member (float64, paired).  ``products``: how many
    were new and are in the catalogue, ``never_sold`` of them first sold after the cut; ``unknown``: new ones that the
    catalogue does not know."""

    k: int
    each: Mapping[str, Mapping[str, np.ndarray]]
    products: int
    never_sold: int
    unknown: int
    members: int
    days: int
    fresh: int


def judge_new_products(
    history: History,
    catalogue: pl.DataFrame,
    *,
    rng: np.random.Generator,
    k: int = 10,
    days: int = DAYS,
    fresh: int = FRESH,
) -> NewProductsJudged:
    """``catalogue``: ``item`` (the history's ids as text) and any of ``department``, ``category``, ``subcategory``,
    ``brand``, ``name``, ``price``.  Nobody is asked where nothing new was bought, or nothing of the catalogue is known.
    """
    cut = history.end - days * DAY
    known = history.before(cut)
    first = np.full(history.items, np.iinfo(np.int64).max)
    np.minimum.at(first, history.item, history.basket_time[history.row_basket])
    ids = history.item_ids.astype(str)
    table = catalogue.with_columns(pl.col("item").cast(pl.String)).unique("item", keep="first").sort("item")
    place = numbers_of(table["item"].to_numpy().astype(ids.dtype if len(ids) else "U1"), ids)
    is_new = (first >= cut - fresh * DAY) & (first < history.end)
    fresh_items = np.flatnonzero(is_new & (place >= 0))
    members, rows, targets = _asked(history, known, fresh_items, cut=cut)
    scores = (
        _scores(known, table, ids, members, fresh_items, rng=rng)
        if len(members)
        else {name: np.empty((0, 0), dtype=np.float32) for name in (SCORER, LIKENESS, LOT)}
    )
    wanted = np.diff(rows)
    each = {}
    for name, values in scores.items():
        listed = (
            best(values, np.arange(len(fresh_items), dtype=np.uint32), n=k).items
            if len(members)
            else np.empty((0, k), dtype=np.int32)
        )
        found = hits(listed, rows, targets)[:, :k].sum(axis=1) if len(members) else np.empty(0)
        each[name] = {"recall": found / np.maximum(wanted, 1), "hit": (found > 0).astype(np.float64)}
    return NewProductsJudged(
        k=k,
        each=each,
        products=len(fresh_items),
        never_sold=int((first[fresh_items] >= cut).sum()),
        unknown=int((is_new & (place < 0)).sum()),
        members=len(members),
        days=days,
        fresh=fresh,
    )


def _asked(
    history: History, known: History, fresh_items: np.ndarray, *, cut: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Members (rising), and their targets as rows of numbers among ``fresh_items`` (rising)."""
    number = np.full(history.items, -1, dtype=np.int64)
    number[fresh_items] = np.arange(len(fresh_items))
    width = max(history.items, 1)
    had = np.unique(known.row_member.astype(np.int64) * width + known.item)
    later = history.basket_time[history.row_basket] >= cut
    later &= (number[history.item] >= 0) & (np.diff(known.member_baskets) > 0)[history.row_member]
    pairs = np.unique(history.row_member[later].astype(np.int64) * width + history.item[later])
    pairs = pairs[~np.isin(pairs, had)]
    member, item = np.divmod(pairs, width)
    members, owner = np.unique(member, return_inverse=True)
    return members, pointers(owner, len(members)), number[item].astype(np.int32)


def _scores(
    known: History,
    table: pl.DataFrame,
    ids: np.ndarray,
    members: np.ndarray,
    fresh_items: np.ndarray,
    *,
    rng: np.random.Generator,
) -> dict[str, np.ndarray]:
    """Float32 members × new products, by each of the three."""
    path = tuple(step for step in PATH if step in table.columns)
    described = descriptions(table, path=path)
    content = _content(table, ids, path)
    try:
        scorer = new_products(known, content).scores(
            members, kind=content.kind[fresh_items], brand=content.brand[fresh_items]
        )
    except ValueError:  # Nothing has a kind and a brand: then nothing can be said.
        scorer = np.zeros((len(members), len(fresh_items)), dtype=np.float32)
    return {
        SCORER: scorer,
        LIKENESS: _likeness(known, described, ids, members, fresh_items),
        LOT: rng.random((len(members), len(fresh_items)), dtype=np.float32),
    }


def _content(table: pl.DataFrame, ids: np.ndarray, path: tuple[str, ...]) -> Content:
    """Kind and brand of each item of the history, -1 for unknown; a range without brands has one."""
    place = numbers_of(table["item"].to_numpy().astype(ids.dtype), ids)

    def codes(column: pl.Series) -> np.ndarray:
        ranks = column.cast(pl.String).rank("dense").cast(pl.Int64).fill_null(0).to_numpy() - 1
        return np.where(place >= 0, ranks[np.maximum(place, 0)], -1).astype(np.int64)

    nothing = pl.Series("nothing", [None] * table.height, dtype=pl.String)
    kind = codes(table[path[-1]]) if path else codes(nothing)
    brand = codes(table["brand"]) if "brand" in table.columns else np.where(kind >= 0, 0, -1)
    return Content(kind, brand)


def _likeness(
    known: History,
    described: Descriptions,
    ids: np.ndarray,
    members: np.ndarray,
    fresh_items: np.ndarray,
) -> np.ndarray:
    """Cosine of what a member bought, decayed, to what each new product is."""
    vectors = described.of(ids)
    age = (known.end - known.basket_time[known.row_basket]) / DAY
    profiles = unit_rows(sparse.csr_matrix(known.counts(np.exp2(-age / HALF_LIFE)) @ vectors))
    return np.asarray((profiles[members] @ vectors[fresh_items].T).toarray(), dtype=np.float32)
