"""What an answer needs and changes between bundles, read from database and lake at most every so often."""

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from threading import Lock, Thread
from typing import Generic, TypeVar
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import connection

from shuke.apps.members.queries import days_of_life
from shuke.apps.recommendations.queries.bandits import posteriors, products_learned
from shuke.apps.recommendations.queries.serving import Stock, Surroundings
from shuke.apps.recommendations.rules.strategies import tries_products
from shuke.apps.recommendations.schemas import SlotView
from shuke.platform.retailer.queries import retailer
from shuke.platform.warehouse import lake

log = logging.getLogger(__name__)
Value = TypeVar("Value")
#: How old what is known of stock may be, and of ages and the retailer's zone.
STOCK_SECONDS, SLOW_SECONDS = 30.0, 3600.0
#: So many times older than that nothing serves any more.
LONGEST = 2


@dataclass
class _Kept(Generic[Value]):
    """A value that is read again once it is old: aside, while the old one still serves, or at once if nobody asked for
    long.  Per home directory (tests change it)."""

    read: Callable[[Value | None, datetime], Value]
    seconds: float
    _lock: Lock = field(default_factory=Lock)
    _found: tuple[str, float, Value] | None = None

    def value(self, at: datetime) -> Value:
        """The value."""
        home, found = str(settings.LAKE_ROOT), self._found
        age = time.monotonic() - found[1] if found and found[0] == home else None
        if found is None or age is None or age > LONGEST * self.seconds:
            with self._lock:
                return self._renewed(home, at)
        if age > self.seconds and self._lock.acquire(blocking=False):
            Thread(target=self._renew_aside, args=(home, at), daemon=True).start()
        return found[2]

    def _renewed(self, home: str, at: datetime) -> Value:
        # The clock stops before the reading: what changes meanwhile is seen the next time.
        begun, before = time.monotonic(), self._found
        if before is None or before[0] != home or begun - before[1] > self.seconds:
            value = self.read(before[2] if before and before[0] == home else None, at)
            before = self._found = (home, begun, value)
        return before[2]

    def _renew_aside(self, home: str, at: datetime) -> None:
        try:
            self._renewed(home, at)
        except Exception:
            log.exception("what answers need could not be read again")
        finally:
            self._lock.release()
            connection.close()


def current_surroundings(asked: Sequence[SlotView], *, at: datetime) -> Surroundings:
    """Stock, zone, what bandits of these slots learned, and members' ages where one of them asks for a minimum age."""
    needs_ages = any(slot.rules.minimum_ages for slot in asked)
    return Surroundings(
        zone=_zone.value(at),
        stock=_stock.value(at)[1],
        ages=_ages.value(at) if needs_ages else {},
        posteriors={slot.code: posteriors(slot.code) for slot in asked if slot.bandit},
        products={slot.code: products_learned(slot.code) for slot in asked if tries_products(slot)},
    )


def _read_stock(before: tuple[int | None, Stock] | None, _at: datetime) -> tuple[int | None, Stock]:
    """The version of the table and what it says; the same object as before where nothing changed."""
    with lake().read() as snapshot:
        version = snapshot.version("stock_levels")
        if before is not None and before[0] == version:
            return before
        levels = snapshot.table("stock_levels")
        sums = levels.group_by("location_id", "product_id").agg(left=levels.sellable.sum())
        rows = sums.to_polars()
    by_product: dict[str, bool] = {}
    missing: dict[str, set[str]] = {}
    for place, product, left in rows.select("location_id", "product_id", "left").iter_rows():
        by_product[product] = by_product.get(product, False) or left > 0
        gone = missing.setdefault(place, set())
        if left <= 0:
            gone.add(product)
    sold_out = frozenset(product for product, is_there in by_product.items() if not is_there)
    return version, Stock(sold_out, {place: frozenset(gone) for place, gone in missing.items()})


def _read_ages(_before: Mapping[str, int] | None, at: datetime) -> Mapping[str, int]:
    """Of members whose birthday is known, in full years."""
    today = at.astimezone(ZoneInfo(_zone.value(at))).date()
    return {member_id: years(born, today) for member_id, born, _joined in days_of_life() if born}


def years(born: date, today: date) -> int:
    """Full years; who was born on a leap day is older on the first of March."""
    return today.year - born.year - ((today.month, today.day) < (born.month, born.day))


_zone: _Kept[str] = _Kept(lambda _before, _at: retailer().time_zone, SLOW_SECONDS)
_stock: _Kept[tuple[int | None, Stock]] = _Kept(_read_stock, STOCK_SECONDS)
_ages: _Kept[Mapping[str, int]] = _Kept(_read_ages, SLOW_SECONDS)
