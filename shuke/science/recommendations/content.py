"""Items like those a member buys by what they are: category, brand, price and the words of their names.

Each item is a vector of parts, each part of length 1 times its weight: the steps of its category path and its brand
(one each), its place in the price bands of its category (a third cheapest, middle, dearest), and the character n-grams
of its name by TF-IDF.  Characters, not words, so that Chinese names, which have no blanks, need no dictionary, and
"蒙牛酸奶" is like "光明 酸奶" as "Yoghurt" is like "yogurts".

A member's profile is the sum of its items' vectors, decayed with time; an item's score is the cosine to it.  The only
strategy that knows an item nobody has bought.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field

import numpy as np
import polars as pl
from scipy import sparse

from shuke.science.recommendations.histories import DAY, History, numbers_of
from shuke.science.recommendations.linear import SparseProduct, unit_rows

#: A run of Chinese, and a word of letters; n-grams of a run have one to three characters, of a word (with its ends
#: marked) three to five: a single Latin letter says nothing, a single Chinese character does.
RUNS = re.compile(r"[\u3400-\u9fff]+|[^\W\d_\u3400-\u9fff]+")
FEATURES = 1 << 16
#: Sizes make a litre of milk like a litre of bleach.
SIZE = re.compile(
    r"\d+(?:[.,]\d+)?\s*(?:(?:kg|g|mg|ml|cl|l|oz|lb|ct|pk|x|%)(?![a-z])|千克|公斤|毫升|[克升斤袋包瓶盒罐片支个])?"
)


@dataclass(frozen=True, eq=False)
class Descriptions:
    """What items are: ``item_ids`` rising, ``vectors`` items × parts with unit rows (empty where nothing is known)."""

    item_ids: np.ndarray
    vectors: sparse.csr_matrix

    def of(self, item_ids: np.ndarray) -> sparse.csr_matrix:
        """Vectors of items in the order of ids; empty rows for items that are not described."""
        places = numbers_of(self.item_ids, item_ids)
        known = sparse.csr_matrix(
            (np.ones(int((places >= 0).sum())), (np.flatnonzero(places >= 0), places[places >= 0])),
            shape=(len(item_ids), len(self.item_ids)),
        )
        return sparse.csr_matrix(known @ self.vectors)


@dataclass(frozen=True)
class PartWeights:
    """How much each part says."""

    category: float = 1.0
    brand: float = 0.5
    price: float = 0.3
    name: float = 1.0


def descriptions(
    catalogue: pl.DataFrame, *, weights: PartWeights | None = None, path: tuple[str, ...] = ("category",)
) -> Descriptions:
    """From a table with ``item`` and any of ``brand``, ``price``, ``name`` and the columns of the category ``path``,
    the widest first.  Of an item that is there twice, the first row counts."""
    weights = weights or PartWeights()
    table = catalogue.unique("item", keep="first").sort("item")
    steps = [step for step in path if step in table.columns]
    parts = [_names(table[step], prefix=f"{step}:") * weights.category for step in steps]
    if "brand" in table.columns:
        parts.append(_names(table["brand"], prefix="brand:") * weights.brand)
    if "price" in table.columns:
        parts.append(_price_bands(table, steps[-1:]) * weights.price)
    if "name" in table.columns:
        parts.append(_words(table["name"]) * weights.name)
    stacked = sparse.hstack(parts, format="csr") if parts else sparse.csr_matrix((table.height, 1))
    return Descriptions(table["item"].to_numpy(), unit_rows(sparse.csr_matrix(stacked)))


def _names(column: pl.Series, *, prefix: str) -> sparse.csr_matrix:  # noqa: ARG001 - says what the columns are
    """One-hot; a name that is missing says nothing."""
    names = column.drop_nulls().unique().sort()
    places = (
        column.cast(pl.Enum(names.cast(pl.String))) if column.dtype == pl.String else column.rank("dense") - 1
    )
    numbers = places.to_physical().cast(pl.Int64).fill_null(-1).to_numpy()
    known = numbers >= 0
    ones = np.ones(int(known.sum()))
    return sparse.csr_matrix(
        (ones, (np.flatnonzero(known), numbers[known])), shape=(len(column), max(len(names), 1))
    )


def _price_bands(table: pl.DataFrame, category: list[str]) -> sparse.csr_matrix:
    """Cheapest, middle or dearest third of the narrowest category; 1 and 2 share a little, so that bands have order."""
    rank = pl.col("price").rank("average")
    share = (rank - 0.5) / pl.col("price").count()
    place = table.select(share.over(category) if category else share)["price"].fill_null(-1.0).to_numpy()
    known = place >= 0
    centres = np.array([1 / 6, 1 / 2, 5 / 6])
    near = np.where(known[:, None], np.maximum(1 - np.abs(place[:, None] - centres) * 3 / 2, 0), 0.0)
    return unit_rows(sparse.csr_matrix(near))


def _words(column: pl.Series) -> sparse.csr_matrix:
    """TF-IDF of character n-grams, case and width of letters apart."""
    from sklearn.feature_extraction.text import TfidfVectorizer

    names = [
        unicodedata.normalize("NFKC", name or "").casefold() for name in column.cast(pl.String).to_list()
    ]
    if not any(ngrams(name) for name in names):
        return sparse.csr_matrix((len(names), 1))
    vectorizer = TfidfVectorizer(analyzer=ngrams, sublinear_tf=True, max_features=FEATURES, dtype=np.float64)
    return sparse.csr_matrix(vectorizer.fit_transform(names))


def ngrams(name: str) -> list[str]:
    """Of a folded name, see ``RUNS``.

    >>> ngrams("茶叶 tea")
    ['茶', '叶', '茶叶', ' te', 'tea', 'ea ', ' tea', 'tea ', ' tea ']
    """
    found = []
    for run in RUNS.findall(name):
        is_han = "\u3400" <= run[0] <= "\u9fff"
        text, lengths = (run, (1, 2, 3)) if is_han else (f" {run} ", (3, 4, 5))
        found += [text[i : i + n] for n in lengths for i in range(len(text) - n + 1)]
    return found


@dataclass(frozen=True)
class Content:
    """``half_life`` in days of what a member bought."""

    described: Descriptions = field(repr=False)
    half_life: float = 60.0

    @property
    def name(self) -> str:
        """``content``."""
        return "content"

    def fit(self, history: History, *, rng: np.random.Generator) -> SparseProduct:  # noqa: ARG002 - no chance in it
        """Make the profiles."""
        vectors = self.described.of(history.item_ids)
        age = (history.end - history.basket_time[history.row_basket]) / DAY
        profiles = unit_rows(sparse.csr_matrix(history.counts(np.exp2(-age / self.half_life)) @ vectors))
        return SparseProduct(profiles, sparse.csr_matrix(vectors.T))


def similar(described: Descriptions, wanted: np.ndarray, *, neighbours: int) -> tuple[np.ndarray, np.ndarray]:
    """The described items most like each wanted id, itself left out: ids and cosines, wanted × neighbours.

    For the page of a product, and for a new product's place among known ones.  Ties by id.
    """
    own = described.of(wanted)
    likeness = (own @ described.vectors.T).toarray()
    likeness[wanted[:, None] == described.item_ids[None, :]] = -np.inf
    order = np.argsort(-likeness, axis=1, kind="stable")[:, :neighbours]
    return described.item_ids[order], np.take_along_axis(likeness, order, axis=1)
