"""Which hybrid a history asks for: fitted on what came before each member's latest basket, judged on that basket.

The candidates stand in order of what they cost to fit and to serve.  The cheapest one wins that is no worse than the
best by more than one standard error of their paired difference (the rule of one standard error, Breiman and others
1984), so that a larger model must earn its place.  A time split decides, never the test: what is chosen has to be
judged on baskets that the choice did not see.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from shuke.science.recommendations.frequency import PersonalFrequency
from shuke.science.recommendations.fusion import Fusion
from shuke.science.recommendations.histories import History
from shuke.science.recommendations.item_knn import ItemKnn
from shuke.science.recommendations.metrics import hits, member_metrics
from shuke.science.recommendations.repeats.ranker import RepeatRanker, Trees
from shuke.science.recommendations.repeats.wares import Offers, Taxonomy
from shuke.science.recommendations.splits import Cut
from shuke.science.recommendations.stacking import Stacking
from shuke.science.recommendations.strategies import Strategy, top
from shuke.science.recommendations.tuning import drawn
from shuke.science.recommendations.up_cf import UpCf
from shuke.science.recommendations.weighted import Weighted

#: Members that decide at most, and at least: below, the difference of two hybrids drowns in chance.
MEMBERS = 1500
LEAST = 100
#: Past baskets that rankers learn from while they are tried: less than when the chosen one is fitted.
MOMENTS = 5000
#: Length of the lists that are judged.
CUTOFF = 10
#: Where too few members can be asked: it has nothing to learn.
DEFAULT = PersonalFrequency()


@dataclass(frozen=True, eq=False)
class Choice:
    """``strategy``: the chosen one, not fitted.  ``figures``: mean nDCG@10 of each candidate by name, empty where
    nothing could be tried.  ``members``: how many decided.  ``is_default``: too few could be asked."""

    strategy: Strategy
    figures: Mapping[str, float]
    members: int
    is_default: bool


def hybrids(
    *, taxonomy: Taxonomy | None = None, offers: Offers | None = None, moments: int = 20_000, threads: int = 2
) -> tuple[Strategy, ...]:
    """The candidates, the cheapest first; ``moments``: past baskets that rankers learn from at most."""
    sources = (PersonalFrequency(), UpCf(), ItemKnn())
    repeats = RepeatRanker(taxonomy=taxonomy, offers=offers, moments=moments, trees=Trees(threads=threads))
    fused = Fusion(
        (UpCf(),), taxonomy=taxonomy, offers=offers, moments=moments, trees=Trees(trees=150, threads=threads)
    )
    return (PersonalFrequency(), Weighted(sources), Stacking(sources), repeats, fused)


def chosen_hybrid(
    history: History,
    *,
    rng: np.random.Generator,
    taxonomy: Taxonomy | None = None,
    offers: Offers | None = None,
    cut: Cut | None = None,
    members: int = MEMBERS,
    threads: int = 2,
) -> Choice:
    """Choose on ``cut`` (each member's latest basket if None, ``Cut("window")`` for a clean month) of ``history``.

    ``taxonomy`` and ``offers``: what rankers may know beside the history.  Fits every candidate once.
    """
    split = drawn((cut or Cut()).test(history), members=members, rng=rng)
    if len(split.members) < LEAST:
        return Choice(DEFAULT, MappingProxyType({}), len(split.members), is_default=True)
    tried = hybrids(taxonomy=taxonomy, offers=offers, moments=MOMENTS, threads=threads)
    wanted = np.diff(split.target_rows)
    each = []
    for strategy in tried:
        model = strategy.fit(split.known, rng=rng)
        lists = top(model, split.known, split.members, at=split.at, n=CUTOFF)
        found = hits(lists.items, split.target_rows, split.target_items)
        each.append(member_metrics(found, wanted, cutoffs=(CUTOFF,), ideal="standard")[f"ndcg@{CUTOFF}"])
    place = cheapest_of_equals(each)
    figures = {strategy.name: float(values.mean()) for strategy, values in zip(tried, each, strict=True)}
    strategy = hybrids(taxonomy=taxonomy, offers=offers, threads=threads)[place]
    return Choice(strategy, MappingProxyType(figures), len(split.members), is_default=False)


def cheapest_of_equals(each: Sequence[np.ndarray]) -> int:
    """Place of the first that is within one standard error of the best; ``each``: float64 of the same members."""
    best = each[int(np.argmax([values.mean() for values in each]))]
    for place, values in enumerate(each):
        lost = best - values
        if lost.mean() <= lost.std(ddof=1) / np.sqrt(len(lost)):
            return place
    raise ValueError("Nothing to choose from.")
