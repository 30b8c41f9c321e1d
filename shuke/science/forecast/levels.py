"""The levels that a retailer plans by, side by side in one panel: total, channels, stores, departments, categories,
products.

A level's largest items are series of their own; what a parent sells beside them is one series more, the rest, so that
parts always add up to their parent and no small item needs a forecast that nobody looks at.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from types import MappingProxyType
from typing import Literal

import ibis
import numpy as np
import polars as pl
from ibis.expr import types as ir

from shuke.science.forecast.panel import Floats, Panel, panel_of
from shuke.science.forecast.reconciliation import Hierarchy
from shuke.science.forecast.series import STEP_DAYS, Grain, sales_series

Measure = Literal["quantity", "paid_minor"]
KEYS = ("department", "category", "product_id", "store_id", "sales_channel")
#: Keys of each level, its parent level, and by which of the parent's divisions it divides (``Hierarchy.branches``).
LEVELS: Mapping[str, tuple[tuple[str, ...], str, int]] = MappingProxyType(
    {
        "total": ((), "", 0),
        "channel": (("sales_channel",), "total", 2),
        "store": (("store_id",), "total", 1),
        "department": (("department",), "total", 0),
        "category": (("department", "category"), "department", 0),
        "product": (("department", "category", "product_id"), "category", 0),
    }
)


@dataclass(frozen=True)
class Item:
    """One row of the panel.  ``keys`` has what is known of ``KEYS``; ``is_rest``: all others of the parent."""

    level: str
    keys: Mapping[str, str]
    parent: int = -1
    is_rest: bool = False

    @property
    def code(self) -> str:
        """The same for the same item in every study."""
        parts = [self.level, *(self.keys[k] for k in KEYS if k in self.keys)]
        return "/".join(part.replace("/", "∕") for part in parts) + ("/*" if self.is_rest else "")


@dataclass(frozen=True)
class Limits:
    """How many items of a level are series of their own, the largest by sales."""

    most: Mapping[str, int] = field(
        default_factory=lambda: MappingProxyType(
            {"channel": 12, "store": 100, "department": 60, "category": 400, "product": 60}
        )
    )
    #: A single value divides nothing; two and more are a level.
    least: int = 2


@dataclass(frozen=True)
class Levels:
    """``panel`` has one row per item, in order; ``group`` of the panel is the level.  The total is the first."""

    items: tuple[Item, ...]
    panel: Panel
    hierarchy: Hierarchy

    def rows_of(self, level: str) -> list[int]:
        """The rows of a level."""
        return [row for row, item in enumerate(self.items) if item.level == level]


def levelled(
    sold: ir.Table,
    *,
    as_of: date,
    first: date,
    measure: Measure = "paid_minor",
    grain: Grain = "week",
    limits: Limits | None = None,
) -> Levels:
    """The panel of all levels of ``sold`` (of ``series.sold_lines``), whole periods from ``first`` to ``as_of``.

    Without any sale in them the panel has no rows.
    """
    rules = limits or Limits()
    begun = _Building(sold=sold, as_of=as_of, first=first, measure=measure, grain=grain)
    if not begun.start():
        return Levels((), Panel((), np.empty((0, 0)), first, STEP_DAYS[grain]), Hierarchy.of([]))
    for level in list(LEVELS)[1:]:
        begun.add(level, most=rules.most[level], least=rules.least)
    return begun.done()


class _Building:
    """Levels under construction, the parents before their children."""

    def __init__(self, *, sold: ir.Table, as_of: date, first: date, measure: Measure, grain: Grain) -> None:
        self.sold, self.as_of, self.first, self.measure, self.grain = sold, as_of, first, measure, grain
        self.items: list[Item] = []
        self.values: list[Floats] = []
        self.promotion: list[Floats] = []
        self.began = first
        self.periods = 0

    def _panel(self, keys: tuple[str, ...]) -> Panel:
        named = keys or ("whole",)
        sold = self.sold if keys else self.sold.mutate(whole=ibis.literal(""))
        sales = sales_series(sold, keys=named, as_of=self.as_of, grain=self.grain, first=self.first)
        return panel_of(sales.to_polars(), keys=named, measure=self.measure, step_days=STEP_DAYS[self.grain])

    def start(self) -> bool:
        whole = self._panel(())
        if not whole.periods:
            return False
        self.began, self.periods = whole.first_period, whole.periods
        self._put(Item("total", {}), whole.values[0], _of(whole.promotion, 0))
        return True

    def _put(self, item: Item, values: Floats, promotion: Floats) -> None:
        self.items.append(item)
        self.values.append(values)
        self.promotion.append(promotion)

    def add(self, level: str, *, most: int, least: int) -> None:
        """The largest items of a level, each with its parent's row, and the rest of each parent that has some."""
        keys, parent_level, _branch = LEVELS[level]
        part = self._panel(keys)
        if len(part.keys) < least:
            return
        parents = {
            self._path(i): row
            for row, i in enumerate(self.items)
            if i.level == parent_level and not i.is_rest
        }
        size = np.nansum(part.values[:, -52:], axis=1)
        order = np.argsort(-size, kind="stable")
        placed: dict[int, Floats] = {}
        taken = 0
        for row in order:
            parent = parents.get(part.keys[row][:-1])
            if parent is None or taken >= most or size[row] <= 0:
                continue
            taken += 1
            item = Item(level, dict(zip(keys, part.keys[row], strict=True)), parent)
            values = self._on_time(part, int(row))
            self._put(item, values, self._promotion(part, int(row)))
            placed[parent] = placed.get(parent, np.zeros(self.periods)) + np.nan_to_num(values)
        for parent, named in placed.items():
            self._rest(level, parent, named)

    def _path(self, item: Item) -> tuple[str, ...]:
        return tuple(item.keys[k] for k in KEYS if k in item.keys)

    def _rest(self, level: str, parent: int, named: Floats) -> None:
        rest = np.nan_to_num(self.values[parent]) - named
        if np.abs(rest).max() < 0.5:
            return
        above = self.items[parent]
        self._put(Item(level, above.keys, parent, is_rest=True), np.maximum(rest, 0), self.promotion[parent])

    def _on_time(self, part: Panel, row: int) -> Floats:
        """The series on the total's time line."""
        shift = (part.first_period - self.began).days // STEP_DAYS[self.grain]
        values = np.full(self.periods, np.nan)
        values[shift:] = part.values[row]
        return values

    def _promotion(self, part: Panel, row: int) -> Floats:
        shift = (part.first_period - self.began).days // STEP_DAYS[self.grain]
        found = np.zeros(self.periods)
        found[shift:] = _of(part.promotion, row)
        return found

    def done(self) -> Levels:
        names = list(LEVELS)
        panel = Panel(
            keys=tuple((item.code,) for item in self.items),
            values=np.stack(self.values),
            first_period=self.began,
            step_days=STEP_DAYS[self.grain],
            # The total is one series: it chooses and errs with the departments.
            group=np.array(
                [names.index("department" if i.level == "total" else i.level) for i in self.items]
            ),
            promotion=np.stack(self.promotion),
        )
        parents = [item.parent for item in self.items]
        branches = [LEVELS[item.level][2] for item in self.items]
        return Levels(tuple(self.items), panel, Hierarchy.of(parents, branches))


def _of(rows: Floats | None, row: int) -> Floats:
    return np.zeros(0) if rows is None else rows[row]


def rows_of_days(days: pl.DataFrame) -> dict[date, tuple[bool, bool, bool]]:
    """``calendar_days`` of one country as ``panel.calendar_features`` reads it."""
    return {
        row["day"]: (bool(row["is_day_off"]), row["holiday"] is not None, bool(row["festivals"]))
        for row in days.iter_rows(named=True)
    }
