"""What a slot's bandit over products learns: its days are counted from the lake, its beliefs are made of its days
(see ``counted_days``)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

import ibis
import numpy as np
from django.db import transaction
from ibis.expr import types as ir

from shuke.apps.recommendations.models import ProductBanditDay, ProductBelief, Slot
from shuke.apps.recommendations.operations.counted_days import (
    HALF_LIFE_DAYS,
    RECENT_DAYS,
    Counted,
    counted,
    put_in_place,
    slot_to_renew,
)
from shuke.apps.recommendations.queries.slots import slots
from shuke.apps.recommendations.rules.strategies import POPULAR_BANDIT, tries_products
from shuke.lake.reading import Snapshot
from shuke.platform.retailer.queries import retailer
from shuke.platform.warehouse import lake
from shuke.science.recommendations import online
from shuke.science.recommendations.bandit_counts import ItemCount, item_counts, item_delays
from shuke.science.recommendations.item_bandit import fit_places

Days = Mapping[tuple[str, date], Sequence[ItemCount]]


@dataclass(frozen=True)
class LearnedProducts:
    """``lists``: how many lists were counted (again); ``taken``: how many of their products were taken."""

    slot: str
    lists: int
    taken: int


def learn_products(*, at: datetime, days: int = RECENT_DAYS) -> list[LearnedProducts]:
    """Count the last ``days`` business days of every slot that tries out products, and renew what it believes.

    A product of a list is taken if it is clicked, put into the basket or bought within a day.  Slots that are paused
    learn on.
    """
    period = counted(at=at, days=days)
    trying = [view.code for view in slots() if view.state != "draft" and tries_products(view)]
    if not trying:
        return []
    with lake().read() as snapshot:
        found = {
            code: item_counts(_delays(snapshot, code, period=period).to_pyarrow().to_pylist())
            for code in trying
        }
    return [_keep(code, found[code], period=period) for code in trying]


def _delays(snapshot: Snapshot, code: str, *, period: Counted) -> ir.Table:
    rows = snapshot.table("recommendation_lists")
    step = ibis.ifelse(rows.fallback == "", rows.strategy, rows.fallback)
    rows = rows.filter(
        rows.local_month >= period.month,
        rows.local_date >= ibis.literal(period.first),
        rows.slot == code,
        step == POPULAR_BANDIT,
    )
    lists = online.answers(rows, snapshot.table("identity_map"))
    recent = {
        name: snapshot.table(name).filter(lambda table: table.local_month >= period.month)
        for name in ("events", "orders", "order_lines", "refunds")
    }
    facts = online.ListFacts(recommendation_lists=rows, identity_map=snapshot.table("identity_map"), **recent)
    return item_delays(lists, _taken(lists, facts, currency=retailer().currency), at=period.until)


def _taken(lists: ir.Table, facts: online.ListFacts, *, currency: str) -> ir.Table:
    """``list_id, product_id, taken_at``: the first click, basket or purchase within a day."""
    touched = online.touches(lists, facts.events)
    touched = touched.filter(touched.kind != "viewed")
    listed = online.listed_products(lists)
    bought = online.attributed_lines(listed, facts, currency=currency, days=1)
    named = bought.join(listed.select("list_id", "place", "product_id"), ["list_id", "place"])
    told = ibis.union(
        touched.select("list_id", "product_id", taken_at="touched_at"),
        named.select("list_id", "product_id", taken_at="placed_at"),
    )
    return told.group_by("list_id", "product_id").agg(taken_at=told.taken_at.min())


@transaction.atomic
def _keep(code: str, counts: Days, *, period: Counted) -> LearnedProducts:
    """Put the days in the place of what was there, and make the beliefs of all days."""
    lists = sum(_lists(cells) for cells in counts.values())
    learned = LearnedProducts(code, lists, sum(cell.taken for cells in counts.values() for cell in cells))
    row = slot_to_renew(code, ProductBelief, period=period)
    if row is None:
        return learned
    days = [
        ProductBanditDay(
            slot=row,
            context=context,
            day=day,
            lists=_lists(cells),
            counts=[[c.product_id, c.place, c.lists, round(c.exposures, 4), c.taken] for c in cells],
        )
        for (context, day), cells in counts.items()
    ]
    put_in_place(days, ProductBanditDay, slot=row, period=period)
    _believe(row, period=period)
    return learned


def _lists(cells: Iterable[ItemCount]) -> int:
    """How many lists: each has something on its first filled place."""
    by_place: dict[int, int] = {}
    for cell in cells:
        by_place[cell.place] = by_place.get(cell.place, 0) + cell.lists
    return max(by_place.values(), default=0)


def _believe(row: Slot, *, period: Counted) -> None:
    """Each context's beliefs, and under no name those of all of them together."""
    days = list(ProductBanditDay.objects.filter(slot=row, day__gte=period.horizon))
    together = _sums(days, today=period.today)
    looked = fit_places(together.shown, together.taken).looked
    ProductBelief.objects.filter(slot=row).delete()
    ProductBelief.objects.bulk_create(
        _belief(row, context, _sums(mine, today=period.today), looked, period.until)
        for context, mine in _by_context(days).items()
    )


def _by_context(days: Sequence[ProductBanditDay]) -> dict[str, list[ProductBanditDay]]:
    found: dict[str, list[ProductBanditDay]] = {"": list(days)}
    for day in days:
        if day.context:
            found.setdefault(day.context, []).append(day)
    return found


@dataclass(frozen=True, eq=False)
class Sums:
    """Faded exposures (``shown``, not yet weighed by place) and takings, products × places."""

    products: list[str]
    shown: np.ndarray
    taken: np.ndarray


def _sums(days: Sequence[ProductBanditDay], *, today: date) -> Sums:
    cells: dict[tuple[str, int], list[float]] = {}
    for day in days:
        weight = 0.5 ** (max((today - day.day).days, 0) / HALF_LIFE_DAYS)
        for product, place, _shown, exposures, taken in day.counts:
            cell = cells.setdefault((product, place), [0.0, 0.0])
            cell[0] += weight * exposures
            cell[1] += weight * taken
    products = sorted({product for product, _place in cells})
    number = {product: n for n, product in enumerate(products)}
    shown = np.zeros((len(products), max((place for _product, place in cells), default=0)))
    taken = np.zeros_like(shown)
    for (product, place), (exposures, good) in cells.items():
        shown[number[product], place - 1], taken[number[product], place - 1] = exposures, good
    return Sums(products, shown, taken)


def _belief(row: Slot, context: str, sums: Sums, looked: np.ndarray, until: datetime) -> ProductBelief:
    exposures = sums.shown @ looked[: sums.shown.shape[1]]
    taken = sums.taken.sum(axis=1)
    return ProductBelief(
        slot=row,
        context=context,
        taken=round(float(taken.sum()), 4),
        exposures=round(float(exposures.sum()), 4),
        beliefs={
            product: [round(float(good), 4), round(float(all_), 4)]
            for product, good, all_ in zip(sums.products, taken, exposures, strict=True)
        },
        looked=[round(float(part), 5) for part in looked],
        learned_until=until,
    )
