"""The facts of one member for one counter, counted quickly over any window as of any day."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from itertools import accumulate


class Facts:
    """Rows (day it belongs to, day it is known, value); days are ordinals, ``known`` never before ``belongs``."""

    def __init__(self, rows: Iterable[tuple[int, int, int]] = ()) -> None:
        told = sorted(rows)
        self.rows = told
        prompt = [(belongs, value) for belongs, known, value in told if known <= belongs]
        self._late = [(belongs, known, value) for belongs, known, value in told if known > belongs]
        self._days = [belongs for belongs, _ in prompt]
        self._sums = [0, *accumulate(value for _, value in prompt)]
        self.known_days = sorted({max(belongs, known) for belongs, known, _ in told})
        #: Days of facts that lower a count: once they leave a rolling window it rises.
        self.lowering_days = sorted({belongs for belongs, _, value in told if value < 0})

    def count(self, first: int, last: int) -> int:
        """The sum of the facts of the days from ``first`` that are known on ``last``; never below zero."""
        total = self._sums[bisect_right(self._days, last)] - self._sums[bisect_left(self._days, first)]
        for belongs, known, value in self._late:
            if first <= belongs <= last and known <= last:
                total += value
        return max(total, 0)

    def seen(self, last: int) -> tuple[int, int]:
        """How many facts were known on ``last``, and their weighted sum: it shows whether the past was changed."""
        known = [(belongs, value) for belongs, day, value in self.rows if max(belongs, day) <= last]
        return len(known), sum(value * (1 + belongs % 1_000) for belongs, value in known)


NO_FACTS = Facts()
