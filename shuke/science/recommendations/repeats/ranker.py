"""The repeat ranker: LambdaRank over the items that a member has bought before, learned from several past baskets.

Burges 2010 (From RankNet to LambdaRank to LambdaMART) by LightGBM; each past basket of each member is one query, the
items bought before it are its documents, and those in the basket are relevant.  Items that the member has never bought
follow in the order of recent popularity, so that a list is always full.

Scores are chances to be in the next basket: isotonic regression of what was bought on the trees' own sums, over the
baskets they learned from (few leaves over hundreds of thousands of rows hardly remember a row).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from shuke.science.recommendations.calibrated import chance_of, rising_chances
from shuke.science.recommendations.histories import History
from shuke.science.recommendations.repeats.features import GROUPS, ROWS, Asked, Features, likely, matrix
from shuke.science.recommendations.repeats.known import Known, Knows
from shuke.science.recommendations.repeats.rows import (
    Moments,
    Rows,
    best_of,
    bought,
    now_moments,
    own_rows,
    past_baskets,
    rows_of,
    some_of,
)
from shuke.science.recommendations.repeats.wares import Offers, Taxonomy

if TYPE_CHECKING:
    import lightgbm

#: Score of the most popular item that fills the end of a list: below every chance that is told.
FILL = np.float32(1e-9)
#: Rows from which bins of features and chances of scores are learned, at most.
CURVE_ROWS = 200_000
#: Rows that one thread learns from alone.
FEW_ROWS = 50_000
#: Moments whose own items are looked at together.
MOMENTS = 1000
#: Of LightGBM's data; a feature is never left out for its values in the sample.
BINS: dict[str, Any] = {"max_bin": 63, "feature_pre_filter": False, "verbose": -1}


@dataclass(frozen=True)
class Trees:
    """How the trees are grown; the defaults were chosen on penultimate baskets of The Complete Journey."""

    trees: int = 120
    rate: float = 0.1
    leaves: int = 15
    least_rows: int = 100
    columns: float = 0.5
    threads: int = 2


@dataclass(frozen=True)
class RepeatRanker:
    """``baskets``: how many of each member's latest baskets it learns from, ``moments``: of all members at most, drawn
    by chance; ``candidates``: own items ranked at most; ``groups``: of features, see ``GROUPS``; ``taxonomy`` and
    ``offers``: what is known beside the history."""

    taxonomy: Taxonomy | None = field(default=None, repr=False)
    offers: Offers | None = field(default=None, repr=False)
    baskets: int = 6
    moments: int = 20_000
    candidates: int = 80
    groups: tuple[str, ...] = tuple(GROUPS)
    trees: Trees = Trees()
    knows: Knows = field(default=Known, repr=False)

    @property
    def name(self) -> str:
        """See ``Strategy``."""
        return "repeat-ranker"

    def fit(self, history: History, *, rng: np.random.Generator) -> RepeatModel:
        """Learn from each member's latest baskets; from none, the model only fills with the popular."""
        known = self.knows(history, self.taxonomy, self.offers)
        moments = some_of(past_baskets(history, latest=self.baskets), most=self.moments, rng=rng)
        asked = own_candidates(known, moments, most=self.candidates)
        labels = bought(known.items, moments, asked.rows)
        ranking = None
        if labels.any():
            features = Features(known, asked, self.groups)
            ranking = ranked(
                features, labels, asked.rows.moment, names=features.names, trees=self.trees, rng=rng
            )
        return RepeatModel(known=known, ranking=ranking, groups=self.groups, candidates=self.candidates)


@dataclass(frozen=True, eq=False)
class Ranking:
    """Grown trees and the chance that their sums stand for."""

    booster: lightgbm.Booster
    knots: np.ndarray
    chances: np.ndarray

    def chance(self, features: np.ndarray) -> np.ndarray:
        """Float32 of each row."""
        return chance_of(np.asarray(self.booster.predict(features)), self.knots, self.chances)


@dataclass(frozen=True, eq=False)
class RepeatModel:
    """A fitted repeat ranker."""

    known: Known
    ranking: Ranking | None
    groups: tuple[str, ...]
    candidates: int

    def scores(self, members: np.ndarray, at: np.ndarray) -> np.ndarray:
        """See ``Model``: chances of own items, above the rest by recent popularity."""
        moments = now_moments(self.known.history, members, at)
        asked = own_candidates(self.known, moments, most=self.candidates)
        scores = filled(self.known.history, len(members))
        if self.ranking is None:
            scores[asked.rows.moment, asked.item] = likely(self.known, asked)
        elif len(asked.rows):
            features, _ = matrix(self.known, asked, groups=self.groups)
            scores[asked.rows.moment, asked.item] = self.ranking.chance(features)
        return scores


