"""One answer of a slot: the ladder's candidates, the rules of the house, reasons in words."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

import numpy as np

from shuke.apps.recommendations.queries.serving.finding import DEPTH, Question
from shuke.apps.recommendations.queries.serving.numbers import numbers
from shuke.apps.recommendations.queries.serving.own import Own
from shuke.apps.recommendations.queries.serving.plans import Plan, not_in_store, out_of_stock, plan_of
from shuke.apps.recommendations.queries.serving.reasons import PINNED, reasons
from shuke.apps.recommendations.queries.serving.surroundings import NOTHING_KNOWN, Surroundings
from shuke.apps.recommendations.queries.serving.tried_products import Drawn, context_of, drawn_products
from shuke.apps.recommendations.rules.choosing import Chosen, choose
from shuke.apps.recommendations.rules.strategies import POPULAR_BANDIT, tries_products
from shuke.apps.recommendations.schemas import Answer, Asked, RecommendedItem, SlotView
from shuke.platform.ids import new_ids
from shuke.science.recommendations.bundles import Bundle
from shuke.science.recommendations.reranking import (
    Candidates,
    Ranked,
    Shown,
    candidates,
    filtered,
    rerank,
)

#: Why an answer is empty: nothing was fitted yet, or the filters left nothing of the whole catalogue.
NO_BUNDLE, NOTHING_LEFT = "no_bundle", "nothing_left"
EPOCH = date(1970, 1, 1)
ADMITTED = 0.5


def recommend(
    asked: Asked,
    *,
    slot: SlotView,
    bundle: Bundle | None,
    rng: np.random.Generator,
    arm: str = "",
    around: Surroundings = NOTHING_KNOWN,
) -> Answer:
    """The answer of a slot, from memory alone; the same question, bundle and generator give the same items.

    ``arm`` forces one (previews).  Always answers: see docs/algorithms/serving.md for the ladder.
    """
    chosen = choose(
        slot,
        who=asked.member_id or asked.anonymous_id,
        posteriors=around.posteriors.get(slot.code, {}),
        rng=rng,
        arm=arm,
    )
    return answered(asked, slot=slot, bundle=bundle, rng=rng, around=around, chosen=chosen)


def answered(
    asked: Asked,
    *,
    slot: SlotView,
    bundle: Bundle | None,
    rng: np.random.Generator,
    around: Surroundings,
    chosen: Chosen,
    plan: Plan | None = None,
) -> Answer:
    """The same once arm and strategy are chosen; ``plan``: the slot's rules spelled out, if they are at hand."""
    if bundle is None:
        return _answer(asked, slot, None, chosen, fallback=NO_BUNDLE)
    question = Question(asked, plan or plan_of(slot, bundle), bundle)
    if tries_products(slot):
        question = replace(question, drawn=_drawn(question, around=around, rng=rng))
    return _Answering(question, around=around, rng=rng).answer(chosen)


def _drawn(question: Question, *, around: Surroundings, rng: np.random.Generator) -> Drawn | None:
    plan, bundle = question.plan, question.bundle
    return drawn_products(
        plan,
        bundle,
        context=context_of(plan, bundle, store=question.store, segment=question.segment),
        learned=around.products.get(plan.slot.code, {}),
        places=question.asked.places or plan.slot.places,
        rng=rng,
    )


