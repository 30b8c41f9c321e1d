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

from shuke.science.recommendations.fusion import LIST, heard
from shuke.science.recommendations.histories import History
from shuke.science.recommendations.repeats.discoveries import Proposals, discovered, proposals
from shuke.science.recommendations.repeats.features import GROUPS, Asked, Features
from shuke.science.recommendations.repeats.known import Known
from shuke.science.recommendations.repeats.ranker import Ranking, Trees, filled, ranked
from shuke.science.recommendations.repeats.rows import (
    Moments,
    bought,
    now_moments,
    past_baskets,
    some_of,
    telling,
)
from shuke.science.recommendations.repeats.wares import Offers, Taxonomy
from shuke.science.recommendations.strategies import Model, Strategy, mask

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

    @property
    def name(self) -> str:
        """See ``Strategy``."""
        return "discovery"

    def fit(self, history: History, *, rng: np.random.Generator) -> DiscoveryModel:
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
            taught = telling(labels, asked.rows.moment, against=self.against, rng=rng)
            ranking = ranked(
                features,
                labels,
                asked.rows.moment,
                names=features.names,
                trees=self.trees,
                rng=rng,
                taught=taught,
            )
        now = [(source.name, source.fit(history, rng=rng)) for source in self.sources]
        return DiscoveryModel(self, known, ranking, now)

    def asked(self, known: Known, moments: Moments, said: Sequence[Proposals]) -> Asked:
        """The candidates of each moment."""
        return Asked(moments, discovered(known, moments, said, popular=self.popular, most=self.proposed))

    def features(self, known: Known, asked: Asked, said: Sequence[Proposals]) -> Features:
        """With what the sources say."""
        return Features(known, asked, self.groups, heard(said))


@dataclass(frozen=True, eq=False)
class DiscoveryModel:
    """A fitted discovery; ``sources`` are fitted on everything known."""

    discovery: Discovery
    known: Known
    ranking: Ranking | None
    sources: list[tuple[str, Model]]

    def scores(self, members: np.ndarray, at: np.ndarray) -> np.ndarray:
        """See ``Model``: chances of candidates, above the rest by recent popularity; own items are not offered."""
        history = self.known.history
        scores = filled(history, len(members))
        moments = now_moments(history, members, at)
        said = [proposals(name, model, history, moments, most=LIST) for name, model in self.sources]
        asked = self.discovery.asked(self.known, moments, said)
        if self.ranking is not None and len(asked.rows):
            features = self.discovery.features(self.known, asked, said)
            scores[asked.rows.moment, asked.item] = self.ranking.chance(features[:])
        mask(scores, history, members)
        return scores
