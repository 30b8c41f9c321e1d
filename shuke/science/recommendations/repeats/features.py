"""What was known of (member, item) just before a moment: the features of the ranker, in groups that can be left out.

Every feature comes from the member's baskets with a lower number than the moment's, and from other members' baskets of
earlier days.  The day of the moment itself is left out for other members, the moment's own basket for everybody.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from shuke.science.recommendations.histories import DAY
from shuke.science.recommendations.repeats.known import Known
from shuke.science.recommendations.repeats.occasions import BASKET_HALF_LIVES, Occasions
from shuke.science.recommendations.repeats.rows import Moments, Rows

HALF_LIVES = (10.0, 30.0, 90.0)
Columns = dict[str, np.ndarray]


@dataclass(frozen=True, eq=False)
class Asked:
    """Rows with what they stand for, one entry a row."""

    moments: Moments
    rows: Rows

    @cached_property
    def member(self) -> np.ndarray:
        """int64."""
        return self.moments.member[self.rows.moment]

    @cached_property
    def time(self) -> np.ndarray:
        """float64 days."""
        return self.moments.time[self.rows.moment]

    @cached_property
    def day(self) -> np.ndarray:
        """int64 days since 1970."""
        return np.floor(self.time).astype(np.int64)

    @cached_property
    def number(self) -> np.ndarray:
        """int64 baskets before."""
        return self.moments.number[self.rows.moment]

    @property
    def item(self) -> np.ndarray:
        """int64."""
        return self.rows.item


#: Rows whose features are made at a time; what is made on the way is gone before the next.
ROWS = 100_000


@dataclass(frozen=True, eq=False)
class Features:
    """Features of rows that are made when they are read, so that a million rows never lie in memory.

    ``features[rows]`` (a slice or int places) is float32 rows × features; NaN where something is not known.
    ``more``: makes columns beside those of the named groups.
    """

    known: Known
    asked: Asked
    groups: Sequence[str]
    more: Callable[[Asked], Columns] | None = None

    def __len__(self) -> int:
        return len(self.asked.rows)

    def __getitem__(self, rows: slice | np.ndarray) -> np.ndarray:
        columns = self._columns(rows)
        result = np.empty((len(columns), len(self.asked.rows.moment[rows])), dtype=np.float32)
        for place, name in enumerate(list(columns)):
            result[place] = columns.pop(name)
        return result.T

    def _columns(self, rows: slice | np.ndarray) -> Columns:
        asked = Asked(self.asked.moments, self.asked.rows.keeping(rows))
        columns: Columns = {}
        for group in self.groups:
            made = GROUPS[group](self.known, asked)
            columns |= {name: np.asarray(values, dtype=np.float32) for name, values in made.items()}
        return columns | (self.more(asked) if self.more else {})

    @property
    def names(self) -> list[str]:
        """Of the columns."""
        return list(self._columns(slice(0, 0)))


def matrix(known: Known, asked: Asked, *, groups: Sequence[str]) -> tuple[np.ndarray, list[str]]:
    """Float32 rows × features of the named groups at once, by columns in memory, and their names."""
    features = Features(known, asked, groups)
    names = features.names
    result = np.empty((len(names), len(features)), dtype=np.float32)
    for start in range(0, len(features), ROWS):
        result[:, start : start + ROWS] = features[start : start + ROWS].T
    return result.T, names


def likely(known: Known, asked: Asked) -> np.ndarray:
    """A first score of own items, by which the rows are cut: decay over 90 days and over receipts."""
    state = _carried(known.items, asked, known.decay(90.0), half_life=90.0)
    recent = _carried_baskets(
        known.items, asked, known.decay_baskets(BASKET_HALF_LIVES[0]), BASKET_HALF_LIVES[0]
    )
    return state + recent


def own(known: Known, asked: Asked) -> Columns:
    """How often, how lately and how regularly the member buys the item."""
    bought, place = known.items, asked.rows.place
    ever = place >= 0
    count = np.where(ever, bought.count[place], 0)
    since = np.where(ever, asked.time - bought.time[place], np.nan)
    gap = np.where(count > 1, known.gap_sum[place] / np.maximum(count - 1, 1), np.nan)
    spread = known.gap_square_sum[place] / np.maximum(count - 1, 1) - gap**2
    first = bought.first[place]
    columns = {
        "own_count": count,
        "own_days_since": since,
        "own_baskets_since": np.where(ever, asked.number - bought.number[place], np.nan),
        "own_gap": gap,
        "own_last_gap": np.where(count > 1, bought.gap[place], np.nan),
        "own_since_per_gap": since / np.maximum(gap, 0.5),
        "own_gap_spread": np.where(count > 2, np.sqrt(np.maximum(spread, 0)) / np.maximum(gap, 0.5), np.nan),
        "own_days_known": np.where(ever, asked.time - bought.time[first], np.nan),
        "own_share": count / np.maximum(asked.number - np.where(ever, bought.number[first], 0), 1),
    }
    for half_life in HALF_LIVES:
        state = _carried(bought, asked, known.decay(half_life), half_life=half_life)
        columns[f"own_decay_{half_life:.0f}"] = state
    for half_life in BASKET_HALF_LIVES:
        carried = _carried_baskets(bought, asked, known.decay_baskets(half_life), half_life)
        columns[f"own_decay_baskets_{half_life:.0f}"] = carried
    for last in (5, 10, 20):
        recent = bought.count_from(place, asked.number - last)
        columns[f"own_last_{last}"] = np.where(ever, recent, 0)
    return columns


def _carried(bought: Occasions, asked: Asked, state: np.ndarray, *, half_life: float) -> np.ndarray:
    """A decayed state at the moment, 0 where the member never bought it."""
    place = asked.rows.place
    return np.where(place >= 0, state[place] * np.exp2((bought.time[place] - asked.time) / half_life), 0.0)


def _carried_baskets(bought: Occasions, asked: Asked, state: np.ndarray, half_life: float) -> np.ndarray:
    place = asked.rows.place
    return np.where(
        place >= 0, state[place] * np.exp2((bought.number[place] - asked.number) / half_life), 0.0
    )


def item(known: Known, asked: Asked) -> Columns:
    """How popular the item is, how it moves, how often buyers buy it again and after how long."""
    sums, key = known.item_days, asked.item
    now = sums.place(key, asked.day)
    start = sums.place(key, np.full(len(key), sums.first_day))
    week, month, quarter = (sums.place(key, asked.day - days) for days in (7, 28, 84))
    everything = sums.between("lines", start, now)
    again = sums.between("again", start, now)
    cycle = (sums.between("gap", start, now) + 60.0) / (again + 2.0)
    last_week, last_month = sums.between("lines", week, now), sums.between("lines", month, now)
    since = asked.time - known.items.time[asked.rows.place]
    return {
        "item_count": everything,
        "item_buyers": everything - again,
        "item_repeat_rate": (again + 1.0) / (everything + 5.0),
        "item_cycle": cycle,
        "item_week": last_week,
        "item_month": last_month,
        "item_week_trend": (last_week * 4 + 2) / (last_month + 2),
        "item_month_trend": (last_month * 3 + 2) / (sums.between("lines", quarter, now) + 2),
        "item_days_since_sold": sums.days_since(key, asked.day, now),
        "own_since_per_cycle": np.where(asked.rows.place >= 0, since / np.maximum(cycle, 0.5), np.nan),
    }


def member(known: Known, asked: Asked) -> Columns:
    """How large, how frequent and how faithful to known items the member's baskets are."""
    history, number = known.history, asked.number
    first = history.member_baskets[asked.member]
    basket = (
        first + number
    )  # The moment's own basket, or one beyond what is known: only the ones before are read.
    last = np.maximum(basket - 1, 0)
    lines, again = known.lines_before[basket] - known.lines_before[first], known.again_before
    five = np.minimum(number, 5)
    return {
        "member_baskets": number,
        "member_repeat_share": (again[basket] - again[first] + 2.0) / (lines + 5.0),
        "member_basket_size": lines / np.maximum(number, 1),
        "member_recent_size": (known.lines_before[basket] - known.lines_before[basket - five])
        / np.maximum(five, 1),
        "member_days_since": np.where(number > 0, asked.time - history.basket_time[last] / DAY, np.nan),
        "member_gap": (history.basket_time[last] - history.basket_time[np.minimum(first, last)])
        / DAY
        / np.maximum(number - 1, 1),
        "member_items": lines - again[basket] + again[first],
    }


