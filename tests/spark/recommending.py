"""Bundles fitted on the cluster and on this machine, from the same lake, whose members' tastes are known."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np

from shuke.apps.recommendations.adapters.bundle_files import open_bundle
from shuke.apps.recommendations.operations.fit_process import Order, fit_files
from shuke.apps.recommendations.queries.history import bought_lines
from shuke.apps.recommendations.queries.serving import recommend
from shuke.apps.recommendations.schemas import ArmInput, SlotView
from shuke.apps.recommendations.schemas.serving import Asked
from shuke.lake import Lake, SparkSettings
from shuke.lake.engines.spark_als import AlsSettings, implicit_als
from shuke.science.recommendations.bundle_fitting import FitSettings
from shuke.science.recommendations.bundles import Bundle, Purchases
from shuke.science.recommendations.partitions.bundling import STRATEGIES
from shuke.science.recommendations.partitions.coding import als_ratings, coded_lines
from tests.science.conftest import arrow

ZONE = "Asia/Shanghai"
AS_OF = date(2026, 3, 31)
STARTED = datetime(2026, 1, 5, 15, 30, tzinfo=UTC)
TASTES, GOODS, MEMBERS, BASKETS = 6, 15, 150, 8
#: Made of scores as they come, with nobody asked.
SETTINGS = FitSettings(strategies=STRATEGIES, depth=15, neighbours=25, minimum_count=5, members=0, threads=1)


def fill_shop(lake: Lake) -> dict[str, set[str]]:
    """Four of five purchases are of the member's taste, the rest are anything; gives each member's next basket."""
    rng = np.random.default_rng(7)
    chances = 1 / np.arange(1, GOODS + 1)
    orders, lines, held = [], [], {}
    for member in range(MEMBERS):
        for basket in range(BASKETS + 1):
            count = int(rng.integers(3, 7))
            own = member % TASTES * GOODS + rng.choice(GOODS, count, p=chances / chances.sum())
            chosen = np.where(rng.random(count) < 0.8, own, rng.integers(0, TASTES * GOODS, count))
            items = sorted({f"p{item:03}" for item in chosen.tolist()})
            if basket == BASKETS:
                held[f"m{member:03}"] = set(items)
                break
            order = {
                "order_id": f"o{member}-{basket}", "person_key": f"k{member:03}", "store_id": f"s{member % 3}",
                "placed_at": STARTED + timedelta(days=10 * basket, minutes=7 * member),
            }  # fmt: skip
            orders.append({**order, "paid_minor": 1000})
            lines += [
                {**order, "line_no": n + 1, "product_id": item, "paid_minor": 100 + 5 * n}
                for n, item in enumerate(items)
            ]
    joined = datetime(2025, 1, 1, tzinfo=UTC)
    known = [
        {"person_key": f"k{m:03}", "member_id": f"m{m:03}", "kind": "card", "draw": m, "valid_from": joined}
        for m in range(MEMBERS)
    ]
    goods = [
        {
            "product_id": f"p{n:03}",
            "name": f"good {n}",
            "department": f"d{n // GOODS}",
            "category": f"c{n // 5}",
        }
        for n in range(TASTES * GOODS)
    ]
    for name, rows in {
        "orders": orders,
        "order_lines": lines,
        "identity_map": known,
        "products": goods,
    }.items():
        lake.append(name, arrow(name, rows))
    return held


def both_bundles(folder: Path, master: str, *, lake: Lake) -> tuple[Bundle, Bundle]:
    """The bundle of one machine and the cluster's, both written and opened."""
    order = Order(folder / "here", str(lake.root), AS_OF, ZONE, (), SETTINGS)
    for one in (order, replace(order, folder=folder / "there", spark=master)):
        fit_files(one, tell=lambda *_: None)
    return open_bundle(folder / "here"), open_bundle(folder / "there")


