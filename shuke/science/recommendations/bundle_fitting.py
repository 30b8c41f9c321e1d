"""Fitting everything that a bundle serves, one strategy after the other, each forgotten before the next.

Each strategy is first fitted without each member's latest basket and asked for it: that gives its nDCG@10 and the curve
that makes its scores chances.  Then it is fitted on everything and asked for every member.  The house's default is the
cheapest strategy that is no worse than the best by more than a standard error (see ``choosing``).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field, replace
from datetime import date
from types import MappingProxyType

import numpy as np
import polars as pl
from scipy import sparse

from shuke.science.recommendations.bundle_parts import (
    offered,
    popular_of,
    purchases_of,
    rows_of,
    similar_items,
    usual_stores,
)
from shuke.science.recommendations.bundles import Bundle, Goods
from shuke.science.recommendations.calibrated import chance_of, rising_chances
from shuke.science.recommendations.choosing import LEAST as LEAST_MEMBERS
from shuke.science.recommendations.choosing import cheapest_of_equals
from shuke.science.recommendations.cold_start import KNOWN, FewBaskets
from shuke.science.recommendations.complements import together
from shuke.science.recommendations.content import descriptions
from shuke.science.recommendations.discovery import TREES as NEW_TREES
from shuke.science.recommendations.discovery import Discovery
from shuke.science.recommendations.due import ReplenishmentDue
from shuke.science.recommendations.ease import Ease
from shuke.science.recommendations.factorisation import Als
from shuke.science.recommendations.frequency import PersonalFrequency
from shuke.science.recommendations.fusion import TREES, Fusion
from shuke.science.recommendations.histories import DAY, History
from shuke.science.recommendations.item_knn import ItemKnn
from shuke.science.recommendations.linear import Factors
from shuke.science.recommendations.metrics import hits, member_metrics
from shuke.science.recommendations.popularity import Popularity
from shuke.science.recommendations.repeats.known import KnownOnce
from shuke.science.recommendations.repeats.ranker import FILL, RepeatRanker, Trees
from shuke.science.recommendations.repeats.wares import Taxonomy
from shuke.science.recommendations.splits import Cut
from shuke.science.recommendations.strategies import Lists, Model, Strategy, tie_order, top
from shuke.science.recommendations.tuning import drawn
from shuke.science.recommendations.up_cf import UpCf

#: Strategies of a bundle, the cheapest first; ``popularity`` is judged and served by store and segment.
ALL = (
    "popularity",
    "personal-frequency",
    "replenishment-due",
    "item-knn-tf-idf",
    "als",
    "up-cf",
    "ease",
    "repeat-ranker",
    "fusion",
)
QUICK = ("popularity", "personal-frequency")
#: Never the house's default: they answer another question than what comes next.
SPECIAL = frozenset({"replenishment-due"})
RANKERS = frozenset({"repeat-ranker", "fusion"})
CUTOFF = 10
#: How far down a list its chances are learned.
CURVE_DEPTH = 50

#: Wraps a step by its name, so that it can be told and measured.
Step = Callable[[str], AbstractContextManager[object]]


@dataclass(frozen=True)
class FitSettings:
    """``depth`` of members' lists, ``neighbours`` of items'; ``known``: baskets from which a ranker answers;
    ``members`` that judge at most; ``moments``: past baskets that rankers learn from, and while they are judged."""

    strategies: tuple[str, ...] = ALL
    depth: int = 100
    neighbours: int = 100
    minimum_count: int = 10
    known: int = KNOWN
    members: int = 1000
    moments: int = 7_000
    trial_moments: int = 2_500
    seed: int = 1
    threads: int = 2


@dataclass(frozen=True, eq=False)
class Facts:
    """What a bundle is fitted on.  ``segment``: int32 of each member, -1 for none."""

    history: History
    goods: Goods
    segment: np.ndarray
    segment_names: np.ndarray


def fit(
    facts: Facts, settings: FitSettings, *, bundle_id: str, as_of: date, step: Step = nullcontext
) -> Bundle:
    """Everything of one day.  The same facts and settings give the same bundle.

    ``manifest``: ``figures`` (nDCG@10, members asked), ``best``, ``calibrated``.
    """
    return _Fitting(facts, settings, as_of=as_of, step=step).bundle(bundle_id)


@dataclass(frozen=True, eq=False)
class Judged:
    """``each``: nDCG@10 of each asked member; ``curve``: knots and chances of the strategy's own scores."""

    each: np.ndarray
    curve: tuple[np.ndarray, np.ndarray]