def kind(known: Known, asked: Asked) -> Columns:
    """The same of the item's type and category: since when, how often, and which part of it is this item."""
    columns: Columns = {}
    for level, (codes, bought) in enumerate(known.kinds, 1):
        code = codes[asked.item]
        place = bought.last_before(asked.member, code, asked.number)
        ever = (place >= 0) & (code >= 0)
        count = np.where(ever, bought.count[place], 0)
        since = np.where(ever, asked.time - bought.time[place], np.nan)
        gap = np.where(count > 1, known.kind_gap_sums[level - 1][place] / np.maximum(count - 1, 1), np.nan)
        in_kind = Asked(asked.moments, Rows(asked.rows.moment, asked.item, np.where(ever, place, -1)))
        month, quarter = (
            _carried(bought, in_kind, known.kind_decays[level - 1][half_life], half_life=half_life)
            for half_life in (30.0, 90.0)
        )
        mine = _carried(known.items, asked, known.decay(90.0), half_life=90.0)
        columns |= {
            f"kind{level}_count": count,
            f"kind{level}_days_since": since,
            f"kind{level}_since_per_gap": since / np.maximum(gap, 0.5),
            f"kind{level}_decay_30": month,
            f"kind{level}_decay_90": quarter,
            f"kind{level}_share": np.where(ever, mine / np.maximum(quarter, 1e-6), np.nan),
            f"kind{level}_since_item": count - _count_at_item(known, asked, bought, code),
        }
    return columns


