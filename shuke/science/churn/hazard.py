"""Silence judged by the member's own cycle: no training, one line of arithmetic, and hard to beat.

Gaps between visits are log-normal with the member's mean drawn to everybody's as in ``replenishment``.  Who has been
silent for s days buys nothing in the next h with probability S(s + h) / S(s), S being the part of gaps that are longer.

Worked: cycle 7 days, spread 0.8, silent for 14 days, h = 30: S(14) = 0.193, S(44) = 0.0108, probability 0.056.
"""

from __future__ import annotations

from datetime import date

import ibis
import numpy as np
import polars as pl
from ibis.expr import types as ir
from scipy.stats import norm

from shuke.science.replenishment import ReplenishmentRule, due_dates

#: The rule whose interval gives the spread back: its quantile is known.
_RULE = ReplenishmentRule(coverage=0.5, least_gaps_of_good=5)
_QUARTILE = float(norm.ppf(0.75))


def silence(purchases: ir.Table, *, as_of: date, horizon_days: int) -> pl.DataFrame:
    """``member_id, probability, cycle_days, silent_days``: the chance to buy nothing in the next ``horizon_days``.

    ``purchases``: one row per counted order, ``member_id, local_date``.  Nobody is left out who bought by ``as_of``, as
    long as the members have five gaps between them.
    """
    visits = purchases.select("member_id", "local_date", good=ibis.literal("a visit"))
    due = due_dates(visits, as_of=as_of, rule=_RULE).to_polars().sort("member_id")
    cycle = due["cycle_days"].to_numpy()
    spread = (np.log(due["high_days"].to_numpy()) - np.log(cycle)) / _QUARTILE
    silent = (pl.Series([as_of] * len(due)) - due["last_date"]).dt.total_days().to_numpy().astype(float)
    # Half a day more, so that somebody who was here today has been silent for a moment.
    now, then = (np.log(silent + 0.5 + ahead) for ahead in (0, horizon_days))
    log_ratio = norm.logsf((then - np.log(cycle)) / spread) - norm.logsf((now - np.log(cycle)) / spread)
    return pl.DataFrame(
        {
            "member_id": due["member_id"],
            "probability": np.exp(log_ratio),
            "cycle_days": cycle,
            "silent_days": silent,
        }
    )
