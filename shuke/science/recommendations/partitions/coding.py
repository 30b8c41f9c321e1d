"""Lines with members and items as numbers, in the engine."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from zoneinfo import ZoneInfo

import ibis
import numpy as np
from ibis.expr import types as ir

from shuke.science.recommendations.histories import DAY, RECENT_DAYS
from shuke.science.recommendations.strategies import places_of_ties

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, eq=False)
class CodedLines:
    """``lines``: ``member`` and ``item`` (int32, rising with their ids), ``basket``, ``placed`` (int64 µs since 1970 in
    UTC), one row for each item of a basket, in the engine, with ``quantity, amount, store`` where they are known; an
    item outside the vocabulary is -1.  ``*_ids``: the id of each number; no stores unless each basket has one.
    ``item_baskets`` and ``recent`` (int64 of each item): baskets, and those of the last 28 days.  ``baskets``: all.
    ``end``: µs of the retailer's clock, the first moment after the day of the last basket, as ``History.end``;
    ``since``: the instant (µs) 28 days before."""

    lines: ir.Table
    member_ids: np.ndarray
    item_ids: np.ndarray
    store_ids: np.ndarray | None
    item_baskets: np.ndarray
    recent: np.ndarray
    baskets: int
    end: int
    since: int
    time_zone: str

    @property
    def members(self) -> int:
        """How many members are numbered."""
        return len(self.member_ids)

    @property
    def items(self) -> int:
        """How many items are numbered."""
        return len(self.item_ids)

    @cached_property
    def ties(self) -> np.ndarray:
        """See ``strategies.tie_order``."""
        return places_of_ties(self.recent)

    @property
    def inside(self) -> ir.Table:
        """The lines of the vocabulary."""
        return self.lines.filter(self.lines.item >= 0)


def coded_lines(bought: ir.Table, *, time_zone: str, minimum_count: int = 1) -> CodedLines:
    """Number what was bought: ``member, basket, item`` (texts) and ``placed_at``, one instant for each basket; with
    ``quantity, amount, store`` where they are known.

    Items in fewer than ``minimum_count`` baskets are outside the vocabulary.  The lines stay in the engine; the ids
    and a few numbers of each item come home.
    """
    unique = _unique(bought).cache()
    counts = unique.select("member", "basket").distinct().count()
    told = unique.agg(last=unique.placed.max(), baskets=counts.as_scalar()).to_pyarrow().to_pylist()[0]
    end, since = _days(told["last"], zone=ZoneInfo(time_zone))
    counted = unique.group_by("item").agg(
        baskets=unique.count(), recent=(unique.placed >= since).cast("int64").sum()
    )
    kept = counted.filter(counted.baskets >= minimum_count)
    items = kept.mutate(number=ibis.row_number().over(order_by=kept.item).cast("int32")).cache()
    named = unique.select("member").distinct()
    members = named.mutate(code=ibis.row_number().over(order_by=named.member).cast("int32")).cache()
    joined = unique.left_join(items.select("item", "number"), "item").join(members, "member")
    number = joined.number.fill_null(ibis.literal(-1, type="int32"))
    more = [name for name in ("quantity", "amount", "store") if name in unique.columns]
    home = items.order_by("number").to_pyarrow()
    return CodedLines(
        lines=joined.select("basket", "placed", *more, member="code", item=number).cache(),
        member_ids=_texts(members.order_by("code").member.to_pyarrow().to_pylist()),
        item_ids=_texts(home["item"].to_pylist()),
        store_ids=_stores(unique) if "store" in more else None,
        item_baskets=home["baskets"].to_numpy().astype(np.int64),
        recent=home["recent"].to_numpy().astype(np.int64),
        baskets=int(told["baskets"]),
        end=end,
        since=since,
        time_zone=time_zone,
    )


def _unique(bought: ir.Table) -> ir.Table:
    """One row for each item of a basket."""
    placed = bought.placed_at.delta(ibis.literal(EPOCH, type="timestamp('UTC')"), unit="microsecond")
    lines = bought.mutate(placed=placed.cast("int64"))
    sums = {
        name: lines[name].sum().cast("float64") for name in ("quantity", "amount") if name in lines.columns
    }
    stores = {"store": lines.store.max()} if "store" in lines.columns else {}
    if not sums and not stores:
        return lines.select("member", "basket", "item", "placed").distinct()
    return lines.group_by("member", "basket", "item", "placed").agg(**sums, **stores)


def _stores(unique: ir.Table) -> np.ndarray | None:
    found = unique.select("store").distinct().to_pyarrow()["store"].to_pylist()
    return None if None in found or not found else _texts(sorted(found))


def _texts(values: list[str]) -> np.ndarray:
    return np.array(values, dtype=str)


def _days(last: int | None, *, zone: ZoneInfo) -> tuple[int, int]:
    """The end of the last day on the retailer's clock, and the instant 28 days before it."""
    if last is None:
        return 0, 0
    day = (EPOCH + timedelta(microseconds=last)).astimezone(zone).date() + timedelta(days=1)
    first = day - timedelta(days=RECENT_DAYS)
    since = datetime(first.year, first.month, first.day, tzinfo=zone) - EPOCH
    return (day - EPOCH.date()).days * DAY, round(since / timedelta(microseconds=1))


def member_items(lines: ir.Table) -> ir.Table:
    """``member, item, baskets``: in how many baskets of a member each item is."""
    return lines.group_by("member", "item").agg(baskets=lines.count())


def als_ratings(lines: ir.Table, *, alpha: float) -> ir.Table:
    """``member, item, rating``: the confidence of ``factorisation.Als`` above one, α ln(1 + baskets) - 1.

    ``alpha`` must be above 1 / ln 2, below which one purchase says less than none.  Raises ``ValueError``.
    """
    if alpha * np.log(2.0) <= 1.0:
        raise ValueError(f"alpha must be above {1 / np.log(2.0):.4f}, not {alpha}.")
    counted = member_items(lines)
    rating = alpha * (counted.baskets + 1).cast("float64").ln() - 1.0
    return counted.select("member", "item", rating=rating)
