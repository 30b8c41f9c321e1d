"""A small retailer in memory: a history whose truth is known, and its bundle."""

from __future__ import annotations

from datetime import UTC, date, datetime
from types import MappingProxyType
from typing import Any

import numpy as np
import polars as pl

from shuke.apps.recommendations.schemas import ArmInput, SlotRules, SlotView
from shuke.science.recommendations.bundles import Bundle, Goods, Purchases
from shuke.science.recommendations.frequency import PersonalFrequency
from shuke.science.recommendations.histories import History, history_of
from shuke.science.recommendations.item_knn import ItemKnn
from shuke.science.recommendations.popularity import Popularity
from shuke.science.recommendations.strategies import Lists, Strategy, top

AS_OF = date(2026, 3, 31)
#: The noon after the last day that the bundle knows.
AT = datetime(2026, 4, 1, 12, tzinfo=UTC)
KINDS = ("tea", "coffee", "bread", "cheese", "wine", "beer", "soap", "rice")
DEPARTMENTS = {"wine": "drinks", "beer": "drinks", "soap": "household"}
START = date(2026, 1, 1)


def small_history(*, members: int = 40, items: int = 48, baskets: int = 9, seed: int = 3) -> History:
    """Everybody has three staples and picks three other things by chance, every ten days in one of two stores."""
    rng = np.random.default_rng(seed)
    start = (START - date(1970, 1, 1)).days
    rows = []
    for member in range(members):
        staples = [(member * 3 + k) % items for k in range(3)]
        for basket in range(baskets):
            for item in {*staples, *rng.integers(0, items, 3).tolist()}:
                day = start + basket * 10 + member % 5
                name = f"mem_{member:04d}"
                rows.append((name, f"{member}-{basket}", f"p{item:03d}", day, f"store{member % 2}"))
    frame = pl.DataFrame(rows, schema=["member", "basket", "item", "time", "store"], orient="row")
    return history_of(frame)


def small_bundle(history: History | None = None, *, depth: int = 30, bundle_id: str = "bdl_small") -> Bundle:
    """What a nightly fit would leave, small enough to be read by a person."""
    known = history or small_history()
    members, items = np.arange(known.members), known.items
    at = np.full(known.members, known.end)
    rng = np.random.default_rng(0)

    def listed(strategy: Strategy) -> Lists:
        model = strategy.fit(known, rng=rng)
        return top(model, known, members, at=at, n=min(depth, items))

    stores = [f"store{n}" for n in range(2)]
    segments = np.array(["new", "regular"])
    return Bundle(
        id=bundle_id,
        as_of=AS_OF,
        member_ids=known.member_ids.astype(str),
        item_ids=known.item_ids.astype(str),
        baskets=np.diff(known.member_baskets).astype(np.int32),
        goods=goods(items),
        purchases=purchases(known),
        lists={"popularity": listed(Popularity()), "personal-frequency": listed(PersonalFrequency())},
        neighbours={"complements": near(known, "baskets"), "similar": near(known, "members")},
        popular={
            "all": popular(known, members),
            "store:store0": popular(known, members[members % 2 == 0]),
            "segment:regular": popular(known, members[members % 3 > 0]),
        },
        store_ids=np.array(stores),
        member_store=(members % 2).astype(np.int32),
        segment_names=segments,
        member_segment=np.minimum(members % 3, 1).astype(np.int32),
        factors=np.abs(np.random.default_rng(4).normal(size=(items, 8))).astype(np.float32),
        manifest=MappingProxyType({}),
    )


def goods(items: int) -> Goods:
    """Products in eight kinds of two families; every ninth is no longer sold, every fifth has a cycle of six weeks."""
    kind = (np.arange(items) % len(KINDS)).astype(np.int32)
    department = np.array([DEPARTMENTS.get(name, "food") for name in KINDS])
    names = np.unique(department)
    return Goods(
        names=np.array([f"{KINDS[k]} no. {n}" for n, k in enumerate(kind)]),
        kind=kind,
        family=(kind // 4).astype(np.int32),
        brand=np.full(items, -1, dtype=np.int32),
        department=np.searchsorted(names, department[kind]).astype(np.int32),
        kind_names=np.array(KINDS),
        family_names=np.array(["breakfast", "rest"]),
        brand_names=np.array([], dtype=str),
        department_names=names,
        price=np.full(items, 1000, dtype=np.float32),
        margin=np.linspace(0.1, 0.5, items).astype(np.float32),
        cycle=np.where(np.arange(items) % 5 == 0, 42.0, 10.0).astype(np.float32),
        is_active=np.arange(items) % 9 != 8,
    )


def purchases(history: History) -> Purchases:
    """Counted with a loop, so that nothing is shared with the code that serves."""
    rows, item, count, last, gap, spread = [0], [], [], [], [], []
    for member in range(history.members):
        lines = slice(history.member_rows[member], history.member_rows[member + 1])
        days: dict[int, list[int]] = {}
        for number, day in zip(history.item[lines], history.row_day[lines], strict=True):
            days.setdefault(int(number), []).append(int(day))
        for number in sorted(days):
            when = sorted(days[number])
            gaps = np.diff(when)
            item.append(number)
            count.append(len(when))
            last.append(when[-1])
            gap.append(float(gaps.mean()) if len(gaps) else np.nan)
            spread.append(float(gaps.std() / gaps.mean()) if len(gaps) > 1 and gaps.mean() else np.nan)
        rows.append(len(item))
    return Purchases(
        rows=np.array(rows, dtype=np.int64),
        item=np.array(item, dtype=np.int32),
        count=np.array(count, dtype=np.int32),
        last_day=np.array(last, dtype=np.int32),
        gap=np.array(gap, dtype=np.float32),
        spread=np.array(spread, dtype=np.float32),
    )


def near(history: History, of: Any, *, depth: int = 12) -> Lists:
    """Neighbours of every item, itself left out, as an ``ItemKnn`` finds them."""
    model = ItemKnn(neighbours=depth + 1, of=of).fit(history, rng=np.random.default_rng(0))
    matrix = model.weights.toarray().T.astype(np.float32)
    np.fill_diagonal(matrix, 0.0)
    items = np.argsort(-matrix, axis=1, kind="stable")[:, :depth].astype(np.int32)
    scores = np.take_along_axis(matrix, items.astype(np.int64), axis=1)
    return Lists(np.where(scores > 0, items, -1).astype(np.int32), np.where(scores > 0, scores, -np.inf))


def popular(history: History, members: np.ndarray) -> Lists:
    """One row: the items in most baskets of these members."""
    rows = np.isin(history.row_member, members)
    count = np.bincount(history.item[rows], minlength=history.items).astype(np.float32)
    order = np.lexsort((np.arange(len(count)), -count))[:40].astype(np.int32)
    return Lists(order[None, :], count[order][None, :])


def small_slot(
    *,
    code: str = "home",
    about: Any = "member",
    strategy: str = "personal-frequency",
    places: int = 6,
    fallbacks: tuple[str, ...] = ("popularity",),
    rules: dict[str, Any] | None = None,
    **more: Any,
) -> SlotView:
    """A live slot with one arm."""
    facts: dict[str, Any] = {
        "arms": [ArmInput(name="only", strategy=strategy)],
        "id": "slt_small",
        "state": "live",
        "version": 1,
        "experiment_id": "",
        "created_at": AT,
        "changed_at": AT,
    }
    return SlotView(
        code=code,
        name=code.title(),
        about=about,
        places=places,
        fallbacks=list(fallbacks),
        rules=SlotRules(**(rules or {})),
        **(facts | more),
    )
