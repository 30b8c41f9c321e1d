"""The history of members is thinned by whole days, and only where it is old."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shuke.apps.insights.operations import thin_history
from shuke.apps.insights.rules.thinning import EVERY_DAY, superfluous_days
from shuke.platform.warehouse import lake
from tests.apps.insights.conftest import TODAY

DAYS = st.sets(st.dates(date(2024, 1, 1), TODAY), max_size=40)


@given(days=DAYS)
def test_no_month_loses_its_last_day_and_no_young_day_goes(days):
    gone = superfluous_days(days, today=TODAY)
    kept = days - set(gone)
    assert {(d.year, d.month) for d in kept} == {(d.year, d.month) for d in days}
    assert all(d < TODAY - timedelta(days=EVERY_DAY) for d in gone)
    assert superfluous_days(kept, today=TODAY) == []
    old = [d for d in kept if d < TODAY - timedelta(days=EVERY_DAY)]
    assert len(old) == len({(d.year, d.month) for d in old})


@pytest.mark.once
def test_old_days_go_and_the_last_of_their_month_stays(put):
    days = [date(2025, 1, 5), date(2025, 1, 31), TODAY - timedelta(days=1)]
    row = {"member_id": "m1", "scheme": "rfm", "layer": "loyal", "score": None}
    put("member_layers", [{**row, "as_of": day} for day in days])
    assert thin_history(today=TODAY)["member_layers"] == 1
    with lake().read() as snapshot:
        left = sorted(snapshot.table("member_layers").to_pyarrow()["as_of"].to_pylist())
    assert left == days[1:]
    assert not any(thin_history(today=TODAY).values())
