"""Stored forecasts are judged when their weeks have come."""

from datetime import date, timedelta

import ibis
import pyarrow as pa
import pytest

from shuke.science.forecast.judging import judged_forecasts
from shuke.tables import TABLES

ORIGIN = date(2025, 6, 1)


def stored(*, as_of, item="total", horizon=1, mean, low=0.0, high=1e9, naive=0.0, origin=ORIGIN):
    return {
        "as_of": as_of, "origin_date": origin, "item": item, "level": item.split("/")[0], "is_rest": False,
        "measure": "paid_minor", "period_start": origin + timedelta(days=7 * horizon - 6), "step_days": 7,
        "horizon": horizon, "method": "ses", "mean": mean, "low": low, "high": high, "coverage": 0.8, "naive": naive,
        "currency": "CNY",
    }  # fmt: skip


def judged(rows, sales):
    table = pa.Table.from_pylist(
        rows, schema=pa.schema([pa.field(f.name, f.type) for f in TABLES["forecasts"].arrow_schema])
    )
    came = pa.table(
        {
            "item": [s[0] for s in sales],
            "period_start": [s[1] for s in sales],
            "actual": [s[2] for s in sales],
        }
    )
    return judged_forecasts(ibis.memtable(table), ibis.memtable(came)).to_pyarrow().to_pylist()


def test_by_hand():
    week = ORIGIN + timedelta(days=1)
    rows = [
        stored(as_of=ORIGIN, mean=90.0, low=80.0, high=100.0, naive=60.0),
        stored(as_of=ORIGIN, mean=50.0, horizon=2, low=55.0, high=70.0, naive=90.0),
        stored(as_of=ORIGIN, mean=1.0, horizon=3),
    ]
    found = judged(rows, [("total", week, 100.0), ("total", week + timedelta(days=7), 60.0)])
    assert found == [
        {
            "origin_date": ORIGIN, "level": "total", "forecasts": 2, "wape": pytest.approx(20 / 160),
            "naive_wape": pytest.approx(70 / 160), "bias": pytest.approx(-20 / 160), "coverage": 1.0,
            "coverage_asked": pytest.approx(0.8),
        }
    ]  # fmt: skip


def test_of_several_studies_with_one_origin_the_newest_counts():
    week = ORIGIN + timedelta(days=1)
    rows = [stored(as_of=ORIGIN + timedelta(days=k), mean=100.0 - 10 * k) for k in range(3)]
    (found,) = judged(rows, [("total", week, 80.0)])
    assert found["forecasts"] == 1
    assert found["wape"] == 0


def test_nothing_sold_has_no_share_and_is_counted():
    (found,) = judged(
        [stored(as_of=ORIGIN, mean=5.0, high=4.0)], [("total", ORIGIN + timedelta(days=1), 0.0)]
    )
    assert found["wape"] is None
    assert found["forecasts"] == 1
    assert found["coverage"] == 1.0