def steps_of(settings: FitSettings) -> tuple[str, ...]:
    """The names of the steps, in their order; one or two of them may be left out."""
    found = ["purchases", "similar", "complements"]
    if RANKERS & set(settings.strategies):
        found.append("few-baskets")
    found += [name for name in settings.strategies if name not in RANKERS]
    rankers = [name for name in settings.strategies if name in RANKERS]
    return (*found, *(("judging", *rankers) if rankers else ()), "discovery")


@dataclass(frozen=True, eq=False)
class Once:
    """A strategy that several others use: fitted once on a history, as long as that history is at hand."""

    source: Strategy
    seed: tuple[int, ...]
    kept: dict[int, tuple[History, Model]] = field(default_factory=dict, repr=False)

    @property
    def name(self) -> str:
        """Of the strategy."""
        return self.source.name

    def fit(self, history: History, *, rng: np.random.Generator) -> Model:  # noqa: ARG002 - always the same seed
        """The model of this very history."""
        found = self.kept.get(id(history))
        if found is None or found[0] is not history:
            found = (history, self.source.fit(history, rng=np.random.default_rng(self.seed)))
            self.kept[id(history)] = found
        return found[1]

    def forget(self, *, but: History) -> None:
        """Let go of the models of every other history."""
        for key in [key for key in self.kept if key != id(but)]:
            del self.kept[key]


