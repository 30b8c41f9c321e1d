"""What of the range is shown: every member's list from the served bundle, counted by product."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from weakref import WeakKeyDictionary

import ibis
import numpy as np
import polars as pl
from django.utils.translation import gettext_lazy as _

from shuke.apps.recommendations.queries.current import current_surroundings
from shuke.apps.recommendations.queries.serving import recommend_many
from shuke.apps.recommendations.queries.serving.plans import plan_of
from shuke.apps.recommendations.queries.slots import slot as slot_of
from shuke.apps.recommendations.queries.slots import slots
from shuke.apps.recommendations.schemas import SlotView
from shuke.apps.recommendations.schemas.coverage import (
    CoverageGroup,
    CoverageItem,
    CoverageReason,
    CoverageThird,
    CoverageView,
)
from shuke.platform.errors import NotFound
from shuke.platform.warehouse import lake
from shuke.science.recommendations.bundles import Bundle
from shuke.science.recommendations.catalogue_metrics import gini
from shuke.science.recommendations.coverage import lorenz, shown_counts, sums_of, thirds
from shuke.science.recommendations.histories import numbers_of

PLACES = 10
#: Members whose lists are looked at: of a strategy's stored lists, and of a slot's, which are made anew by its rules.
MEMBERS, ANSWERED = 50_000, 5_000
NEW_DAYS = 28
LISTED = 15
GROUPS = 20
#: What products can be counted by.
BY = ("department", "family", "kind")
REASONS = ("shown", "outranked", "barred", "age", "inactive", "few", "left_out", "unsold")


@dataclass(frozen=True, eq=False)
class _Lists:
    """``items``: int32, lists × places.  ``new_to_member``: part of the places.  ``reason``: code of each item that
    may not stand on a list, empty for the others."""

    items: np.ndarray
    new_to_member: float | None
    reason: np.ndarray


@dataclass(frozen=True, eq=False)
class _Range:
    """The range of the lake: how many are sold today, how many the bundle does not know by reason, what is new."""

    active: int
    unknown: Mapping[str, int]
    is_new: np.ndarray
    new_products: int


_kept: WeakKeyDictionary[Bundle, dict[tuple[Any, ...], CoverageView]] = WeakKeyDictionary()
_ranges: WeakKeyDictionary[Bundle, _Range] = WeakKeyDictionary()


def coverage_choices(bundle: Bundle) -> list[str]:
    """What can be looked at: slots for members, live ones first, then the strategies of the bundle."""
    of_slots = [f"slot:{view.code}" for view in slots() if view.about == "member"]
    names = [*sorted(bundle.lists), *sorted(bundle.neighbours)]
    return [*of_slots, *(f"strategy:{name}" for name in names)]


def default_choice(bundle: Bundle) -> str:
    """The first live slot for members, else the strategy that the bundle calls the house's best."""
    live = next((view.code for view in slots() if view.about == "member" and view.state == "live"), None)
    if live is not None:
        return f"slot:{live}"
    best = str(bundle.manifest.get("best", ""))
    return f"strategy:{best}" if best in bundle.lists else coverage_choices(bundle)[0]


def coverage(bundle: Bundle, *, of: str, at: datetime, by: str = "department") -> CoverageView:
    """What the lists of all members show of the range; made once for a bundle and a version of the slot.

    Raises ``NotFound`` for a slot or a strategy that there is not.
    """
    kind, _colon, name = of.partition(":")
    slot = slot_of(name) if kind == "slot" else None
    if slot is None and (kind != "strategy" or name not in {*bundle.lists, *bundle.neighbours}):
        raise NotFound(
            "coverage_not_found", _("There is no such slot and no such strategy."), {"of": of[:60]}
        )
    key = (of, slot.version if slot else 0, by)
    kept = _kept.setdefault(bundle, {})
    if key not in kept:
        kept[key] = _view(bundle, of=of, by=by if by in BY else BY[0], slot=slot, name=name, at=at)
    return kept[key]


