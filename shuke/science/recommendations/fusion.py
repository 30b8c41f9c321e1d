"""Feature fusion: one ranker over own and new items, with what other strategies say as features.

LambdaRank over the repeat ranker's features (see ``repeats``) of the items a member had bought, and of new ones that
were popular that day or that a source proposes.  What the sources say of past baskets comes from sources that were
fitted without each member's latest baskets, so that the trees never learn from a score that had seen the answer.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

from shuke.science.recommendations.histories import History
from shuke.science.recommendations.repeats.discoveries import Proposals, discovered, proposals
from shuke.science.recommendations.repeats.features import GROUPS, Asked, Columns, Features
from shuke.science.recommendations.repeats.known import Known
from shuke.science.recommendations.repeats.ranker import Ranking, Trees, filled, own_candidates, ranked
from shuke.science.recommendations.repeats.rows import (
    Moments,
    bought,
    now_moments,
    past_baskets,
    some_of,
    telling,
    together,
)
from shuke.science.recommendations.repeats.wares import Offers, Taxonomy
from shuke.science.recommendations.strategies import Model, Strategy

TREES = Trees(trees=150)
#: How far down a source's list a place still counts as a feature.
LIST = 150


@dataclass(frozen=True)
class Fusion:
    """``own``: own items ranked at most; ``popular`` and ``proposed``: new items of that day's popular ones, and of
    each source; the rest as in ``RepeatRanker``."""

    sources: tuple[Strategy, ...] = ()
    taxonomy: Taxonomy | None = field(default=None, repr=False)
    offers: Offers | None = field(default=None, repr=False)
    baskets: int = 6
    moments: int = 20_000
    own: int = 80
    popular: int = 40
    proposed: int = 40
    groups: tuple[str, ...] = tuple(GROUPS)
    trees: Trees = TREES

    @property
    def name(self) -> str:
        """See ``Strategy``."""
        return "fusion"

    def fit(self, history: History, *, rng: np.random.Generator) -> FusionModel:
        """Learn from each member's latest baskets, then fit the sources on everything."""
        known = Known(history, self.taxonomy, self.offers)
        moments = some_of(past_baskets(history, latest=self.baskets), most=self.moments, rng=rng)
        earlier = history.without_last(self.baskets)
        then = [
            proposals(source.name, source.fit(earlier, rng=rng), earlier, moments, most=LIST)
            for source in self.sources
        ]
        asked = self.asked(known, moments, then)
        labels = bought(known.items, moments, asked.rows)
        ranking = None
        if labels.any():
            features = self.features(known, asked, then)
            moment = asked.rows.moment
            ranking = ranked(
                features,
                labels,
                moment,
                names=features.names,
                trees=self.trees,
                rng=rng,
                taught=telling(labels, moment, rng=rng),
            )
        now = [(source.name, source.fit(history, rng=rng)) for source in self.sources]
        return FusionModel(self, known, ranking, now)

    def asked(self, known: Known, moments: Moments, said: Sequence[Proposals]) -> Asked:
        """The candidates of each moment."""
        new = discovered(known, moments, said, popular=self.popular, most=self.proposed)
        return Asked(moments, together(own_candidates(known, moments, most=self.own).rows, new))

    def features(self, known: Known, asked: Asked, said: Sequence[Proposals]) -> Features:
        """With what the sources say of new items."""
        return Features(known, asked, self.groups, heard(said))


def heard(said: Sequence[Proposals]) -> Callable[[Asked], Columns]:
    """Makes the columns of what sources say of new items; NaN for own ones."""

    def columns(asked: Asked) -> Columns:
        new = asked.rows.place < 0
        return {
            name: np.where(new, column, np.nan).astype(np.float32)
            for proposal in said
            for name, column in proposal.columns(asked.member, asked.item).items()
        }

    return columns


@dataclass(frozen=True, eq=False)
class FusionModel:
    """A fitted fusion; ``sources`` are fitted on everything known."""

    fusion: Fusion
    known: Known
    ranking: Ranking | None
    sources: list[tuple[str, Model]]

    def scores(self, members: np.ndarray, at: np.ndarray) -> np.ndarray:
        """See ``Model``: chances of the candidates, above the rest by recent popularity."""
        history = self.known.history
        scores = filled(history, len(members))
        moments = now_moments(history, members, at)
        said = [proposals(name, model, history, moments, most=LIST) for name, model in self.sources]
        asked = self.fusion.asked(self.known, moments, said)
        if self.ranking is not None and len(asked.rows):
            features = self.fusion.features(self.known, asked, said)
            scores[asked.rows.moment, asked.item] = self.ranking.chance(features[:])
        return scores
