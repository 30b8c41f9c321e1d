"""The repeat ranker: LambdaRank over the items that a member has bought before, learned from several past baskets.

Burges 2010 (From RankNet to LambdaRank to LambdaMART) by LightGBM; each past basket of each member is one query, the
items bought before it are its documents, and those in the basket are relevant.  Items that the member has never bought
follow in the order of recent popularity, so that a list is always full.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from shuke.science.recommendations.histories import History
from shuke.science.recommendations.repeats.features import GROUPS, Asked, likely, matrix
from shuke.science.recommendations.repeats.known import Known
from shuke.science.recommendations.repeats.rows import (
    Moments,
    best_of,
    bought,
    now_moments,
    own_rows,
    past_baskets,
)
from shuke.science.recommendations.repeats.wares import Offers, Taxonomy

if TYPE_CHECKING:
    import lightgbm

#: What is added to the score of an own item, so that it stands before every item that is filled in.
BEFORE_FILL = np.float32(100.0)


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
    """``baskets``: how many of each member's latest baskets it learns from; ``candidates``: own items ranked at most;
    ``groups``: of features, see ``GROUPS``; ``taxonomy`` and ``offers``: what is known beside the history."""

    taxonomy: Taxonomy | None = field(default=None, repr=False)
    offers: Offers | None = field(default=None, repr=False)
    baskets: int = 6
    candidates: int = 80
    groups: tuple[str, ...] = tuple(GROUPS)
    trees: Trees = Trees()

    @property
    def name(self) -> str:
        """See ``Strategy``."""
        return "repeat-ranker"

    def fit(self, history: History, *, rng: np.random.Generator) -> RepeatModel:
        """Learn from each member's latest baskets; from none, the model only fills with the popular."""
        known = Known(history, self.taxonomy, self.offers)
        moments = past_baskets(history, latest=self.baskets)
        asked = own_candidates(known, moments, most=self.candidates)
        labels = bought(known.items, moments, asked.rows)
        booster = (
            grown(known, asked, labels, groups=self.groups, trees=self.trees, rng=rng)
            if labels.any()
            else None
        )
        return RepeatModel(known=known, booster=booster, groups=self.groups, candidates=self.candidates)


@dataclass(frozen=True, eq=False)
class RepeatModel:
    """A fitted repeat ranker."""

    known: Known
    booster: lightgbm.Booster | None
    groups: tuple[str, ...]
    candidates: int

    def scores(self, members: np.ndarray, at: np.ndarray) -> np.ndarray:
        """See ``Model``: own items by the trees, above the rest by recent popularity."""
        history = self.known.history
        recent = history.popularity(days=28).astype(np.float32)
        fill = recent / max(float(recent.max(initial=0.0)), 1.0)
        scores = np.tile(fill, (len(members), 1))
        asked, values = self.own(members, at)
        scores[asked.rows.moment, asked.item] = values + BEFORE_FILL
        return scores

    def own(self, members: np.ndarray, at: np.ndarray) -> tuple[Asked, np.ndarray]:
        """The rows of own items and their raw scores (float32)."""
        moments = now_moments(self.known.history, members, at)
        asked = own_candidates(self.known, moments, most=self.candidates)
        if self.booster is None or not len(asked.rows):
            return asked, likely(self.known, asked).astype(np.float32)
        features, _ = matrix(self.known, asked, groups=self.groups)
        return asked, np.asarray(self.booster.predict(features), dtype=np.float32)


def own_candidates(known: Known, moments: Moments, *, most: int) -> Asked:
    """The ``most`` likely own items of each moment."""
    rows = own_rows(known.items, moments)
    asked = Asked(moments, rows)
    return Asked(moments, rows.keeping(best_of(rows, likely(known, asked), most=most)))


def grown(
    known: Known,
    asked: Asked,
    labels: np.ndarray,
    *,
    groups: tuple[str, ...],
    trees: Trees,
    rng: np.random.Generator,
) -> lightgbm.Booster:
    """Trees grown on rows and their labels (bool); moments without a relevant row teach nothing and are left out."""
    teaches = np.bincount(asked.rows.moment[labels], minlength=len(asked.moments)) > 0
    kept = teaches[asked.rows.moment]
    features, names = matrix(known, Asked(asked.moments, asked.rows.keeping(kept)), groups=groups)
    return fitted(features, labels[kept], asked.rows.moment[kept], names=names, trees=trees, rng=rng)


def fitted(
    features: np.ndarray,
    labels: np.ndarray,
    queries: np.ndarray,
    *,
    names: list[str],
    trees: Trees,
    rng: np.random.Generator,
) -> lightgbm.Booster:
    """LambdaRank over ``queries`` (rising number of each row)."""
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
        "max_bin": 63,
        "num_threads": trees.threads,
        "deterministic": True,
        "force_row_wise": True,
        "seed": int(rng.integers(2**31)),
        "verbose": -1,
    }
    data = lightgbm.Dataset(
        features,
        labels.astype(np.int8),
        group=sizes,
        feature_name=names,
        params={"max_bin": 63, "verbose": -1},
    )
    return lightgbm.train(settings, data, num_boost_round=trees.trees)
