"""What a lifetime model says of silence, so that it can be judged beside the others: it answers another question."""

from __future__ import annotations

from datetime import date

import numpy as np
import polars as pl
from ibis.expr import types as ir

from shuke.science.lifetime.choice import most_regular
from shuke.science.lifetime.fitting import NotFitted
from shuke.science.lifetime.histories import Histories, purchase_histories
from shuke.science.lifetime.mbg_cnbd import MbgCnbd


def alive(purchases: ir.Table, *, as_of: date, horizon_days: int) -> pl.DataFrame | None:
    """``member_id, gone, no_orders``: 1 − P(alive), and e to the minus expected orders, of MBG/CNBD-k on the day.

    ``purchases``: one row per counted order, ``member_id, local_date, net_minor``.  ``None`` where no model can be
    fitted.  P(alive) is the chance not to have left for ever, which is not the chance to come within the horizon.
    """
    members = purchase_histories(purchases, as_of=as_of).to_polars().sort("member_id")
    if members.is_empty():
        return None
    rows = Histories(
        members["frequency"].to_numpy(),
        members["recency_days"].to_numpy().astype(np.float64),
        members["age_days"].to_numpy().astype(np.float64),
        np.ones(len(members)),
        members["log_gaps"].to_numpy(),
    )
    try:
        fitted = most_regular(MbgCnbd, rows)
    except NotFitted:
        return None
    expected = fitted.model.expected_orders(fitted.theta, rows, horizon=float(horizon_days))
    return members.select("member_id").with_columns(
        gone=pl.Series(1 - fitted.model.probability_alive(fitted.theta, rows)),
        no_orders=pl.Series(np.exp(-expected)),
    )
