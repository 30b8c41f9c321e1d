"""What people set: bundles, pinned goods, seasonal goods, substitutes.  Rules, not statistics.

A rule offers its items, in its order, to members for whom it holds: in its time, and, where it says so, to those named
and to those who bought one of some goods lately.  Earlier rules come before later ones.  Nothing else is offered.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np

from shuke.science.recommendations.histories import DAY, History, moment


@dataclass(frozen=True)
class SetRule:
    """``items`` by id, best first.  ``members``: only these (None: all).  ``starts`` and ``ends``: first and last
    business day (None: open).  ``bought``: only who bought one of these within ``within_days`` days."""

    items: tuple[Any, ...]
    members: frozenset[Any] | None = None
    starts: date | None = None
    ends: date | None = None
    bought: tuple[Any, ...] = ()
    within_days: int = 28


@dataclass(frozen=True)
class SetByPeople:
    """Rules, the most important first."""

    rules: tuple[SetRule, ...]

    @property
    def name(self) -> str:
        """``set-by-people``."""
        return "set-by-people"

    def fit(self, history: History, *, rng: np.random.Generator) -> SetModel:  # noqa: ARG002 - no chance in it
        """Look the ids up; items that the history does not know are passed over."""
        return SetModel(self.rules, history)


@dataclass(frozen=True, eq=False)
class SetModel:
    """See ``SetByPeople``."""

    rules: Sequence[SetRule]
    history: History

    def scores(self, members: np.ndarray, at: np.ndarray) -> np.ndarray:
        """See ``Model``: -inf for what no rule offers."""
        scores = np.full((len(members), self.history.items), -np.inf, dtype=np.float32)
        most = float(sum(len(rule.items) for rule in self.rules))
        for rule in self.rules:
            holds = self._holds(rule, members, at)
            for item in self.history.item_numbers(list(rule.items)):
                if item >= 0:
                    column = scores[:, item]
                    column[holds & np.isneginf(column)] = most
                most -= 1
        return scores

    def _holds(self, rule: SetRule, members: np.ndarray, at: np.ndarray) -> np.ndarray:
        holds = np.ones(len(members), dtype=bool)
        if rule.members is not None:
            holds &= np.array(
                [member in rule.members for member in self.history.member_ids[members].tolist()]
            )
        if rule.starts is not None:
            holds &= at >= moment(rule.starts)
        if rule.ends is not None:
            holds &= at < moment(rule.ends) + DAY
        if rule.bought:
            holds &= self._bought(rule, members, at)
        return holds

    def _bought(self, rule: SetRule, members: np.ndarray, at: np.ndarray) -> np.ndarray:
        goods = self.history.item_numbers(list(rule.bought))
        rows = np.isin(self.history.item, goods[goods >= 0])
        latest = np.full(self.history.members, np.iinfo(np.int64).min // 2)
        times = self.history.basket_time[self.history.row_basket[rows]]
        np.maximum.at(latest, self.history.row_member[rows], times)
        return at - latest[members] <= rule.within_days * DAY