def _view(
    bundle: Bundle, *, of: str, by: str, slot: SlotView | None, name: str, at: datetime
) -> CoverageView:
    lists = _of_slot(bundle, slot, at=at) if slot else _of_strategy(bundle, name)
    whole = _range(bundle)
    count = len(bundle.item_ids)
    shown = shown_counts(lists.items, count)
    sold = sales(bundle)
    reason = np.where(shown > 0, "shown", np.where(lists.reason == "", "outranked", lists.reason))
    told = _Told(bundle, shown, sold, reason)
    return CoverageView(
        bundle_id=bundle.id,
        as_of=bundle.as_of,
        of=of,
        lists=len(lists.items),
        places=lists.items.shape[1],
        range_products=whole.active,
        vocabulary=count,
        shown=int((shown > 0).sum()),
        gini_shown=round(gini(shown), 4) if shown.sum() else None,
        gini_sold=round(gini(sold), 4) if sold.sum() else None,
        lorenz_shown=_curve(shown),
        lorenz_sold=_curve(sold),
        new_to_member=lists.new_to_member,
        new_products=whole.new_products,
        new_shown=int((shown[whole.is_new] > 0).sum()),
        new_place_share=told.part(shown[whole.is_new].sum(), shown),
        by=by,
        groups=told.groups(by),
        reasons=_reasons(reason, whole),
        thirds=told.thirds(),
        most_shown=told.items(np.argsort(-shown, kind="stable")[:LISTED], least=1),
        never_shown=told.items(_most_sold_unseen(shown, sold)),
    )


def sales(bundle: Bundle) -> np.ndarray:
    """int64 of each item: baskets that it was in."""
    counted = np.bincount(
        bundle.purchases.item, weights=bundle.purchases.count, minlength=len(bundle.item_ids)
    )
    return counted.astype(np.int64)


def _of_strategy(bundle: Bundle, name: str) -> _Lists:
    """The stored lists of members evenly chosen, or those of all products."""
    inactive = ~np.asarray(bundle.goods.is_active)
    reason = np.where(inactive, "inactive", "").astype("U10")
    if name in bundle.neighbours:
        return _Lists(np.asarray(bundle.neighbours[name].items[:, :PLACES]), None, reason)
    members = _evenly(len(bundle.member_ids), MEMBERS)
    items = np.asarray(bundle.lists[name].items[members, :PLACES])
    return _Lists(items, _new_share(bundle, members, items), reason)


def _of_slot(bundle: Bundle, slot: SlotView, *, at: datetime) -> _Lists:
    """The slot's own answers, by its rules, stock and ages; nothing is noted as an exposure."""
    members = _evenly(len(bundle.member_ids), ANSWERED)
    answers = recommend_many(
        slot,
        [str(member) for member in bundle.member_ids[members]],
        bundle=bundle,
        at=at,
        with_reasons=False,
        around=current_surroundings([slot], at=at),
    )
    items = np.full((len(members), slot.places), -1, dtype=np.int32)
    for row, answer in enumerate(answers):
        found = bundle.item_numbers([item.product_id for item in answer.items])
        items[row, : len(found)] = found
    plan = plan_of(slot, bundle)
    inactive = ~np.asarray(bundle.goods.is_active)
    reason = np.where(plan.minimum_age > 0, "age", "").astype("U10")
    reason[plan.barred] = "barred"
    reason[inactive] = "inactive"
    return _Lists(items, _new_share(bundle, members, items), reason)


def _evenly(count: int, most: int) -> np.ndarray:
    return np.unique(np.linspace(0, max(count - 1, 0), min(count, most)).astype(np.int64))


def _new_share(bundle: Bundle, members: np.ndarray, items: np.ndarray) -> float | None:
    """Part of the places with an item that the member had not bought."""
    held = items >= 0
    if not held.any():
        return None
    width = np.int64(len(bundle.item_ids))
    rows = bundle.purchases.rows
    lengths = rows[members + 1] - rows[members]
    own = np.concatenate([bundle.purchases.item[rows[m] : rows[m + 1]] for m in members])
    bought = np.repeat(members, lengths) * width + own
    asked = (members[:, None] * width + items)[held]
    # What members bought lies sorted by member and item, so every question is one search.
    places = np.minimum(np.searchsorted(bought, asked), max(len(bought) - 1, 0))
    had = bought[places] == asked if len(bought) else np.zeros(len(asked), dtype=bool)
    return round(float(1 - had.mean()), 6)


def _range(bundle: Bundle) -> _Range:
    """Read once for a bundle."""
    if bundle not in _ranges:
        _ranges[bundle] = _read_range(bundle)
    return _ranges[bundle]