def filled(history: History, members: int) -> np.ndarray:
    """Float32 members × items: recent popularity, far below what a ranking says."""
    recent = history.recent.astype(np.float32)
    return np.tile(FILL * recent / max(float(recent.max(initial=0.0)), 1.0), (members, 1))


def own_candidates(known: Known, moments: Moments, *, most: int) -> Asked:
    """The ``most`` likely own items of each moment."""
    found = []
    for start in range(0, max(len(moments), 1), MOMENTS):
        part = moments.between(start, start + MOMENTS)
        rows = own_rows(known.items, part)
        rows = rows.keeping(best_of(rows, likely(known, Asked(part, rows)), most=most))
        found.append(Rows(rows.moment + start, rows.item, rows.place))
    return Asked(moments, rows_of(found))


class Readable(Protocol):
    """Float32 rows × features, read some rows at a time: an array, or ``Features``."""

    def __len__(self) -> int: ...

    def __getitem__(self, rows: Any, /) -> np.ndarray: ...


@dataclass(frozen=True, eq=False)
class _Taught:
    """Some rows of what can be read."""

    features: Readable
    places: np.ndarray

    def __len__(self) -> int:
        return len(self.places)

    def __getitem__(self, rows: Any) -> np.ndarray:
        return self.features[self.places[rows]]


def ranked(
    features: Readable,
    labels: np.ndarray,
    moment: np.ndarray,
    *,
    names: list[str],
    trees: Trees,
    rng: np.random.Generator,
    taught: np.ndarray | None = None,
) -> Ranking:
    """Trees and chances from rows of moments (rising), their features and their labels (bool).

    ``taught``: int places of the rows that the trees are grown from, all if None; chances are told from all rows.
    """
    chosen = np.arange(len(labels))
    if len(chosen) > CURVE_ROWS:
        chosen = np.sort(rng.choice(chosen, CURVE_ROWS, replace=False))
    sample = np.asarray(features[chosen])
    rows = features if taught is None else _Taught(features, taught)
    those = slice(None) if taught is None else taught
    booster = fitted(rows, labels[those], moment[those], sample=sample, names=names, trees=trees, rng=rng)
    return Ranking(booster, *rising_chances(np.asarray(booster.predict(sample)), labels[chosen]))


def fitted(
    features: Readable,
    labels: np.ndarray,
    queries: np.ndarray,
    *,
    sample: np.ndarray,
    names: list[str],
    trees: Trees,
    rng: np.random.Generator,
) -> lightgbm.Booster:
    """LambdaRank over ``queries`` (rising number of each row); those without a relevant row teach nothing.

    ``sample``: some of the rows, from which the bins are told; the rest is read piece by piece into one byte a feature.
    """
    import lightgbm

    sizes = np.unique(queries, return_counts=True)[1]
    settings = {
        "objective": "lambdarank",
        "label_gain": [0, 1],
        "lambdarank_truncation_level": 15,
        "learning_rate": trees.rate,
        "num_leaves": trees.leaves,
        "min_data_in_leaf": trees.least_rows,
        "feature_fraction": trees.columns,
        # Threads that wait for one another cost more than a few rows do; the trees are the same.
        "num_threads": trees.threads if len(labels) > FEW_ROWS else 1,
        "deterministic": True,
        "force_row_wise": True,
        "seed": int(rng.integers(2**31)),
        **BINS,
    }
    answers: dict[str, Any] = {
        "label": labels.astype(np.int8),
        "group": sizes,
        "feature_name": names,
        "params": BINS,
    }
    if len(labels) <= CURVE_ROWS:
        rows = np.asarray(features[np.arange(len(labels))])
        return lightgbm.train(settings, lightgbm.Dataset(rows, **answers), num_boost_round=trees.trees)
    bins = lightgbm.Dataset(sample, feature_name=names, params=BINS).construct()
    data = lightgbm.Dataset(_read(features), reference=bins, **answers)
    return lightgbm.train(settings, data, num_boost_round=trees.trees)


def _read(features: Readable) -> lightgbm.Sequence:
    """Rows as LightGBM reads them."""
    import lightgbm

    class Read(lightgbm.Sequence):
        batch_size = ROWS

        def __len__(self) -> int:
            return len(features)

        def __getitem__(self, rows: Any) -> np.ndarray:
            return features[rows]

    return Read()
