"""What a member will need soon: goods whose purchase cycle is due (``shuke.science.replenishment``).

An item's score is the chance that the member buys it within ``horizon`` days, having been without for so long: with log
gaps normal around the member's own mean, 1 - S(silent + horizon) / S(silent).  What has been overdue for several
cycles is likely given up: beyond its 90 % interval the chance is halved with each cycle more.
"""

from __future__ import annotations

from dataclasses import dataclass

import ibis
import numpy as np
import polars as pl
import scipy
from scipy import sparse

from shuke.science.recommendations.histories import DAY, History
from shuke.science.replenishment import ReplenishmentRule, due_dates

COVERAGE = 0.9


@dataclass(frozen=True)
class ReplenishmentDue:
    """``least_gaps``: of an item over all members, below which it has no cycle."""

    horizon: int = 7
    least_gaps: int = 5

    @property
    def name(self) -> str:
        """``replenishment-due``."""
        return "replenishment-due"

    def fit(self, history: History, *, rng: np.random.Generator) -> DueModel:  # noqa: ARG002 - no chance in it
        """Learn the cycles of items and members."""
        rule = ReplenishmentRule(coverage=COVERAGE, least_gaps_of_good=self.least_gaps)
        days = pl.DataFrame(
            {
                "member_id": history.row_member,
                "good": history.item,
                "local_date": pl.Series(history.row_day).cast(pl.Date),
            }
        )
        if not history.lines:
            nothing = _table(history, [], [], [])
            return DueModel(nothing, nothing, nothing, self.horizon)
        last = days["local_date"].max()
        found = due_dates(ibis.memtable(days), as_of=last, rule=rule).to_polars()  # type: ignore[arg-type]
        found = found.drop_nulls().sort("member_id", "good")
        member, item = found["member_id"].to_numpy(), found["good"].to_numpy()
        cycle, high = found["cycle_days"].to_numpy(), found["high_days"].to_numpy()
        spread = np.log(high / cycle) / scipy.stats.norm.ppf(0.5 + COVERAGE / 2)
        bought = found["last_date"].cast(pl.Int32).to_numpy() + 1.0
        return DueModel(
            _table(history, member, item, bought),
            _table(history, member, item, cycle),
            _table(history, member, item, np.maximum(spread, 1e-6)),
            self.horizon,
        )


def _table(history: History, member: object, item: object, values: object) -> sparse.csr_matrix:
    return sparse.csr_matrix((values, (member, item)), shape=(history.members, history.items))


@dataclass(frozen=True, eq=False)
class DueModel:
    """Members × items with the same places: day of the last purchase + 1, cycle in days, spread of log gaps."""

    bought: sparse.csr_matrix
    cycle: sparse.csr_matrix
    spread: sparse.csr_matrix
    horizon: int

    def scores(self, members: np.ndarray, at: np.ndarray) -> np.ndarray:
        """See ``Model``; items that the member never bought, or that have no cycle, are not offered."""
        rows = self.bought[members]
        cycle, spread = self.cycle[members].data, self.spread[members].data
        owner = np.repeat(np.arange(len(members)), np.diff(rows.indptr))
        silent = np.maximum((at // DAY)[owner] + 1.0 - rows.data, 0.5)
        scores = np.full(rows.shape, -np.inf, dtype=np.float32)
        scores[owner, rows.indices] = chance(silent, cycle, spread, horizon=self.horizon)
        return scores


def chance(silent: np.ndarray, cycle: np.ndarray, spread: np.ndarray, *, horizon: float) -> np.ndarray:
    """Of a purchase within ``horizon`` days after ``silent`` days without one; see the module."""
    now, then = (scipy.stats.norm.logsf(np.log(days / cycle) / spread) for days in (silent, silent + horizon))
    overdue = (
        np.maximum(silent - cycle * np.exp(scipy.stats.norm.ppf(0.5 + COVERAGE / 2) * spread), 0.0) / cycle
    )
    return -np.expm1(then - now) * np.exp2(-overdue)
