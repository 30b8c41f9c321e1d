"""Lift by quarter, counted by hand."""

from datetime import date

import ibis
import polars as pl
import pytest

from shuke.science.affinity_seasons import seasonal_lifts


def test_each_quarter_is_counted_by_itself():
    winter, summer = date(2026, 2, 1), date(2026, 8, 1)
    baskets = [(winter, {"tea", "honey"})] * 3 + [(winter, {"tea"})] + [(winter, {"bread"})] * 4
    baskets += [(summer, {"tea"})] * 2 + [(summer, {"honey"})] * 2 + [(summer, {"bread"})] * 4
    rows = [(f"{i}", item, day) for i, (day, items) in enumerate(baskets) for item in items]
    table = ibis.memtable(pl.DataFrame(rows, schema=["basket_id", "item_id", "local_date"], orient="row"))
    found = seasonal_lifts(table, [("tea", "honey"), ("honey", "salt")])
    assert [(r["left"], r["right"], r["quarter"], r["baskets"]) for r in found] == [
        ("tea", "honey", "2026-Q1", 3),
        ("tea", "honey", "2026-Q3", 0),
    ]
    assert [r["lift"] for r in found] == [pytest.approx(3 * 8 / (4 * 3)), 0]
    assert seasonal_lifts(table, []) == []
