"""Answers for many members at once: the same lists as one by one, in whole-array steps."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import islice

import numpy as np

from shuke.apps.recommendations.queries.serving.answering import answered, business_day, recommend
from shuke.apps.recommendations.queries.serving.finding import DEPTH
from shuke.apps.recommendations.queries.serving.numbers import numbers
from shuke.apps.recommendations.queries.serving.own import Own
from shuke.apps.recommendations.queries.serving.plans import Plan, not_in_store, out_of_stock, plan_of
from shuke.apps.recommendations.queries.serving.reasons import reasons
from shuke.apps.recommendations.queries.serving.surroundings import NOTHING_KNOWN, Surroundings
from shuke.apps.recommendations.rules.choosing import Chosen, choose
from shuke.apps.recommendations.rules.strategies import SET_BY_PEOPLE
from shuke.apps.recommendations.schemas import Answer, Asked, RecommendedItem, SlotView
from shuke.platform.ids import new_ids
from shuke.science.recommendations.bundles import Bundle
from shuke.science.recommendations.reranking_rows import BITS, Placed, Rows, rerank_rows

#: Members that are answered for together: their candidates fit into the processor's cache.
CHUNK = 256
#: Names of the rules for every sum of bits.
MOVED = tuple(tuple(sorted(str(reason) for reason, bit in BITS.items() if bits & bit)) for bits in range(32))
EMPTY = np.empty(0, dtype=np.int32)


@dataclass(frozen=True)
class _Wanted:
    """What is the same for all members of a call."""

    slot: SlotView
    bundle: Bundle
    plan: Plan
    asked: Asked
    around: Surroundings
    seed: int


def recommend_many(
    slot: SlotView,
    member_ids: Sequence[str],
    *,
    bundle: Bundle | None,
    at: datetime,
    language: str = "en",
    threads: int = 1,
    places: int = 0,
    with_reasons: bool = True,
    around: Surroundings = NOTHING_KNOWN,
    seed: int = 0,
) -> Iterator[Answer]:
    """An answer for each member, in the order given; from memory alone, and the same whatever ``threads`` is.

    ``seed`` decides what chance decides: bandits and explored places.
    """
    asked = Asked(slot.code, at, places=places, language=language, with_reasons=with_reasons)
    if bundle is None:
        rng = np.random.default_rng(seed)
        for member_id in member_ids:
            question = replace(asked, member_id=member_id)
            yield recommend(question, slot=slot, bundle=None, rng=rng, around=around)
        return
    wanted = _Wanted(slot, bundle, plan_of(slot, bundle), asked, around, seed)
    starts = range(0, len(member_ids), CHUNK)
    parts = ((start, member_ids[start : start + CHUNK]) for start in starts)
    if threads <= 1:
        for start, part in parts:
            yield from _part(wanted, part, start=start)
        return
    with ThreadPoolExecutor(threads) as pool:
        # A few parts ahead of the reader, so that a million members never lie in memory at once.
        running = [
            pool.submit(_part, wanted, part, start=start) for start, part in islice(parts, 2 * threads)
        ]
        while running:
            yield from running.pop(0).result()
            running += [pool.submit(_part, wanted, part, start=start) for start, part in islice(parts, 1)]


def _part(wanted: _Wanted, member_ids: Sequence[str], *, start: int) -> list[Answer]:
    """The members that the arm's own strategy fills, together; the others one by one."""
    rng = np.random.default_rng((wanted.seed, start))
    given = wanted.around.posteriors.get(wanted.slot.code, {})
    chosen = [choose(wanted.slot, who=member, posteriors=given, rng=rng) for member in member_ids]
    found: dict[int, Answer | None] = {}
    members = numbers(wanted.bundle.member_ids, member_ids)
    for strategy in sorted({each.strategy for each in chosen}):
        mine = [n for n, each in enumerate(chosen) if each.strategy == strategy and members[n] >= 0]
        if mine and _is_plain(wanted, strategy):
            together = _Together(wanted, strategy, members[mine], [member_ids[n] for n in mine])
            found |= zip(mine, together.answers([chosen[n] for n in mine]), strict=True)
    return [
        found.get(number) or _alone(wanted, member_id, chosen[number], rng)
        for number, member_id in enumerate(member_ids)
    ]


def _is_plain(wanted: _Wanted, strategy: str) -> bool:
    """Whether nothing but a member's own list and the filters is asked for."""
    slot = wanted.slot
    has_extras = slot.rules.explore_percent or len(wanted.plan.pinned) or slot.about == "basket"
    return strategy in wanted.bundle.lists and strategy != SET_BY_PEOPLE and not has_extras


def _alone(wanted: _Wanted, member_id: str, chosen: Chosen, rng: np.random.Generator) -> Answer:
    asked = replace(wanted.asked, member_id=member_id)
    return answered(
        asked, slot=wanted.slot, bundle=wanted.bundle, rng=rng, around=wanted.around, chosen=chosen
    )


