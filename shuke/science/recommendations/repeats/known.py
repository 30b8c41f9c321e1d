"""What features are read from, computed once for a history: states of purchases, running sums by day, offers."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Protocol

import numpy as np

from shuke.science.recommendations.histories import History
from shuke.science.recommendations.repeats.occasions import Occasions, occasions_of
from shuke.science.recommendations.repeats.sums import RunningSums, running_sums
from shuke.science.recommendations.repeats.wares import Offers, OffersByItem, Taxonomy

#: A unit price this much below what the item cost on average before is a deal.
DEAL = 0.92


@dataclass(frozen=True, eq=False)
class Known:
    """A history with what is known of its items."""

    history: History
    taxonomy: Taxonomy | None = None
    planned: Offers | None = None
    _decays: dict[tuple[str, float], np.ndarray] = field(default_factory=dict)
    _earlier: dict[int, History] = field(default_factory=dict)

    @cached_property
    def items(self) -> Occasions:
        """Purchases of items."""
        return occasions_of(self.history, self.history.item, things=self.history.items)

    def earlier(self, baskets: int) -> History:
        """The history without each member's latest ``baskets``: the same object each time, so that what is fitted on
        it once serves all who ask."""
        if baskets not in self._earlier:
            self._earlier[baskets] = self.history.without_last(baskets)
        return self._earlier[baskets]

    def decay(self, half_life: float) -> np.ndarray:
        """Decayed count of each purchase of items, half-life in days."""
        return self._kept(("days", half_life), in_baskets=False)

    def decay_baskets(self, half_life: float) -> np.ndarray:
        """The same with the half-life in baskets."""
        return self._kept(("baskets", half_life), in_baskets=True)

    def _kept(self, key: tuple[str, float], *, in_baskets: bool) -> np.ndarray:
        if key not in self._decays:
            self._decays[key] = self.items.decayed(half_life=key[1], in_baskets=in_baskets).astype(np.float32)
        return self._decays[key]

    @cached_property
    def gap_sum(self) -> np.ndarray:
        """Days between the first purchase of the item and each."""
        return self.items.summed(self.items.gap)

    @cached_property
    def gap_square_sum(self) -> np.ndarray:
        """Running sum of squared gaps."""
        return self.items.summed(self.items.gap**2)

    @cached_property
    def circles(self) -> dict[str, tuple[np.ndarray, np.ndarray]]:
        """Running sums of cosine and sine of weekday and hour: their direction is when the member buys the item."""
        found = {}
        for name, part in (("weekday", np.floor(self.items.time) / 7.0), ("hour", self.items.time)):
            angle = 2 * np.pi * part
            found[name] = (self.items.summed(np.cos(angle)), self.items.summed(np.sin(angle)))
        return found

    @cached_property
    def kinds(self) -> list[tuple[np.ndarray, Occasions]]:
        """Codes of the items and purchases of each level of the taxonomy at which anything bought has a name."""
        if self.taxonomy is None:
            return []
        found = []
        for codes in self.taxonomy.codes(self.history.item_ids):
            things = int(codes.max(initial=-1)) + 1
            if not (codes[self.history.item] >= 0).any():
                continue
            found.append((codes, occasions_of(self.history, codes[self.history.item], things=things)))
        return found

    @cached_property
    def kind_gap_sums(self) -> list[np.ndarray]:
        """Running sums of gaps of each level."""
        return [bought.summed(bought.gap) for _, bought in self.kinds]

    @cached_property
    def kind_decays(self) -> list[dict[float, np.ndarray]]:
        """Decayed counts of each level."""
        return [{h: bought.decayed(half_life=h) for h in (30.0, 90.0)} for _, bought in self.kinds]

    @cached_property
    def lines_before(self) -> np.ndarray:
        """int64, one longer than baskets: lines of all baskets before."""
        return self.history.basket_rows

    @cached_property
    def again_before(self) -> np.ndarray:
        """int64, one longer than baskets: lines before that were a member's repeat of an item."""
        again = np.zeros(self.history.lines, dtype=np.int64)
        again[self.items.line[~self.items.is_first]] = 1
        return np.concatenate(([0], np.cumsum(again)))[self.history.basket_rows]

    @property
    def has_prices(self) -> bool:
        """Whether lines tell quantity and amount."""
        return self.history.amount is not None and self.history.quantity is not None

    @cached_property
    def quantity(self) -> np.ndarray:
        """Quantity of each purchase of an item, 1 at least."""
        held = self.history.quantity
        return np.ones(len(self.items.key)) if held is None else np.maximum(held[self.items.line], 1.0)

    @cached_property
    def paid(self) -> np.ndarray:
        """Unit price of each purchase of an item."""
        held = self.history.amount
        return np.full(len(self.items.key), np.nan) if held is None else held[self.items.line] / self.quantity

    @cached_property
    def deal(self) -> np.ndarray:
        """1.0 where the price was ``DEAL`` times what the item had cost on average on earlier days, or less."""
        thing, day = self.items.thing, np.floor(self.items.time).astype(np.int64)
        sums = running_sums(thing, day, {"paid": self.paid, "lines": np.ones(len(thing))})
        start, now = sums.place(thing, np.full(len(thing), sums.first_day)), sums.place(thing, day)
        lines = sums.between("lines", start, now)
        usual = sums.between("paid", start, now) / np.where(lines > 0, lines, np.nan)
        return (self.paid <= DEAL * usual).astype(np.float64)

    @cached_property
    def deal_sum(self) -> np.ndarray:
        """How many of the member's purchases of the item so far were deals."""
        return self.items.summed(self.deal)

    @cached_property
    def quantity_sum(self) -> np.ndarray:
        """Running sum of quantities."""
        return self.items.summed(self.quantity)

    @cached_property
    def item_days(self) -> RunningSums:
        """Of each item and day: lines, repeats, days since the purchase before, and amount, quantity, deals."""
        bought = self.items
        values = {"lines": np.ones(len(bought.key)), "again": ~bought.is_first * 1.0, "gap": bought.gap}
        if self.has_prices:
            values |= {"amount": self.paid * self.quantity, "quantity": self.quantity, "deal": self.deal}
        return running_sums(bought.thing, np.floor(bought.time).astype(np.int64), values)

    @cached_property
    def by_day(self) -> tuple[np.ndarray, np.ndarray]:
        """int32 day (rising) and item of each line."""
        order = np.argsort(self.history.row_day, kind="stable")
        return self.history.row_day[order], self.history.item[order]

    @cached_property
    def store_days(self) -> RunningSums | None:
        """Lines of each store, item and day."""
        store = self.history.basket_store
        if store is None:
            return None
        basket = self.history.row_basket
        key = store[basket].astype(np.int64) * self.history.items + self.history.item
        return running_sums(key, self.history.row_day, {"lines": np.ones(self.history.lines)})

    @cached_property
    def store_of_line(self) -> np.ndarray:
        """int64 store of each line."""
        return self._store[self.history.row_basket].astype(np.int64)

    def last_store(self, member: np.ndarray, number: np.ndarray) -> np.ndarray:
        """int64 store of the member's last basket numbered below ``number``; its first where there is none."""
        begin = self.history.member_baskets[member]
        last = np.minimum(begin + np.maximum(number - 1, 0), self.history.baskets - 1)
        return self._store[last].astype(np.int64)

    @property
    def _store(self) -> np.ndarray:
        if self.history.basket_store is None:
            raise ValueError("The history does not tell stores.")
        return self.history.basket_store

    @cached_property
    def offers(self) -> OffersByItem | None:
        """The plan of offers by this history's numbers of stores and items."""
        if self.planned is None or self.history.store_ids is None:
            return None
        return self.planned.numbered(self.history.store_ids, self.history.item_ids)

    @cached_property
    def offer_share(self) -> np.ndarray:
        """Part of the member's purchases of the item so far that were on offer in their store."""
        if self.offers is None:
            raise ValueError("No offers are known.")
        day = np.floor(self.items.time).astype(np.int64)
        mailer, display = self.offers.on(self.store_of_line[self.items.line], self.items.thing, day)
        return self.items.summed(((mailer > 0) | (display > 0)) * 1.0) / self.items.count


class Knows(Protocol):
    """Makes what is known of a history; ``Known`` is one."""

    def __call__(self, history: History, taxonomy: Taxonomy | None, planned: Offers | None, /) -> Known:
        """What is known of it."""
        ...


@dataclass(eq=False)
class KnownOnce:
    """What is known of the history that was asked for last: rankers that learn from the same one, one after the other,
    share its states and sums.  Only one is held, since they are a gigabyte for a million lines."""

    _asked: tuple[History, Taxonomy | None, Offers | None] | None = None
    _known: Known | None = None

    def __call__(self, history: History, taxonomy: Taxonomy | None, planned: Offers | None, /) -> Known:
        """See ``Knows``."""
        asked, before = (history, taxonomy, planned), self._asked
        if (
            self._known is None
            or before is None
            or any(a is not b for a, b in zip(asked, before, strict=True))
        ):
            self._asked, self._known = asked, Known(*asked)
        return self._known

    def forget(self) -> None:
        """Let go of it."""
        self._asked = self._known = None