class _Answering:
    """One question on its way."""

    def __init__(self, question: Question, *, around: Surroundings, rng: np.random.Generator) -> None:
        self.question, self.around, self.rng = question, around, rng
        self.asked, self.plan, self.bundle = question.asked, question.plan, question.bundle
        self.today = business_day(question.asked.at, around.zone)
        self.excluded = numbers(self.bundle.item_ids, self.asked.exclude) if self.asked.exclude else None
        self.own = Own(self.bundle, np.array([question.member]))
        self.places = self.asked.places or self.plan.slot.places
        age = around.ages.get(self.asked.member_id) if self.asked.member_id else None
        self.rules = replace(self.plan.rules, places=self.places, age=age)
        self.dropped: dict[int, str] = {}

    def answer(self, chosen: Chosen) -> Answer:
        """Pinned products, then the ladder until every place is filled."""
        pinned = self._pinned()
        found, label, sources = self._gathered(chosen.strategy, taken=pinned)
        room = self.places - len(pinned)
        ranked = self._ranked(found, room=room, sources=sources) if room and len(found) else None
        shown = [Shown(item, 1.0) for item in pinned] + list(ranked.shown if ranked else ())
        self.dropped |= {item: str(reason) for item, reason in (ranked.dropped if ranked else {}).items()}
        items = self._items(shown, pinned=len(pinned), sources=sources)
        fallback = label if shown else NOTHING_LEFT
        dropped = {str(self.bundle.item_ids[item]): reason for item, reason in self.dropped.items()}
        return replace(
            _answer(self.asked, self.plan.slot, self.bundle, chosen, fallback=fallback),
            items=tuple(items),
            dropped=dropped,
            context=self._context(fallback or chosen.strategy),
        )

    def _ranked(self, found: Candidates, *, room: int, sources: dict[int, str]) -> Ranked:
        """The list by the rules; one of tried products alone as it was drawn, so that its chances hold."""
        drawn = self.question.drawn
        if drawn is None or set(sources.values()) != {POPULAR_BANDIT}:
            return rerank(found, replace(self.rules, places=room), rng=self.rng)
        dropped = filtered(found, self.rules)
        shown = drawn.shown(found, dropped, places=room)
        return Ranked(shown, {int(found.item[place]): reason for place, reason in dropped.items()})

    def _context(self, step: str) -> str:
        drawn = self.question.drawn
        return drawn.tried.context if drawn is not None and step == POPULAR_BANDIT else ""

    def _pinned(self) -> list[int]:
        """Pinned products that may be shown, in their order: people decide over habits, not over law and stock."""
        pinned = self.plan.pinned
        if not len(pinned):
            return []
        found = self._candidates(pinned.astype(np.int32), np.ones(len(pinned)))
        gone = filtered(found, replace(self.rules, rest=0.0))
        self.dropped |= {int(pinned[place]): str(reason) for place, reason in gone.items()}
        return [int(item) for place, item in enumerate(pinned) if place not in gone][: self.places]

    def _gathered(self, strategy: str, *, taken: list[int]) -> tuple[Candidates, str, dict[int, str]]:
        """Candidates of as many steps as fill the places, each step's below those before it; the step that gave the
        first; which strategy brought which."""
        items, scores = np.array(taken, dtype=np.int32), np.empty(0)
        label, sources, lowest, room = None, {}, 1.0, self.places - len(taken)
        parts: list[tuple[np.ndarray, np.ndarray]] = []
        for step in self.question.steps(strategy) if room > 0 else ():
            new = ~np.isin(step.items, items) if len(items) else np.ones(len(step.items), dtype=bool)
            fresh, score = step.items[new][:DEPTH], step.scores[new][:DEPTH]
            if not len(fresh):
                continue
            found = self._candidates(fresh, score)
            passing = len(fresh) - len(filtered(found, self.rules))
            if parts:
                score = score * (ADMITTED * lowest / score.max())
            lowest = float(score.min())
            parts.append((fresh, score))
            items = np.concatenate((items, fresh))
            sources.update(dict.fromkeys(fresh.tolist(), step.source))
            label = step.label if label is None and passing else label
            room -= passing
            if room <= 0:
                break
        if not parts:
            return self._candidates(items[:0], scores), label or "", sources
        if len(parts) == 1:
            return found, label or "", sources
        joined = self._candidates(
            np.concatenate([p[0] for p in parts]), np.concatenate([p[1] for p in parts])
        )
        return joined, label or "", sources

    def _candidates(self, items: np.ndarray, scores: np.ndarray) -> Candidates:
        """The candidates with all that the rules ask of them."""
        goods, store = self.bundle.goods, self.question.store
        known = {
            "kind": goods.kind[items],
            "family": goods.family[items],
            "margin": goods.margin[items].astype(np.float64),
            "cycle": goods.cycle[items],
            "days_since": self.own.days_since(np.zeros(len(items), dtype=np.int64), items, today=self.today),
            "minimum_age": self.plan.minimum_age[items],
            "barred": self.plan.barred[items],
        }
        if self.excluded is not None:
            known["barred"] = known["barred"] | np.isin(items, self.excluded)
        if len(self.question.basket):
            known["in_basket"] = np.isin(items, self.question.basket)
        if self.plan.slot.rules.only_in_stock:
            known["in_stock"] = ~out_of_stock(self.around.stock, self.bundle)[items]
            missing = not_in_store(self.around.stock, self.bundle, store) if store else None
            if missing is not None:
                known["in_store"] = ~missing[items]
        return candidates(items, scores, **known)

    def _items(
        self, shown: Sequence[Shown], *, pinned: int, sources: dict[int, str]
    ) -> list[RecommendedItem]:
        items = np.array([place.item for place in shown], dtype=np.int64)
        brought = [sources.get(place.item, PINNED) for place in shown]
        rows = self.own.row_of(np.zeros(len(items), dtype=np.int64), items)
        is_known = self.question.member >= 0
        return [
            RecommendedItem(
                product_id=product_id,
                name=name,
                place=place,
                score=found.score,
                source=source,
                reason=reason,
                moved=(PINNED,) if place <= pinned else tuple(map(str, found.moved)),
                is_new=is_known and row < 0,
                propensity=found.propensity,
            )
            for place, (product_id, name, found, source, reason, row) in enumerate(
                zip(
                    self.bundle.item_ids[items].tolist(),
                    self.bundle.goods.names[items].tolist(),
                    shown,
                    brought,
                    self._reasons(items, brought),
                    rows.tolist(),
                    strict=True,
                ),
                start=1,
            )
        ]

    def _reasons(self, items: np.ndarray, sources: Sequence[str]) -> list[str]:
        if not self.asked.with_reasons:
            return [""] * len(items)
        return reasons(
            self.own,
            np.zeros(len(items), dtype=np.int64),
            items,
            sources=sources,
            today=self.today,
            language=self.asked.language,
            basket=self.question.basket,
        )


def business_day(at: datetime, zone: str) -> int:
    """The business day of a moment, in days since 1970."""
    return (at.astimezone(_zone(zone)).date() - EPOCH).days


@lru_cache(maxsize=8)
def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)


def _answer(asked: Asked, slot: SlotView, bundle: Bundle | None, chosen: Chosen, *, fallback: str) -> Answer:
    return Answer(
        slot=asked.slot or slot.code,
        list_id=new_ids("lst", 1)[0],
        bundle_id=bundle.id if bundle else "",
        as_of=bundle.as_of if bundle else None,
        arm=chosen.arm,
        strategy=chosen.strategy,
        fallback=fallback,
        items=(),
        experiment_id=slot.experiment_id,
        strategy_chance=chosen.chance,
        slot_version=slot.version,
    )