class _Together:
    """Members with lists of one strategy."""

    def __init__(
        self, wanted: _Wanted, strategy: str, members: np.ndarray, member_ids: Sequence[str]
    ) -> None:
        self.wanted, self.strategy, self.members, self.member_ids = wanted, strategy, members, member_ids
        self.bundle, self.plan = wanted.bundle, wanted.plan
        self.own = Own(wanted.bundle, members)
        self.today = business_day(wanted.asked.at, wanted.around.zone)
        self.places = wanted.asked.places or wanted.slot.places

    def answers(self, chosen: Sequence[Chosen]) -> list[Answer | None]:
        """An answer each; None for whom the list does not fill every place."""
        rows = self._rows()
        placed = rerank_rows(rows, replace(self.plan.rules, places=self.places))
        is_full = rows.may.sum(axis=1) >= self.places
        items = self._items(rows, placed)
        ids = new_ids("lst", len(chosen))
        slot, bundle = self.wanted.slot, self.bundle
        return [
            Answer(
                slot=slot.code,
                list_id=ids[number],
                bundle_id=bundle.id,
                as_of=bundle.as_of,
                arm=each.arm,
                strategy=each.strategy,
                fallback="",
                items=tuple(items[number * self.places : (number + 1) * self.places]),
                experiment_id=slot.experiment_id,
                strategy_chance=each.chance,
                slot_version=slot.version,
            )
            if is_full[number]
            else None
            for number, each in enumerate(chosen)
        ]

    def _rows(self) -> Rows:
        """The candidates of all members with what the rules ask of them."""
        lists, goods = self.bundle.lists[self.strategy], self.bundle.goods
        item = np.asarray(lists.items[self.members, :DEPTH])
        score = lists.scores[self.members, :DEPTH].astype(np.float64)
        held = item >= 0
        lowest = np.where(held, score, np.inf).min(axis=1, keepdims=True, initial=np.inf)
        score = np.where(lowest > 0, score, 1.0 / np.arange(1, item.shape[1] + 1))
        item = np.where(held, item, 0)
        at = np.broadcast_to(np.arange(len(item))[:, None], item.shape)
        days = self.own.days_since(at, item, today=self.today)
        return Rows(
            item=item,
            score=np.where(held, score, 0.0),
            kind=goods.kind[item],
            family=goods.family[item],
            margin=goods.margin[item],
            is_new=np.isnan(days),
            may=held & self._may(item, days),
        )

    def _may(self, item: np.ndarray, days: np.ndarray) -> np.ndarray:
        """The filters of ``reranking.filtered``."""
        plan, around, rules = self.plan, self.wanted.around, self.plan.rules
        cycle = self.bundle.goods.cycle[item]
        tired = np.isfinite(cycle) & (cycle >= rules.long_cycle) & (days < rules.rest * cycle)
        ages = np.array([around.ages.get(member_id, 0) for member_id in self.member_ids])
        may = ~tired & ~plan.barred[item] & (plan.minimum_age[item] <= ages[:, None])
        if not self.wanted.slot.rules.only_in_stock:
            return may
        may &= ~out_of_stock(around.stock, self.bundle)[item]
        stores = self.bundle.member_store[self.members]
        for store in np.unique(stores[stores >= 0]):
            missing = not_in_store(around.stock, self.bundle, str(self.bundle.store_ids[store]))
            if missing is not None:
                mine = stores == store
                may[mine] &= ~missing[item[mine]]
        return may

    def _items(self, rows: Rows, placed: Placed) -> list[RecommendedItem]:
        """Every place of every list, one list after the other."""
        place = np.maximum(placed.place, 0)
        lists = np.repeat(np.arange(len(place)), place.shape[1])
        item = np.take_along_axis(rows.item, place, axis=1).ravel()
        facts = zip(
            self.bundle.item_ids[item].tolist(),
            self.bundle.goods.names[item].tolist(),
            np.tile(np.arange(1, place.shape[1] + 1), len(place)).tolist(),
            np.take_along_axis(placed.score, place, axis=1).ravel().tolist(),
            self._reasons(lists, item),
            np.take_along_axis(placed.moved, place, axis=1).ravel().tolist(),
            np.take_along_axis(rows.is_new, place, axis=1).ravel().tolist(),
            strict=True,
        )
        source = self.strategy
        return [
            RecommendedItem(product_id, name, rank, score, source, reason, MOVED[moved], is_new)
            for product_id, name, rank, score, reason, moved, is_new in facts
        ]

    def _reasons(self, lists: np.ndarray, items: np.ndarray) -> list[str]:
        asked = self.wanted.asked
        if not asked.with_reasons:
            return [""] * len(items)
        sources = [self.strategy] * len(items)
        return reasons(
            self.own,
            lists,
            items,
            sources=sources,
            today=self.today,
            language=asked.language,
            basket=EMPTY,
        )
