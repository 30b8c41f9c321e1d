"""The value of every member: from orders to money, with a hold-out and a range."""

from datetime import date, timedelta

import ibis
import numpy as np
import polars as pl
import pytest

from shuke.science.lifetime.fitting import NotFitted
from shuke.science.lifetime.nbd import Nbd
from shuke.science.lifetime.valuing import ValueSettings, valued

START = date(2025, 1, 1)
#: Days of the world that are known; what comes after them judges.
KNOWN, LATER = 240, 60


def shop(*, members, leaves, seed, pauses=False):
    """Everybody buys at a rate of its own for about its own amount, and leaves with that chance after a purchase.

    Where they only pause they come back after two months or so.
    """
    rng = np.random.default_rng(seed)
    rows = []
    for number in range(members):
        rate, scale, day = rng.gamma(1.5) / 18, rng.lognormal(8.0, 0.4), float(rng.integers(0, 60))
        while day < KNOWN + LATER:
            rows.append((f"m{number:04}", START + timedelta(days=int(day)), int(scale * rng.gamma(4) / 4)))
            if rng.random() < leaves:
                if not pauses:
                    break
                day += rng.exponential(60)
            day += rng.exponential(1 / rate)
    schema = {"member_id": pl.Utf8, "local_date": pl.Date, "net_minor": pl.Int64}
    return pl.DataFrame(rows, schema=schema, orient="row")


@pytest.fixture(scope="module")
def world():
    return shop(members=1500, leaves=0.12, seed=4)


@pytest.fixture(scope="module")
def valuation(world):
    settings = ValueSettings(horizon_days=LATER, yearly_discount=0.0)
    as_of = START + timedelta(days=KNOWN - 1)
    return valued(ibis.memtable(world), as_of=as_of, rng=np.random.default_rng(2), settings=settings)


def test_the_value_of_all_and_the_range_of_each_cover_what_came(world, valuation):
    later = world.filter(pl.col("local_date") >= START + timedelta(days=KNOWN))
    spent = later.group_by("member_id").agg(spent=pl.col("net_minor").sum())
    members = valuation.members.join(spent, on="member_id", how="left").fill_null(0)
    assert members["value_minor"].sum() == pytest.approx(members["spent"].sum(), rel=0.08)
    total = valuation.total
    assert total.lower[0] < total.expected[0] < total.upper[0]
    assert total.expected[0] == pytest.approx(members["value_minor"].sum(), rel=1e-3)
    inside = (members["low_minor"] <= members["spent"]) & (members["spent"] <= members["high_minor"])
    assert inside.mean() > 0.78
    some = members.filter(pl.col("high_minor") > 0)
    assert (some["spent"] > some["high_minor"]).mean() == pytest.approx(0.1, abs=0.035)


def test_the_hold_out_is_the_last_quarter_and_its_sums_agree(world, valuation):
    holdout = valuation.holdout
    assert holdout.days == (KNOWN - 1) // 4
    known = world.filter(pl.col("local_date") <= holdout.split)["member_id"].unique()
    until = START + timedelta(days=KNOWN - 1)
    later = world.filter(
        pl.col("local_date") > holdout.split,
        pl.col("local_date") <= until,
        pl.col("member_id").is_in(known.implode()),
    )
    assert holdout.actual == later.unique(["member_id", "local_date"]).height
    assert sum(row.actual * row.members for row in holdout.bins) == pytest.approx(holdout.actual)
    assert sum(row.expected * row.members for row in holdout.bins) == pytest.approx(holdout.expected)
    assert holdout.expected == pytest.approx(holdout.actual, rel=0.1)
    assert valuation.gate.is_identified
    assert valuation.members["probability_alive"].null_count() == 0


def test_members_who_pause_keep_a_value():
    """The hold-out disproves leaving for good: the long silent are worth what such members bring, not nothing."""
    town = shop(members=900, leaves=0.1, seed=8, pauses=True)
    settings = ValueSettings(horizon_days=LATER, yearly_discount=0.0, draws=60)
    as_of = START + timedelta(days=KNOWN - 1)
    found = valued(ibis.memtable(town), as_of=as_of, rng=np.random.default_rng(2), settings=settings)
    assert (found.gate.reason, found.choice.best.model.name[:3]) == ("came_back", "MBG")
    after = (
        town.filter(pl.col("local_date") > as_of)
        .group_by("member_id")
        .agg(came=pl.col("local_date").n_unique(), spent=pl.col("net_minor").sum())
    )
    last = (
        town.filter(pl.col("local_date") <= as_of).group_by("member_id").agg(last=pl.col("local_date").max())
    )
    members = found.members.join(last, on="member_id").join(after, on="member_id", how="left").fill_null(0)
    silent = members.filter(pl.col("last") < as_of - timedelta(days=45), pl.col("frequency") > 3)
    assert len(silent) > 100
    assert 0.7 < silent["expected_orders"].sum() / silent["came"].sum() < 1.1
    assert 0.7 < silent["value_minor"].sum() / silent["spent"].sum() < 1.1
    assert members["expected_orders"].sum() == pytest.approx(members["came"].sum(), rel=0.1)
    assert found.total.expected[0] == pytest.approx(members["value_minor"].sum(), rel=1e-3)
    inside = (silent["low_minor"] <= silent["spent"]) & (silent["spent"] <= silent["high_minor"])
    assert inside.mean() > 0.7
    assert silent["high_minor"].min() > 0


def test_nobody_is_called_alive_or_gone_where_nobody_leaves():
    stays = shop(members=500, leaves=0.0, seed=3)
    as_of = START + timedelta(days=KNOWN - 1)
    found = valued(ibis.memtable(stays), as_of=as_of, rng=np.random.default_rng(2))
    assert not found.gate.is_identified
    assert found.members["probability_alive"].null_count() == len(found.members)
    assert isinstance(found.fitted.model, Nbd) or found.gate.reason in {"no_gain", "nobody_gone"}


def test_too_short_a_history_is_refused(world):
    with pytest.raises(NotFitted, match="too few"):
        valued(ibis.memtable(world), as_of=START + timedelta(days=60), rng=np.random.default_rng(1))
    with pytest.raises(NotFitted, match="too few"):
        valued(ibis.memtable(world.head(0)), as_of=START, rng=np.random.default_rng(1))