class _Fitting:
    def __init__(self, facts: Facts, settings: FitSettings, *, as_of: date, step: Step) -> None:
        self.facts, self.history, self.settings, self.step = facts, facts.history, settings, step
        self.as_of = as_of
        self.members = np.arange(self.history.members)
        noon = ((as_of - date(1970, 1, 1)).days + 1) * DAY + DAY // 2
        self.at = np.full(self.history.members, noon, dtype=np.int64)
        self.taxonomy = Taxonomy(
            self.history.item_ids, (facts.goods.kind.astype(np.int64), facts.goods.family.astype(np.int64))
        )
        cut = Cut(minimum_count=settings.minimum_count)
        self.split = drawn(cut.test(self.history), members=settings.members, rng=self._rng("split"))
        # What members alike buy is a source of three strategies.
        self.up_cf = Once(UpCf(), (settings.seed, as_of.toordinal()))
        self.als = Once(Als(), (settings.seed, as_of.toordinal()))
        self.knows = KnownOnce()
        self.judged: dict[str, Judged] = {}
        self.lists: dict[str, Lists] = {}
        self.factors = np.empty((self.history.items, 0), dtype=np.float32)

    def bundle(self, bundle_id: str) -> Bundle:
        facts, history, depth = self.facts, self.history, self.settings.depth
        with self.step("purchases"):
            purchases = purchases_of(history)
            popular = popular_of(
                history, segment=facts.segment, segment_names=facts.segment_names, depth=depth
            )
        neighbours = {}
        with self.step("similar"):
            neighbours["similar"] = similar_items(
                history,
                described(facts.goods, history.item_ids),
                depth=self.settings.neighbours,
                threads=self.settings.threads,
            )
        with self.step("complements"):
            drawn_along = together(history, neighbours=self.settings.neighbours, least=5.0)
            neighbours["complements"] = rows_of(
                drawn_along, tie_order(history), depth=self.settings.neighbours
            )
        few = self._few_baskets()
        for name in self.settings.strategies:
            if name not in RANKERS:
                with self.step(name):
                    self.judged[name] = self._judge(self._named(name, moments=0))
                    self._strategy(name, None)
        rankers = [name for name in self.settings.strategies if name in RANKERS]
        if rankers:
            self._rankers(rankers, few)
        with self.step("discovery"):
            self._discovery()
        self.knows.forget()
        return Bundle(
            id=bundle_id,
            as_of=self.as_of,
            member_ids=history.member_ids.astype(str),
            item_ids=history.item_ids.astype(str),
            baskets=np.diff(history.member_baskets).astype(np.int32),
            goods=facts.goods,
            purchases=purchases,
            lists=MappingProxyType(self.lists),
            neighbours=MappingProxyType(neighbours),
            popular=popular,
            store_ids=(
                np.empty(0, dtype="U1") if history.store_ids is None else history.store_ids.astype(str)
            ),
            member_store=usual_stores(history),
            segment_names=facts.segment_names,
            member_segment=facts.segment,
            factors=self.factors,
            manifest=MappingProxyType(self._said()),
        )

    def _rng(self, what: str) -> np.random.Generator:
        """One for each strategy, so that none depends on which others are fitted."""
        return np.random.default_rng([self.settings.seed, self.as_of.toordinal(), *what.encode()])

    def _rankers(self, names: Sequence[str], few: Lists | None) -> None:
        """All are judged before the first is fitted: what they learn from is made once for either."""
        with self.step("judging"):
            for name in names:
                self.judged[name] = self._judge(self._named(name, moments=self.settings.trial_moments))
        for source in (self.up_cf, self.als):
            source.forget(but=self.history)
        for name in names:
            with self.step(name):
                self._strategy(name, few)

    def _strategy(self, name: str, few: Lists | None) -> None:
        if name == "popularity":
            return
        model = self._named(name, moments=self.settings.moments).fit(self.history, rng=self._rng(name))
        if isinstance(model, Factors):
            self.factors = model.items
        depth, threads = self.settings.depth, self.settings.threads
        lists = top(model, self.history, self.members, at=self.at, n=depth, threads=threads)
        curve = None if name in RANKERS else self.judged[name].curve
        lists = self._chances(lists, curve)
        self.lists[name] = self._with_few(lists, few) if name in RANKERS else lists

    def _named(self, name: str, *, moments: int) -> Strategy:
        threads = self.settings.threads
        if name == "repeat-ranker":
            trees = Trees(threads=threads)
            return RepeatRanker(self.taxonomy, moments=moments, trees=trees, knows=self.knows)
        if name == "fusion":
            trees = replace(TREES, threads=threads)
            return Fusion((self.up_cf,), self.taxonomy, moments=moments, trees=trees, knows=self.knows)
        if name == "discovery":
            trees = replace(NEW_TREES, threads=threads)
            sources = (self.up_cf, self.als)
            return Discovery(sources, self.taxonomy, moments=moments, trees=trees, knows=self.knows)
        simple: Mapping[str, Strategy] = {
            "popularity": Popularity(),
            "personal-frequency": PersonalFrequency(),
            "replenishment-due": ReplenishmentDue(),
            "item-knn-tf-idf": ItemKnn(),
            "als": self.als,
            "up-cf": self.up_cf,
            "ease": Ease(),
            "few-baskets": FewBaskets(neighbours=self.up_cf),
        }
        return simple[name]

    def _judge(self, strategy: Strategy) -> Judged:
        """On each member's latest basket, by what was known before it."""
        split = self.split
        if not len(split.members):
            return Judged(np.empty(0), rising_chances(np.empty(0), np.empty(0)))
        model = strategy.fit(split.known, rng=self._rng(strategy.name))
        lists = top(
            model, split.known, split.members, at=split.at, n=CURVE_DEPTH, threads=self.settings.threads
        )
        found = hits(lists.items, split.target_rows, split.target_items)
        metrics = member_metrics(found, np.diff(split.target_rows), cutoffs=(CUTOFF,), ideal="standard")
        listed = lists.items >= 0
        return Judged(
            metrics[f"ndcg@{CUTOFF}"], rising_chances(lists.scores[listed].astype(np.float64), found[listed])
        )

    def _chances(self, lists: Lists, curve: tuple[np.ndarray, np.ndarray] | None) -> Lists:
        """Only what is offered, its scores as chances where a curve was learned."""
        lists = offered(lists, above=float(FILL))
        if curve is None or len(self.split.members) < LEAST_MEMBERS:
            return lists
        held = np.isfinite(lists.scores)
        scores = chance_of(np.where(held, lists.scores, curve[0][0]), *curve)
        return Lists(lists.items, np.where(held, scores, np.float32(-np.inf)))

    def _few_baskets(self) -> Lists | None:
        """Lists of members with few baskets, for the rankers; None where there are no rankers or no such member."""
        few = self._few
        if not len(few) or not RANKERS & set(self.settings.strategies):
            return None
        with self.step("few-baskets"):
            strategy = self._named("few-baskets", moments=0)
            curve = self._judge(strategy).curve
            model = strategy.fit(self.history, rng=self._rng("few-baskets"))
            return self._chances(top(model, self.history, few, at=self.at[few], n=self.settings.depth), curve)

    @property
    def _few(self) -> np.ndarray:
        return np.flatnonzero(np.diff(self.history.member_baskets) < self.settings.known)

    def _with_few(self, lists: Lists, few: Lists | None) -> Lists:
        if few is not None:
            lists.items[self._few], lists.scores[self._few] = few.items, few.scores
        return lists

    def _discovery(self) -> None:
        """Items that are new to each member: by the ranker of new items, without rankers by members alike."""
        is_ranked = "fusion" in self.settings.strategies
        strategy = self._named("discovery", moments=self.settings.moments) if is_ranked else self.up_cf
        model = strategy.fit(self.history, rng=self._rng(strategy.name))
        depth, threads = self.settings.depth, self.settings.threads
        new = top(
            model,
            self.history,
            self.members,
            at=self.at,
            n=depth,
            leave_out=self.history,
            threads=threads,
        )
        self.lists["discovery"] = self._chances(new, None) if is_ranked else offered(new)

    def _said(self) -> dict[str, object]:
        asked = len(self.split.members)
        figures = {name: float(found.each.mean()) for name, found in self.judged.items() if len(found.each)}
        return {
            "figures": {name: round(value, 5) for name, value in figures.items()},
            "asked_members": asked,
            "metric": f"nDCG@{CUTOFF}",
            "best": self._best(),
            "calibrated": asked >= LEAST_MEMBERS,
            "baskets": self.history.baskets,
            "lines": self.history.lines,
        }

    def _best(self) -> str:
        named = [name for name in self.settings.strategies if name in self.lists and name not in SPECIAL]
        if not named or len(self.split.members) < LEAST_MEMBERS:
            return "personal-frequency"
        return named[cheapest_of_equals([self.judged[name].each for name in named])]


def described(goods: Goods, item_ids: np.ndarray) -> sparse.csr_matrix:
    """What each item is, as a row of length 1: its kinds, name, brand and price; see ``content``."""
    table = pl.DataFrame(
        {
            "item": item_ids.astype(str),
            "name": goods.names,
            "price": pl.Series(goods.price).fill_nan(None),
            **{
                level: _words(getattr(goods, level), getattr(goods, f"{level}_names"))
                for level in ("family", "kind", "brand")
            },
        }
    )
    return descriptions(table, path=("family", "kind")).of(item_ids.astype(str))


def _words(codes: np.ndarray, names: np.ndarray) -> list[str | None]:
    return [None if code < 0 else str(names[code]) for code in codes]