def _count_at_item(known: Known, asked: Asked, bought: Occasions, code: np.ndarray) -> np.ndarray:
    """How often the kind had been bought when the item was bought last: what came after were its siblings."""
    place = asked.rows.place
    then = np.where(place >= 0, known.items.number[place] + 1, 0)
    found = bought.last_before(asked.member, code, then)
    return np.where(found >= 0, bought.count[found], 0)


def moment(known: Known, asked: Asked) -> Columns:
    """Weekday, hour and season of the moment, and how well the member's purchases of the item match the first two."""
    columns: Columns = {
        "moment_weekday": (asked.day + 3) % 7,
        "moment_hour": (asked.time % 1) * 24,
        "moment_week": asked.day % 365 // 7,
    }
    place = asked.rows.place
    for name, period in (("weekday", 7.0), ("hour", 1.0)):
        angle = 2 * np.pi * (np.floor(asked.time) if period > 1 else asked.time) / period
        cosine, sine = known.circles[name]
        match = cosine[place] * np.cos(angle) + sine[place] * np.sin(angle)
        columns[f"own_{name}_match"] = np.where(place >= 0, match / (known.items.count[place] + 1), 0.0)
    return columns


def price(known: Known, asked: Asked) -> Columns:
    """Unit price now beside the usual, how often it is on a deal, and whether the member waits for deals."""
    if not known.has_prices:
        return {}
    sums, key, place = known.item_days, asked.item, asked.rows.place
    now = sums.place(key, asked.day)
    week, month, quarter = (sums.place(key, asked.day - days) for days in (7, 28, 90))
    usual = _ratio(sums.between("amount", quarter, now), sums.between("quantity", quarter, now))
    lately = _ratio(sums.between("amount", week, now), sums.between("quantity", week, now))
    count = known.items.count[place]
    paid = known.paid[place]
    return {
        "price_usual": usual,
        "price_now": _ratio(lately, usual),
        "price_deals_week": _ratio(sums.between("deal", week, now), sums.between("lines", week, now)),
        "price_deals_month": _ratio(sums.between("deal", month, now), sums.between("lines", month, now)),
        "own_deals": np.where(place >= 0, known.deal_sum[place] / count, np.nan),
        "own_last_price": np.where(place >= 0, _ratio(paid, usual), np.nan),
        "own_quantity": np.where(place >= 0, known.quantity_sum[place] / count, np.nan),
        "own_last_quantity": np.where(place >= 0, known.quantity[place], np.nan),
    }


def _ratio(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
    """``part / whole``, NaN where there is nothing to divide by."""
    return part / np.where(whole > 0, whole, np.nan)


def store(known: Known, asked: Asked) -> Columns:
    """How the item sells in the store of the member's last basket, and how often the member bought it there."""
    sums = known.store_days
    if sums is None:
        return {}
    place, where = asked.rows.place, known.last_store(asked.member, asked.number)
    key = where * known.history.items + asked.item
    now, month, quarter = (sums.place(key, asked.day - days) for days in (0, 28, 84))
    at_last = known.store_of_line[known.items.line[place]]
    return {
        "store_month": sums.between("lines", month, now),
        "store_quarter": sums.between("lines", quarter, now),
        "store_days_since_sold": sums.days_since(key, asked.day, now),
        "own_same_store": np.where(place >= 0, at_last == where, np.nan),
    }


def offer(known: Known, asked: Asked) -> Columns:
    """Whether the item is in this week's mailer or on display in the store of the member's last basket.

    A retailer plans the week's offers before the week; this group is the only one that uses the moment's own week.
    """
    offers = known.offers
    if offers is None:
        return {}
    where = known.last_store(asked.member, asked.number)
    mailer, display = offers.on(where, asked.item, asked.day)
    mailer_before, display_before = offers.on(where, asked.item, asked.day - 7)
    return {
        "offer_mailer": mailer,
        "offer_display": display,
        "offer_mailer_before": mailer_before,
        "offer_display_before": display_before,
        "own_offers": np.where(asked.rows.place >= 0, known.offer_share[asked.rows.place], np.nan),
    }


GROUPS: Mapping[str, Callable[[Known, Asked], Columns]] = {
    "own": own,
    "item": item,
    "member": member,
    "kind": kind,
    "moment": moment,
    "price": price,
    "store": store,
    "offer": offer,
}
