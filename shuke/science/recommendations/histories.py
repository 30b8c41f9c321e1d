"""Who bought what when, as flat arrays: what every strategy learns from and every evaluation is cut from.

Members, items and stores are numbered by their ids in rising order; baskets by (member, time, id); lines by basket and
item.  A basket is a set: a line says that an item was in it, with its quantity and amount where they are known.
Numbers stay the same through every cut in time, so that what was fitted on an earlier history speaks of the same
members and items; only ``with_vocabulary`` numbers items anew.

Times are microseconds since 1970 on the retailer's clock (naive local time), so that ``time // DAY`` is a business day.
A basket is dated by its latest line, so that no cut in time shows a part of a basket that was not over.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from datetime import date, datetime
from functools import cached_property
from typing import Any, Self

import numpy as np
import polars as pl
from scipy import sparse

#: Microseconds of a day.
DAY = 86_400_000_000
#: Days of what is popular now: they break ties and fill lists.
RECENT_DAYS = 28
NEEDED = ("member", "basket", "item", "time")


class NotAHistory(ValueError):
    """The table cannot be read as baskets; the text says which column and why."""


@dataclass(frozen=True, eq=False)
class History:
    """Baskets of members.  Make one with ``history_of``.

    ``basket_member`` int32 (rising), ``basket_time`` int64 µs (rising within a member), ``basket_rows`` int64 (one more
    than baskets): the lines of basket b are ``basket_rows[b]:basket_rows[b + 1]``.  ``item`` int32 of each line, rising
    within a basket and without repeats.  ``quantity``, ``amount`` float64 of each line or None (amount in the minor
    units of the table it came from).  ``basket_store`` int32 or None.  ``*_ids``: the id of each number.
    """

    member_ids: np.ndarray
    item_ids: np.ndarray
    basket_ids: np.ndarray
    basket_member: np.ndarray
    basket_time: np.ndarray
    basket_rows: np.ndarray
    item: np.ndarray
    quantity: np.ndarray | None = None
    amount: np.ndarray | None = None
    basket_store: np.ndarray | None = None
    store_ids: np.ndarray | None = None

    def __post_init__(self) -> None:
        """Shared by every strategy, so that none may write into it."""
        for field in fields(self):
            array = getattr(self, field.name)
            if array is not None:
                array.flags.writeable = False

    @property
    def members(self) -> int:
        """How many members are numbered, also those whom a cut left without baskets."""
        return len(self.member_ids)

    @property
    def items(self) -> int:
        """How many items are numbered."""
        return len(self.item_ids)

    @property
    def baskets(self) -> int:
        """How many baskets there are, also those without a line in the vocabulary."""
        return len(self.basket_member)

    @property
    def lines(self) -> int:
        """How many lines there are."""
        return len(self.item)

    @cached_property
    def member_baskets(self) -> np.ndarray:
        """int64, one more than members: the baskets of member m are ``[m]:[m + 1]``, oldest first."""
        return pointers(self.basket_member, self.members)

    @cached_property
    def member_rows(self) -> np.ndarray:
        """int64, one more than members: the lines of member m are ``[m]:[m + 1]``, oldest basket first."""
        return self.basket_rows[self.member_baskets]

    @cached_property
    def basket_day(self) -> np.ndarray:
        """int32 business day of each basket, in days since 1970."""
        return (self.basket_time // DAY).astype(np.int32)

    @cached_property
    def basket_back(self) -> np.ndarray:
        """int32: 0 for a member's latest basket, 1 for the one before, …"""
        ends = self.member_baskets[1:][self.basket_member]
        return (ends - 1 - np.arange(self.baskets)).astype(np.int32)

    @cached_property
    def row_basket(self) -> np.ndarray:
        """int32 basket of each line."""
        return np.repeat(np.arange(self.baskets, dtype=np.int32), np.diff(self.basket_rows))

    @cached_property
    def row_member(self) -> np.ndarray:
        """int32 member of each line."""
        return self.basket_member[self.row_basket]

    @cached_property
    def row_day(self) -> np.ndarray:
        """int32 business day of each line."""
        return self.basket_day[self.row_basket]

    @cached_property
    def item_baskets(self) -> np.ndarray:
        """int64: in how many baskets each item is."""
        return np.bincount(self.item, minlength=self.items)

    @cached_property
    def repeat_share(self) -> float:
        """Part of the lines whose member had bought the item before; 0 without lines."""
        return 1.0 - self.counts().nnz / self.lines if self.lines else 0.0

    @cached_property
    def end(self) -> int:
        """µs: the first moment after the day of the last basket; 0 without baskets."""
        return (int(self.basket_day.max()) + 1) * DAY if self.baskets else 0

    @cached_property
    def recent(self) -> np.ndarray:
        """int64: in how many baskets of the last ``RECENT_DAYS`` days each item is."""
        counts = self.popularity(days=RECENT_DAYS)
        counts.flags.writeable = False
        return counts

    def popularity(self, *, days: int, until: int | None = None) -> np.ndarray:
        """int64: in how many baskets of the last ``days`` days before ``until`` (µs, the end if None) each item is."""
        until = self.end if until is None else until
        times = self.basket_time[self.row_basket]
        rows = (times < until) & (times >= until - days * DAY)
        return np.bincount(self.item[rows], minlength=self.items)

    def counts(self, weights: np.ndarray | None = None) -> sparse.csr_matrix:
        """Members × items, float64: in how many baskets, or the sum of ``weights`` over the lines."""
        values = np.ones(self.lines) if weights is None else np.array(weights, dtype=np.float64)
        shape = (self.members, self.items)
        # A copy: adding up sorts the columns in place.
        matrix = sparse.csr_matrix((values, self.item.copy(), self.member_rows), shape=shape)
        matrix.sum_duplicates()
        return matrix

    def basket_matrix(self) -> sparse.csr_matrix:
        """Baskets × items, ones (float32)."""
        shape = (self.baskets, self.items)
        ones = np.ones(self.lines, dtype=np.float32)
        return sparse.csr_matrix((ones, self.item, self.basket_rows), shape=shape)

    def before(self, time: int | np.ndarray) -> Self:
        """What was known just before a moment (µs), or before a moment of each member."""
        moment = np.asarray(time, dtype=np.int64)
        return self.keeping(self.basket_time < (moment[self.basket_member] if moment.ndim else moment))

    def as_of(self, day: date) -> Self:
        """What was known at the end of a business day."""
        return self.before(((day - date(1970, 1, 1)).days + 1) * DAY)

    def without_last(self, baskets: int = 1) -> Self:
        """Without each member's latest baskets."""
        return self.keeping(self.basket_back >= baskets)

    def keeping(self, chosen: np.ndarray) -> Self:
        """Only the baskets that are marked (bool for each); members and items keep their numbers."""
        rows = np.repeat(chosen, np.diff(self.basket_rows))
        lengths = np.diff(self.basket_rows)[chosen]
        return replace(
            self,
            basket_ids=self.basket_ids[chosen],
            basket_member=self.basket_member[chosen],
            basket_time=self.basket_time[chosen],
            basket_rows=np.concatenate(([0], np.cumsum(lengths))).astype(np.int64),
            item=self.item[rows],
            quantity=None if self.quantity is None else self.quantity[rows],
            amount=None if self.amount is None else self.amount[rows],
            basket_store=None if self.basket_store is None else self.basket_store[chosen],
        )

    def with_vocabulary(self, kept: np.ndarray) -> Self:
        """Only the items that are marked (bool for each), numbered anew; baskets stay, even empty ones."""
        number = np.cumsum(kept, dtype=np.int64) - 1
        rows = kept[self.item]
        inside = np.bincount(self.row_basket[rows], minlength=self.baskets)
        return replace(
            self,
            item_ids=self.item_ids[kept],
            basket_rows=np.concatenate(([0], np.cumsum(inside))).astype(np.int64),
            item=number[self.item[rows]].astype(np.int32),
            quantity=None if self.quantity is None else self.quantity[rows],
            amount=None if self.amount is None else self.amount[rows],
        )

    def member_numbers(self, ids: np.ndarray | list[Any]) -> np.ndarray:
        """int32 numbers of members by their ids; -1 for a stranger."""
        return numbers_of(self.member_ids, np.asarray(ids))

    def item_numbers(self, ids: np.ndarray | list[Any]) -> np.ndarray:
        """int32 numbers of items by their ids; -1 for an item outside the vocabulary."""
        return numbers_of(self.item_ids, np.asarray(ids))

    @property
    def nbytes(self) -> int:
        """Memory of the arrays, without what is derived from them."""
        held = (getattr(self, field.name) for field in fields(self))
        return sum(array.nbytes for array in held if array is not None)


