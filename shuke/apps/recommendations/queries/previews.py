"""A slot's answer with everything that explains it.  Nothing is written: a preview is no exposure."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from shuke.apps.recommendations.queries.serving import NOTHING_KNOWN, Surroundings, recommend
from shuke.apps.recommendations.queries.serving.answering import answered
from shuke.apps.recommendations.queries.serving.plans import plan_of, with_boosts
from shuke.apps.recommendations.queries.shelves import product_names
from shuke.apps.recommendations.rules.choosing import Chosen
from shuke.apps.recommendations.schemas import Answer, Asked, BoostInput, RecommendedItem, SlotView
from shuke.apps.recommendations.schemas.previews import BoostCost, DroppedItem, Preview, PreviewItem
from shuke.science.recommendations.bundles import Bundle

#: What was taken away is listed up to here; all of it is counted.
DROPPED = 30
#: One generator for every preview, so that a list changes only with what was changed.
SEED = 6


def preview(
    asked: Asked,
    *,
    slot: SlotView,
    bundle: Bundle,
    arm: str = "",
    around: Surroundings = NOTHING_KNOWN,
) -> Preview:
    """The list that the slot would answer with; ``arm`` forces one, else it is the member's own."""
    answer = _answer(asked, slot, bundle, arm=arm, around=around)
    pinned = set(slot.rules.pinned_products)
    names = product_names(list(answer.dropped)[:DROPPED])
    return Preview(
        bundle_id=answer.bundle_id,
        as_of=answer.as_of,
        arm=answer.arm,
        strategy=answer.strategy,
        strategy_chance=answer.strategy_chance,
        fallback=answer.fallback,
        items=[_shown(item, bundle, is_pinned=item.product_id in pinned) for item in answer.items],
        dropped=[
            DroppedItem(product_id=product, name=names.get(product, product), reason=reason)
            for product, reason in list(answer.dropped.items())[:DROPPED]
        ],
        dropped_count=len(answer.dropped),
        costs=_costs(asked, slot, bundle, strategy_of=answer, around=around),
    )


def _answer(asked: Asked, slot: SlotView, bundle: Bundle, *, arm: str, around: Surroundings) -> Answer:
    rng = np.random.default_rng(SEED)
    return recommend(asked, slot=slot, bundle=bundle, rng=rng, arm=arm, around=around)


def _shown(item: RecommendedItem, bundle: Bundle, *, is_pinned: bool) -> PreviewItem:
    number = int(bundle.item_numbers([item.product_id])[0])
    price = float(bundle.goods.price[number]) if number >= 0 else math.nan
    kind = int(bundle.goods.kind[number]) if number >= 0 else -1
    return PreviewItem(
        place=item.place,
        product_id=item.product_id,
        name=item.name,
        kind=str(bundle.goods.kind_names[kind]) if kind >= 0 else "",
        price_minor=round(price) if math.isfinite(price) else None,
        score=item.score,
        source=item.source,
        reason=item.reason,
        moved=list(item.moved),
        is_new=item.is_new,
        is_pinned=is_pinned,
        is_explored="exploration" in item.moved,
        chance=item.propensity,
    )


def _costs(
    asked: Asked, slot: SlotView, bundle: Bundle, *, strategy_of: Answer, around: Surroundings
) -> list[BoostCost]:
    """Each boost alone against the list without any, as ``science.recommendations.reranking.costs_of_boosts``.

    Asked of the slot itself, so that pinned products and the ladder take their places first.
    """
    if not slot.rules.boosts:
        return []
    quiet, plan = replace(asked, with_reasons=False), plan_of(slot, bundle)
    chosen = Chosen(strategy_of.arm, strategy_of.strategy)

    def listed(boosts: Sequence[BoostInput]) -> list[tuple[str, float]]:
        items = answered(
            quiet,
            slot=slot,
            bundle=bundle,
            rng=np.random.default_rng(SEED),
            around=around,
            chosen=chosen,
            plan=with_boosts(plan, {boost.name for boost in boosts}),
        ).items
        factor = boosts[0].percent / 100 if boosts else 1.0
        return [(item.product_id, item.score / (factor if "boost" in item.moved else 1.0)) for item in items]

    without = listed([])
    worth = _worth(without)
    costs = []
    for boost in slot.rules.boosts:
        boosted = listed([boost])
        lost = 1 - _worth(boosted) / worth if worth else 0.0
        changed = sum(one[0] != other[0] for one, other in zip(boosted, without, strict=False))
        costs.append(BoostCost(boost=boost.name, relevance_percent=100 * lost, places=changed))
    return costs


def _worth(items: Sequence[tuple[str, float]]) -> float:
    """Scores before any boost, each discounted by its place."""
    return sum(score / math.log2(place + 2) for place, (_product, score) in enumerate(items))
