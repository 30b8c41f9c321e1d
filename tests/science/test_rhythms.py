from datetime import UTC, date, datetime, timedelta

import ibis
import polars as pl

from shuke.science.rhythms import channel_mix, day_hour_map, ways


def test_day_and_hour():
    rows = pl.DataFrame(
        {
            "member_id": ["a", "b", "a"],
            "local_date": [date(2026, 11, 27), date(2026, 11, 27), date(2026, 11, 30)],
            "local_hour": [9, 9, 21],
            "net_minor": [100, 250, 70],
        }
    )
    found = sorted(day_hour_map(ibis.memtable(rows)).to_polars().rows())
    assert found == [(1, 21, 1, 70), (5, 9, 2, 350)]


def test_the_mix_of_channels():
    rows = pl.DataFrame(
        {
            "member_id": ["a", "a", "b", "c", "c"],
            "sales_channel": ["store", "web", "store", "web", "web"],
            "net_minor": [10, 20, 5, 1, 2],
        }
    )
    assert sorted(channel_mix(ibis.memtable(rows)).to_polars().rows()) == [(1, 2, 3, 8), (2, 1, 2, 30)]


def test_ways_from_visit_to_visit():
    start = datetime(2026, 1, 1, tzinfo=UTC)
    visits = [("a", "web"), ("a", "store"), ("a", "store"), ("b", "web"), ("b", "store"), ("c", "store")]
    rows = pl.DataFrame(
        [(member, start + timedelta(hours=n), place) for n, (member, place) in enumerate(visits)],
        schema=["member_id", "at", "place"],
        orient="row",
    )
    found = {
        (r["step"], r["source"], r["target"]): r["members"]
        for r in ways(ibis.memtable(rows)).to_polars().rows(named=True)
    }
    assert found == {(1, "web", "store"): 2, (2, "store", "store"): 1}
