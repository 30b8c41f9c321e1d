"""Rankers that hear what other strategies say: how they learn from past baskets, and how they answer.

What the sources say of past baskets comes from sources that were fitted without each member's latest baskets, so that
the trees never learn from a score that had seen the answer.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from shuke.science.recommendations.histories import History
from shuke.science.recommendations.repeats.discoveries import Proposals, proposals
from shuke.science.recommendations.repeats.features import Asked, Columns, Features
from shuke.science.recommendations.repeats.known import Known, Knows
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
from shuke.science.recommendations.strategies import Model, Strategy

#: How far down a source's list a place still counts as a feature.
LIST = 150


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


class Sourced(Protocol):
    """A ranker with sources: see ``Fusion`` and ``Discovery`` for the fields."""

    @property
    def sources(self) -> tuple[Strategy, ...]: ...
    @property
    def taxonomy(self) -> Taxonomy | None: ...
    @property
    def offers(self) -> Offers | None: ...
    @property
    def baskets(self) -> int: ...
    @property
    def moments(self) -> int: ...
    @property
    def trees(self) -> Trees: ...
    @property
    def knows(self) -> Knows: ...

    def asked(self, known: Known, moments: Moments, said: Sequence[Proposals], /) -> Asked:
        """The candidates of each moment."""
        ...

    def features(self, known: Known, asked: Asked, said: Sequence[Proposals], /) -> Features:
        """What is known of them, with what the sources say."""
        ...


@dataclass(frozen=True, eq=False)
class SourcedModel:
    """A fitted ranker; ``sources`` are fitted on everything known."""

    ranker: Sourced
    known: Known
    ranking: Ranking | None
    sources: list[tuple[str, Model]]

    def scores(self, members: np.ndarray, at: np.ndarray) -> np.ndarray:
        """See ``Model``: chances of the candidates, above the rest by recent popularity."""
        history = self.known.history
        scores = filled(history, len(members))
        moments = now_moments(history, members, at)
        said = [proposals(name, model, history, moments, most=LIST) for name, model in self.sources]
        asked = self.ranker.asked(self.known, moments, said)
        if self.ranking is not None and len(asked.rows):
            features = self.ranker.features(self.known, asked, said)
            scores[asked.rows.moment, asked.item] = self.ranking.chance(features[:])
        return scores


def learned(
    ranker: Sourced, history: History, *, rng: np.random.Generator, against: int | None = None
) -> SourcedModel:
    """Learn from each member's latest baskets, then fit the sources on everything.

    ``against``: items that were not bought, drawn for each past basket; all of those with a purchase if None.
    """
    known = ranker.knows(history, ranker.taxonomy, ranker.offers)
    moments = some_of(past_baskets(history, latest=ranker.baskets), most=ranker.moments, rng=rng)
    earlier = known.earlier(ranker.baskets)
    then = [
        proposals(source.name, source.fit(earlier, rng=rng), earlier, moments, most=LIST)
        for source in ranker.sources
    ]
    asked = ranker.asked(known, moments, then)
    labels = bought(known.items, moments, asked.rows)
    ranking = None
    if labels.any():
        features = ranker.features(known, asked, then)
        moment = asked.rows.moment
        taught = telling(labels, moment, rng=rng, against=against)
        ranking = ranked(
            features, labels, moment, names=features.names, trees=ranker.trees, rng=rng, taught=taught
        )
    now = [(source.name, source.fit(history, rng=rng)) for source in ranker.sources]
    return SourcedModel(ranker, known, ranking, now)