def unequal(ours: Bundle, theirs: Bundle) -> list[str]:
    """The parts that are not the same in both; ALS and the discoveries, which are made otherwise, are not looked at."""
    plain = ("member_ids", "item_ids", "baskets", "store_ids", "member_store", "member_segment")
    pairs = {name: (getattr(ours, name), getattr(theirs, name)) for name in plain}
    for part, kind in (("purchases", Purchases), ("goods", type(ours.goods))):
        one, other = getattr(ours, part), getattr(theirs, part)
        pairs |= {f"{part}.{f.name}": (getattr(one, f.name), getattr(other, f.name)) for f in fields(kind)}
    found = [
        name
        for name, (a, b) in pairs.items()
        if a.dtype != b.dtype or not np.array_equal(a, b, equal_nan=a.dtype.kind == "f")
    ]
    for part in ("lists", "neighbours", "popular"):
        found += _unequal_lists(part, getattr(ours, part), getattr(theirs, part))
    return found


def _unequal_lists(part: str, ours: Mapping[str, object], theirs: Mapping[str, object]) -> list[str]:
    found = [] if ours.keys() == theirs.keys() else [f"{part}: {sorted(theirs)}"]
    for name in sorted((ours.keys() & theirs.keys()) - {"als", "discovery"}):
        one, other = ours[name], theirs[name]
        # Cosines are rounded to float32, in which some tie; all else is counted, or summed in the same order.
        is_rounded = name in {"item-knn-tf-idf", "similar"}
        same_items = float(np.mean(one.items == other.items)) >= (0.99 if is_rounded else 1.0)
        if not same_items or not np.allclose(
            one.scores, other.scores, rtol=1e-5 if is_rounded else 0.0, atol=0.0
        ):
            found.append(f"{part}.{name}")
    return found


def ndcg(bundle: Bundle, name: str, held: Mapping[str, set[str]], *, n: int = 10) -> float:
    """Of a strategy's lists for the baskets that came next."""
    gains = 1 / np.log2(np.arange(n) + 2)
    each = []
    for member, items in zip(bundle.member_ids.tolist(), bundle.lists[name].items[:, :n], strict=True):
        wanted = set(bundle.item_numbers(sorted(held[member])).tolist()) - {-1}
        hits = np.array([item in wanted for item in items.tolist()])
        each.append((gains * hits).sum() / gains[: min(n, len(wanted))].sum() if wanted else 0.0)
    return float(np.mean(each))


def overlap(ours: Bundle, theirs: Bundle, name: str, *, n: int = 10) -> float:
    """The part of each member's first ``n`` that both bundles hold."""
    rows = zip(ours.lists[name].items[:, :n].tolist(), theirs.lists[name].items[:, :n].tolist(), strict=True)
    return float(np.mean([len(set(one) & set(other)) / n for one, other in rows]))


def factors_of(lake: Lake, master: str, *, seeds: Sequence[int]) -> list[np.ndarray]:
    """Item factors of the cluster by each seed, few and quickly."""
    with lake.read(spark=SparkSettings(master=master)) as snapshot:
        coded = coded_lines(bought_lines(snapshot, as_of=AS_OF), time_zone=ZONE)
        ratings = als_ratings(coded.inside, alpha=2.0).cache()
        short = AlsSettings(factors=4, iterations=1)
        fitted = (
            implicit_als(snapshot.connection, ratings, items=coded.items, settings=replace(short, seed=seed))
            for seed in seeds
        )
        return [found.items for found in fitted]


def answered(bundle: Bundle, strategy: str) -> list[str]:
    """The sources of what a slot shows to a member, by this strategy."""
    at = datetime(2026, 4, 1, tzinfo=UTC)
    slot = SlotView(
        code="home", name="Home", arms=[ArmInput(name="a", strategy=strategy)], id="slt_1", state="live", version=1,
        experiment_id="", created_at=at, changed_at=at,
    )  # fmt: skip
    asked = Asked("home", at, member_id=str(bundle.member_ids[3]))
    answer = recommend(asked, slot=slot, bundle=bundle, rng=np.random.default_rng(1))
    assert answer.fallback == ""
    return [item.source for item in answer.items]