def _read_range(bundle: Bundle) -> _Range:
    with lake().read() as snapshot:
        lines = snapshot.table("order_lines")
        lines = lines.filter(lines.local_date <= ibis.literal(bundle.as_of))
        first = lines.group_by("product_id").agg(first=lines.local_date.min())
        products = snapshot.table("products")
        named = products.left_join(first, "product_id").select(
            "product_id", "department", "is_active", first=first["first"]
        )
        rows = pl.DataFrame(named.to_polars()).unique("product_id", keep="first")
    known = bundle.item_numbers(rows["product_id"].to_list()) >= 0
    left_out = _left_out(bundle)
    is_left_out = rows["department"].is_in(left_out).fill_null(value=False).to_numpy()
    is_active, is_sold = rows["is_active"].to_numpy(), rows["first"].is_not_null().to_numpy()
    since = bundle.as_of - timedelta(days=NEW_DAYS - 1)
    new = rows.filter(pl.col("first") >= since)["product_id"].to_numpy().astype(str)
    outside = is_active & ~known
    return _Range(
        active=int(is_active.sum()),
        unknown={
            "left_out": int((outside & is_left_out).sum()),
            "few": int((outside & ~is_left_out & is_sold).sum()),
            "unsold": int((outside & ~is_left_out & ~is_sold).sum()),
        },
        is_new=numbers_of(np.sort(new), np.asarray(bundle.item_ids).astype(str)) >= 0,
        new_products=len(new),
    )


def _left_out(bundle: Bundle) -> list[str]:
    parameters: Any = bundle.manifest.get("parameters", {})
    return list(parameters.get("left_out_departments", []))


def _reasons(reason: np.ndarray, whole: _Range) -> list[CoverageReason]:
    counted = {code: int((reason == code).sum()) for code in REASONS} | dict(whole.unknown)
    return [CoverageReason(code=code, products=counted[code]) for code in REASONS if counted[code]]


def _most_sold_unseen(shown: np.ndarray, sold: np.ndarray) -> np.ndarray:
    unseen = np.flatnonzero(shown == 0)
    return unseen[np.argsort(-sold[unseen], kind="stable")][:LISTED]


def _curve(counts: np.ndarray) -> list[float]:
    found = lorenz(counts)
    return [] if np.isnan(found).any() else [round(float(part), 5) for part in found]


@dataclass(frozen=True, eq=False)
class _Told:
    """The counts of each item, told by group and by name."""

    bundle: Bundle
    shown: np.ndarray
    sold: np.ndarray
    reason: np.ndarray

    def part(self, some: float, of: np.ndarray) -> float:
        """Share of all."""
        return round(float(some) / max(float(of.sum()), 1.0), 6)

    def groups(self, by: str) -> list[CoverageGroup]:
        """By department, family or kind: the most bought, and those without a name as the empty one."""
        codes, names = getattr(self.bundle.goods, by), getattr(self.bundle.goods, f"{by}_names")
        count = len(names)
        products, shown, places, sold = (
            sums_of(codes, values.astype(np.float64), count=count)
            for values in (np.ones(len(codes)), self.shown > 0, self.shown, self.sold)
        )
        order = [number for number in np.argsort(-sold, kind="stable")[:GROUPS] if products[number]]
        return [
            CoverageGroup(
                name=str(names[number]) if number < count else "",
                products=int(products[number]),
                shown=int(shown[number]),
                place_share=self.part(places[number], self.shown),
                sales_share=self.part(sold[number], self.sold),
            )
            for number in order
        ]

    def thirds(self) -> list[CoverageThird]:
        """Best sellers, the middle and the long tail."""
        place = thirds(self.sold)
        return [
            CoverageThird(
                name=name,
                products=int((place == number).sum()),
                shown=int(((place == number) & (self.shown > 0)).sum()),
                place_share=self.part(self.shown[place == number].sum(), self.shown),
                sales_share=self.part(self.sold[place == number].sum(), self.sold),
            )
            for number, name in enumerate(("head", "middle", "tail"))
        ]

    def items(self, numbers: np.ndarray, *, least: int = 0) -> list[CoverageItem]:
        """Products by their numbers, those on fewer lists left out."""
        goods = self.bundle.goods
        return [
            CoverageItem(
                product_id=str(self.bundle.item_ids[number]),
                name=str(goods.names[number]),
                department=str(goods.department_names[goods.department[number]])
                if goods.department[number] >= 0
                else "",
                lists=int(self.shown[number]),
                place_share=self.part(self.shown[number], self.shown),
                sales_share=self.part(self.sold[number], self.sold),
                reason=str(self.reason[number]),
            )
            for number in numbers.tolist()
            if self.shown[number] >= least
        ]