def pointers(groups: np.ndarray, count: int) -> np.ndarray:
    """Row pointers (int64, ``count`` + 1) of rising group numbers."""
    return np.concatenate(([0], np.cumsum(np.bincount(groups, minlength=count)))).astype(np.int64)


def numbers_of(ids: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """Place of each wanted id among rising ids, int32; -1 where it is not."""
    if not len(ids) or not len(wanted):
        return np.full(len(wanted), -1, dtype=np.int32)
    places = np.searchsorted(ids, wanted)
    held = np.minimum(places, len(ids) - 1)
    return np.where(ids[held] == wanted, held, -1).astype(np.int32)


def moment(at: datetime | date) -> int:
    """µs of a naive local time, or of the start of a day."""
    if isinstance(at, datetime):
        return round((at.replace(tzinfo=None) - datetime(1970, 1, 1)).total_seconds() * 1_000_000)  # noqa: DTZ001
    return (at - date(1970, 1, 1)).days * DAY


def history_of(table: Any, *, day_baskets: bool = False) -> History:
    """A history from a table (Polars, Arrow or Ibis) of lines: ``member, basket, item, time`` and, where known,
    ``quantity, amount, store``.

    ``time``: date, naive timestamp, or integer days.  A basket belongs to one member: the same basket id with two
    members is two baskets.  The same item twice in a basket is one line with quantities and amounts summed.
    ``day_baskets`` makes one basket of all that a member bought in a day.  Raises ``NotAHistory``.
    """
    frame = _checked(_frame(table))
    if day_baskets:
        frame = frame.with_columns(basket=pl.col("time") // DAY)
    frame = frame.with_columns(time=pl.col("time").max().over("member", "basket"))
    extra = [name for name in ("quantity", "amount") if name in frame.columns]
    sums = [pl.col(name).cast(pl.Float64).sum() for name in extra]
    store = [pl.col("store").drop_nulls().max()] if "store" in frame.columns else []
    keys = ["member", "time", "basket", "item"]
    lines = frame.group_by(keys).agg(*sums, *store).sort(keys)
    starts = lines.select(
        pl.struct("member", "basket").ne_missing(pl.struct("member", "basket").shift()).fill_null(value=True)
    ).to_series()
    first = starts.arg_true().to_numpy().astype(np.int64)
    baskets = lines[first] if len(first) else lines.head(0)
    member_ids, basket_member = _numbered(baskets["member"])
    item_ids, item = _numbered(lines["item"])
    stores = _numbered(baskets["store"]) if store and baskets["store"].null_count() == 0 else None
    return History(
        member_ids=member_ids,
        item_ids=item_ids,
        basket_ids=baskets["basket"].to_numpy(),
        basket_member=basket_member,
        basket_time=baskets["time"].to_numpy().astype(np.int64),
        basket_rows=np.concatenate((first, [len(lines)])).astype(np.int64),
        item=item,
        quantity=lines["quantity"].to_numpy() if "quantity" in extra else None,
        amount=lines["amount"].to_numpy() if "amount" in extra else None,
        basket_store=stores[1] if stores else None,
        store_ids=stores[0] if stores else None,
    )


def _frame(table: Any) -> pl.DataFrame:
    """The columns that a history has, from whatever kind of table."""
    if hasattr(table, "to_polars"):
        table = table.to_polars()
    frame = table if isinstance(table, pl.DataFrame) else pl.DataFrame(table)
    return frame.select(c for c in frame.columns if c in {*NEEDED, "quantity", "amount", "store"})


def _checked(frame: pl.DataFrame) -> pl.DataFrame:
    """``time`` as µs; raises where a column is missing, has holes or is of no use."""
    for name in NEEDED:
        if name not in frame.columns:
            raise NotAHistory(f"The column {name!r} is missing.")
        if holes := frame[name].null_count():
            raise NotAHistory(f"The column {name!r} is empty in {holes} of {len(frame)} rows.")
    kind = frame.schema["time"]
    if kind.is_integer():
        return frame.with_columns(pl.col("time").cast(pl.Int64) * DAY)
    if kind == pl.Date:
        return frame.with_columns(pl.col("time").cast(pl.Int64) * DAY)
    if isinstance(kind, pl.Datetime):
        naive = pl.col("time").dt.replace_time_zone(None).dt.cast_time_unit("us")
        return frame.with_columns(naive.cast(pl.Int64))
    raise NotAHistory(f"The column 'time' is {kind}, not a date, a time or a number of days.")


def _numbered(column: pl.Series) -> tuple[np.ndarray, np.ndarray]:
    """The ids in rising order, and the number of each row."""
    ids = column.unique().sort()
    numbers = pl.DataFrame({"id": ids, "number": pl.Series(np.arange(len(ids), dtype=np.int32))})
    joined = pl.DataFrame({"id": column}).join(numbers, on="id", how="left", maintain_order="left")
    return ids.to_numpy(), joined["number"].to_numpy().astype(np.int32)
