"""What a slot's bandit over products learns: its days are counted from the lake, its beliefs are made of its days.

As ``operations.learning``: a day is counted anew and never added to, so that runs that die, come twice or meet late
events give the same numbers in the end.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import ibis
import numpy as np
from django.db import transaction
from ibis.expr import types as ir

from shuke.apps.recommendations.models import ProductBanditDay, ProductBelief, Slot
from shuke.apps.recommendations.operations.learning import HALF_LIFE_DAYS, HORIZON_DAYS, LAG, RECENT_DAYS
from shuke.apps.recommendations.queries.slots import slots
from shuke.apps.recommendations.rules.strategies import POPULAR_BANDIT, tries_products
from shuke.lake.reading import Snapshot
from shuke.platform.clock import business_date
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
    until = at - LAG
    shop = retailer()
    today = business_date(until, shop.time_zone)
    first = today - timedelta(days=days)
    trying = [view.code for view in slots() if view.state != "draft" and tries_products(view)]
    if not trying:
        return []
    with lake().read() as snapshot:
        counted = {
            code: item_counts(
                _delays(snapshot, code, first=first, until=until, currency=shop.currency)
                .to_pyarrow()
                .to_pylist()
            )
            for code in trying
        }
    return [_keep(code, counted[code], first=first, today=today, until=until) for code in trying]


def _delays(snapshot: Snapshot, code: str, *, first: date, until: datetime, currency: str) -> ir.Table:
    month = f"{first:%Y-%m}"
    rows = snapshot.table("recommendation_lists")
    step = ibis.ifelse(rows.fallback == "", rows.strategy, rows.fallback)
    rows = rows.filter(
        rows.local_month >= month,
        rows.local_date >= ibis.literal(first),
        rows.slot == code,
        step == POPULAR_BANDIT,
    )
    lists = online.answers(rows, snapshot.table("identity_map"))
    recent = {
        name: snapshot.table(name).filter(lambda table: table.local_month >= month)
        for name in ("events", "orders", "order_lines", "refunds")
    }
    facts = online.ListFacts(recommendation_lists=rows, identity_map=snapshot.table("identity_map"), **recent)
    return item_delays(lists, _taken(lists, facts, currency=currency), at=until)


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
def _keep(code: str, counts: Days, *, first: date, today: date, until: datetime) -> LearnedProducts:
    """Put the days in the place of what was there, and make the beliefs of all days."""
    lists = sum(_lists(cells) for cells in counts.values())
    learned = LearnedProducts(code, lists, sum(cell.taken for cells in counts.values() for cell in cells))
    row = Slot.objects.select_for_update().filter(code=code).first()
    if row is None or ProductBelief.objects.filter(slot=row, learned_until__gt=until).exists():
        return learned
    ProductBanditDay.objects.filter(slot=row, day__gte=first).delete()
    ProductBanditDay.objects.filter(slot=row, day__lt=today - timedelta(days=4 * HORIZON_DAYS)).delete()
    ProductBanditDay.objects.bulk_create(
        ProductBanditDay(
            slot=row,
            context=context,
            day=day,
            lists=_lists(cells),
            counts=[[c.product_id, c.place, c.lists, round(c.exposures, 4), c.taken] for c in cells],
        )
        for (context, day), cells in counts.items()
    )
    _believe(row, today=today, until=until)
    return learned


def _lists(cells: Iterable[ItemCount]) -> int:
    """How many lists: each has something on its first filled place."""
    by_place: dict[int, int] = {}
    for cell in cells:
        by_place[cell.place] = by_place.get(cell.place, 0) + cell.lists
    return max(by_place.values(), default=0)


def _believe(row: Slot, *, today: date, until: datetime) -> None:
    """Each context's beliefs, and under no name those of all of them together."""
    days = list(ProductBanditDay.objects.filter(slot=row, day__gte=today - timedelta(days=HORIZON_DAYS)))
    together = _sums(days, today=today)
    looked = fit_places(together.shown, together.taken).looked
    ProductBelief.objects.filter(slot=row).delete()
    ProductBelief.objects.bulk_create(
        _belief(row, context, _sums(mine, today=today), looked, until)
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
