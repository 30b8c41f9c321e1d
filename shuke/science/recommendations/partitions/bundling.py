"""A bundle out of a lake that is never held in one place: what is learned of items, and lists made part by part.

It has the parts of every bundle and is opened and served like one.  Its strategies are those that need no more than one
member's lines and something about items: frequency, item neighbours, ALS; discoveries are the item neighbours' new
items.  Scores are not made into chances: nobody's latest basket was held back.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import nullcontext
from dataclasses import asdict, dataclass
from datetime import date
from types import MappingProxyType
from typing import Protocol

import numpy as np
import pyarrow as pa
from ibis.expr import types as ir

from shuke.science.recommendations.bundle_fitting import FitSettings, Step, described
from shuke.science.recommendations.bundle_parts import offered, popular_of, rows_of
from shuke.science.recommendations.bundles import Bundle, Goods
from shuke.science.recommendations.factorisation import Als
from shuke.science.recommendations.frequency import PersonalFrequency
from shuke.science.recommendations.histories import DAY
from shuke.science.recommendations.item_knn import ItemKnn
from shuke.science.recommendations.linear import largest_of_rows
from shuke.science.recommendations.partitions.coding import CodedLines, als_ratings
from shuke.science.recommendations.partitions.items import ItemFacts, blended
from shuke.science.recommendations.partitions.joins import Caps, Kernel, Mapped, complements, tastes
from shuke.science.recommendations.partitions.members import (
    FactorLists,
    FrequencyOfPart,
    MemberLists,
    PartModel,
    ProductOfPart,
    gathered,
    gathered_numbers,
    gathered_purchases,
    part_history,
)
from shuke.science.recommendations.repeats.ranker import FILL
from shuke.science.recommendations.strategies import Lists

#: What is fitted, the cheapest first, as ``bundle_fitting.ALL``.
STRATEGIES = ("popularity", "personal-frequency", "item-knn-tf-idf", "als")
STEPS = ("complements", "tastes", "members", "als", "popularity")
#: So many tastes are kept of each item for each neighbour wanted, before what items are joins in.
TASTES = 4


class MemberFactors(Protocol):
    """Factors of items here, of members where they were made."""

    @property
    def items(self) -> np.ndarray:
        """Float32, items × factors."""
        ...

    @property
    def members(self) -> ir.Table:
        """``member, factors``."""
        ...


class Machines(Protocol):
    """Where the lines lie: it runs kernels over partitions, and factorises."""

    def mapped(self, rows: ir.Table, kernel: Kernel, *, by: str, schema: pa.Schema) -> pa.Table:
        """See ``Mapped``."""
        ...

    def factorised(self, ratings: ir.Table, *, items: int, seed: int) -> MemberFactors:
        """Implicit ALS of ``member, item, rating``: confidence 1 + rating."""
        ...


@dataclass(frozen=True, eq=False)
class PartFacts:
    """What a bundle is made of.  ``goods``: of each item; ``segment``: int32 of each member, -1 for none."""

    coded: CodedLines
    goods: Goods
    segment: np.ndarray
    segment_names: np.ndarray


def item_facts(coded: CodedLines, *, mapped: Mapped) -> tuple[np.ndarray, np.ndarray]:
    """Usual price and median days between purchases, float32 of each item, NaN where unknown; see ``bundles.Goods``."""
    kernel = ItemFacts(coded.end // DAY, coded.time_zone)
    found = mapped(coded.inside, kernel, by="item", schema=kernel.schema)
    both = np.full((2, coded.items), np.nan, dtype=np.float32)
    for row, name in enumerate(("price", "cycle")):
        both[row, found["item"].to_numpy()] = found[name].to_numpy()
    return both[0], both[1]


def bundle_of_parts(
    facts: PartFacts,
    machines: Machines,
    *,
    settings: FitSettings,
    caps: Caps,
    bundle_id: str,
    as_of: date,
    step: Step = nullcontext,
) -> Bundle:
    """Everything of one day.  The same lake, settings and caps give the same bundle, but for ALS's last digits.

    ``manifest``: beside what every bundle says, ``caps``.
    """
    coded, depth = facts.coded, settings.depth
    with step("complements"):
        together = complements(
            coded, mapped=machines.mapped, caps=caps, neighbours=settings.neighbours, least=5.0
        )
    with step("tastes"):
        alike = tastes(coded, mapped=machines.mapped, caps=caps, neighbours=TASTES * settings.neighbours)
        similar = blended(
            described(facts.goods, coded.item_ids), alike, coded.ties, depth=settings.neighbours
        )
        product = ProductOfPart(largest_of_rows(alike, ItemKnn().neighbours).T.tocsr())
    with step("members"):
        kernel = _kernel(coded, product, depth=depth, at=_noon_after(as_of))
        found = machines.mapped(coded.lines, kernel, by="member", schema=kernel.schema)
        lists = {name: gathered(found, name, members=coded.members, depth=depth) for name in kernel.models}
    with step("als"):
        factors, lists["als"] = _als(coded, machines, settings)
    with step("popularity"):
        popular = _popular(facts, depth=depth)
    return Bundle(
        id=bundle_id,
        as_of=as_of,
        member_ids=coded.member_ids,
        item_ids=coded.item_ids,
        baskets=gathered_numbers(found, "baskets", members=coded.members, nothing=0),
        goods=facts.goods,
        purchases=gathered_purchases(found, members=coded.members),
        lists=MappingProxyType({name: offered(mine, above=float(FILL)) for name, mine in lists.items()}),
        neighbours=MappingProxyType(
            {
                "similar": offered(similar),
                "complements": rows_of(together, coded.ties, depth=settings.neighbours),
            }
        ),
        popular=popular,
        store_ids=np.empty(0, dtype="U1") if coded.store_ids is None else coded.store_ids,
        member_store=gathered_numbers(found, "store", members=coded.members, nothing=-1),
        segment_names=facts.segment_names,
        member_segment=facts.segment,
        factors=factors,
        manifest=MappingProxyType(_said(coded, caps)),
    )


def _said(coded: CodedLines, caps: Caps) -> dict[str, object]:
    return {
        "figures": {},
        "asked_members": 0,
        "metric": "nDCG@10",
        "best": PersonalFrequency().name,
        "calibrated": False,
        "baskets": coded.baskets,
        "lines": int(coded.item_baskets.sum()),
        "caps": asdict(caps),
    }


def _noon_after(as_of: date) -> int:
    """µs: when lists are made for, as on one machine."""
    return ((as_of - date(1970, 1, 1)).days + 1) * DAY + DAY // 2


def _kernel(coded: CodedLines, product: ProductOfPart, *, depth: int, at: int) -> MemberLists:
    frequency = PersonalFrequency()
    models: dict[str, PartModel] = {
        frequency.name: FrequencyOfPart(frequency, coded.recent, coded.end),
        ItemKnn().name: product,
        "discovery": product,
    }
    return MemberLists(
        models, coded.ties, at, depth, coded.time_zone, frozenset({"discovery"}), coded.store_ids
    )


def _als(coded: CodedLines, machines: Machines, settings: FitSettings) -> tuple[np.ndarray, Lists]:
    ratings = als_ratings(coded.inside, alpha=Als().alpha)
    fitted = machines.factorised(ratings, items=coded.items, seed=settings.seed)
    kernel = FactorLists("als", fitted.items, coded.ties, settings.depth)
    found = machines.mapped(fitted.members, kernel, by="member", schema=kernel.schema)
    return fitted.items, gathered(found, "als", members=coded.members, depth=settings.depth)


def _popular(facts: PartFacts, *, depth: int) -> Mapping[str, Lists]:
    """Of the last 28 days, which come home whole."""
    coded = facts.coded
    rows: pa.Table = coded.lines.filter(coded.lines.placed >= coded.since).to_pyarrow()
    recent = part_history(rows, items=coded.items, time_zone=coded.time_zone, store_ids=coded.store_ids)
    segment = facts.segment[recent.member_ids.astype(np.int64)]
    return popular_of(recent, segment=segment, segment_names=facts.segment_names, depth=depth)
