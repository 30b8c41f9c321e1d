"""CDNOW's purchases as histories."""

from datetime import date
from pathlib import Path

import ibis
import numpy as np
import polars as pl
import pytest

from shuke.science.lifetime.histories import Histories, grouped, purchase_histories

CDNOW = Path(__file__).parents[2] / "data" / "cdnow.parquet"
CALIBRATION_END = date(1997, 9, 30)


@pytest.fixture(scope="session")
def cdnow_purchases() -> pl.DataFrame:
    return pl.read_parquet(CDNOW).select(
        member_id=pl.col("member").cast(pl.Utf8), local_date="day", net_minor="sales_minor"
    )


@pytest.fixture(scope="session")
def cdnow_members(cdnow_purchases: pl.DataFrame) -> pl.DataFrame:
    """One row per customer in days, by the Ibis expression that the product uses."""
    table = purchase_histories(ibis.memtable(cdnow_purchases), as_of=CALIBRATION_END)
    return table.to_polars().sort("member_id")


@pytest.fixture(scope="session")
def cdnow(cdnow_members: pl.DataFrame) -> Histories:
    """CDNOW in weeks, equal histories counted together."""
    frequency = cdnow_members["frequency"].to_numpy().astype(np.int64)
    return grouped(
        frequency=frequency,
        recency=cdnow_members["recency_days"].to_numpy() / 7,
        age=cdnow_members["age_days"].to_numpy() / 7,
        log_gaps=cdnow_members["log_gaps"].to_numpy() - frequency * np.log(7),
    )
