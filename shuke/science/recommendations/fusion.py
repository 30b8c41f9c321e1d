"""Feature fusion: one ranker over own and new items, with what other strategies say as features.

LambdaRank over the repeat ranker's features (see ``repeats``) of the items a member had bought, and of new ones that
were popular that day or that a source proposes.  What the sources say of past baskets comes from sources that were
fitted without each member's latest baskets, so that the trees never learn from a score that had seen the answer.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from shuke.science.recommendations.histories import History
from shuke.science.recommendations.repeats.discoveries import Proposals, discovered
from shuke.science.recommendations.repeats.features import GROUPS, Asked, Features
from shuke.science.recommendations.repeats.known import Known, Knows
from shuke.science.recommendations.repeats.ranker import Trees, own_candidates
from shuke.science.recommendations.repeats.rows import Moments, together
from shuke.science.recommendations.repeats.sourced import SourcedModel, heard, learned
from shuke.science.recommendations.repeats.wares import Offers, Taxonomy
from shuke.science.recommendations.strategies import Strategy

TREES = Trees(trees=150)


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
    knows: Knows = field(default=Known, repr=False)

    @property
    def name(self) -> str:
        """See ``Strategy``."""
        return "fusion"

    def fit(self, history: History, *, rng: np.random.Generator) -> SourcedModel:
        """Learn from each member's latest baskets, then fit the sources on everything."""
        return learned(self, history, rng=rng)

    def asked(self, known: Known, moments: Moments, said: Sequence[Proposals]) -> Asked:
        """The candidates of each moment."""
        new = discovered(known, moments, said, popular=self.popular, most=self.proposed)
        return Asked(moments, together(own_candidates(known, moments, most=self.own).rows, new))

    def features(self, known: Known, asked: Asked, said: Sequence[Proposals]) -> Features:
        """With what the sources say of new items."""
        return Features(known, asked, self.groups, heard(said))
