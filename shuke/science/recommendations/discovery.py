"""Discovery: a ranker of items that the member has never bought, and of nothing else.

Fusion ranks own and new items together, and nearly all that it learns is what is bought again.  Here the documents of
a past basket are only items that were new to the member then: what was popular that day and what sources propose.
Baskets in which nothing of that was bought teach nothing and are left out, and of the many that were not bought so
many are drawn (``against``); chances are told from rows that were not drawn, so that they hold.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from shuke.science.recommendations.histories import History
from shuke.science.recommendations.repeats.discoveries import Proposals, discovered
from shuke.science.recommendations.repeats.features import GROUPS, Asked, Features
from shuke.science.recommendations.repeats.known import Known, Knows
from shuke.science.recommendations.repeats.ranker import Trees
from shuke.science.recommendations.repeats.rows import Moments
from shuke.science.recommendations.repeats.sourced import SourcedModel, heard, learned
from shuke.science.recommendations.repeats.wares import Offers, Taxonomy
from shuke.science.recommendations.strategies import Strategy, mask

TREES = Trees(trees=150, rate=0.05)


@dataclass(frozen=True)
class Discovery:
    """``popular`` and ``proposed``: that day's popular items and the best of each source; ``against``: items that were
    not bought, drawn for each past basket; the rest as in ``Fusion``."""

    sources: tuple[Strategy, ...]
    taxonomy: Taxonomy | None = field(default=None, repr=False)
    offers: Offers | None = field(default=None, repr=False)
    baskets: int = 6
    moments: int = 20_000
    popular: int = 40
    proposed: int = 60
    against: int = 80
    groups: tuple[str, ...] = tuple(GROUPS)
    trees: Trees = TREES
    knows: Knows = field(default=Known, repr=False)

    @property
    def name(self) -> str:
        """See ``Strategy``."""
        return "discovery"

    def fit(self, history: History, *, rng: np.random.Generator) -> DiscoveryModel:
        """Learn from each member's latest baskets, then fit the sources on everything."""
        return DiscoveryModel(learned(self, history, rng=rng, against=self.against))

    def asked(self, known: Known, moments: Moments, said: Sequence[Proposals]) -> Asked:
        """The candidates of each moment."""
        return Asked(moments, discovered(known, moments, said, popular=self.popular, most=self.proposed))

    def features(self, known: Known, asked: Asked, said: Sequence[Proposals]) -> Features:
        """With what the sources say."""
        return Features(known, asked, self.groups, heard(said))


@dataclass(frozen=True, eq=False)
class DiscoveryModel:
    """A fitted discovery."""

    model: SourcedModel

    def scores(self, members: np.ndarray, at: np.ndarray) -> np.ndarray:
        """See ``Model``: chances of candidates, above the rest by recent popularity; own items are not offered."""
        scores = self.model.scores(members, at)
        mask(scores, self.model.known.history, members)
        return scores
