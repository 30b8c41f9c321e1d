"""Today's risks, and the judgement on days that the judged classifier had not seen."""

from datetime import timedelta

import ibis
import numpy as np
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from shuke.science.churn.classifier import FAMILIES, TooFewOutcomes
from shuke.science.churn.features import FEATURES
from shuke.science.churn.judging import gains
from shuke.science.churn.risks import MEDIUM, drawn_members, horizon_for, layers_of, risks
from tests.science.churn.test_churn import START, town

AS_OF = START + timedelta(days=300)
HORIZON = 60


@pytest.fixture(scope="module")
def rows():
    return town(members=900, seed=2)


@pytest.fixture(scope="module")
def found(rows):
    return risks(ibis.memtable(rows), first_day=START, as_of=AS_OF, horizon_days=HORIZON, seed=1)


def test_the_risks_of_today_come_true(rows, found):
    """The town goes on for two more months: those of high risk are silent more often than not, the others not."""
    later = rows.filter(pl.col("local_date") > AS_OF, pl.col("local_date") <= AS_OF + timedelta(days=HORIZON))
    members = found.members.with_columns(
        is_silent=~pl.col("member_id").is_in(later["member_id"].unique().implode()),
        layer=pl.Series(layers_of(found.members["probability"].to_numpy())),
    )
    assert members["probability"].mean() == pytest.approx(members["is_silent"].mean(), abs=0.05)
    parts = dict(members.group_by("layer").agg(pl.col("is_silent").mean()).rows())
    assert parts["high"] > 0.5
    assert parts["low"] < 0.2
    assert len(members) == rows.filter(pl.col("local_date") <= AS_OF)["member_id"].n_unique()


def test_the_judged_classifier_knows_nothing_of_the_days_that_judge_it(rows, found):
    """What the held-out days held changes the truth it is judged by, not one of its scores."""
    split = AS_OF - timedelta(days=HORIZON)
    cut = rows.filter((pl.col("local_date") <= split) | (pl.col("member_id") < "m5"))
    other = risks(ibis.memtable(cut), first_day=START, as_of=AS_OF, horizon_days=HORIZON, seed=1)
    assert [said for said, _, _ in other.curve] == [said for said, _, _ in found.curve]
    assert [came for _, came, _ in other.curve] != [came for _, came, _ in found.curve]


def test_every_way_to_tell_is_judged_on_the_same_members(rows, found, monkeypatch):
    assert set(found.judgements) == {"classifier", "own_cycle", "recency"}
    assert len({(j.members, j.base_rate) for j in found.judgements.values()}) == 1
    judgement = found.judgements["classifier"]
    assert judgement.auc > 0.85
    assert judgement.brier_skill > 0.3
    assert found.gains["classifier"][2] == pytest.approx(judgement.lift / 10, abs=1e-9)
    assert sum(layer.members for layer in found.layers) == judgement.members
    beside = pl.DataFrame({"member_id": ["m1", "m2"], "coin": [0.5, 0.5]})
    # Whom a member is scored together with changes nothing, and nobody is forgotten between two lots.
    monkeypatch.setattr("shuke.science.churn.risks.SCORED_TOGETHER", 64)
    again = risks(
        ibis.memtable(rows), first_day=START, as_of=AS_OF, horizon_days=HORIZON, seed=1, beside=beside
    )
    assert again.judgements["coin"].auc == 0.5
    # The engine adds up in parts, whose order moves the last digits.
    assert_frame_equal(again.members, found.members, abs_tol=1e-9)


def test_reasons_are_families_of_features_the_strongest_first(found):
    assert sorted(name for names in FAMILIES.values() for name in names) == sorted(FEATURES)
    risky = found.members.sort("probability", descending=True).head(50)
    assert all(1 <= len(codes) <= 3 and set(codes) <= set(FAMILIES) for codes in risky["reasons"])
    assert sum("silent" in codes for codes in risky["reasons"]) > 40


def test_who_was_drawn_teaches_and_judges_and_everybody_is_scored(rows, found):
    table = ibis.memtable(rows)
    drawn = drawn_members(table, most=450, seed=3)
    assert drawn_members(table, most=450, seed=3).to_polars().equals(drawn.to_polars()), "the seed decides"
    assert not drawn_members(table, most=450, seed=4).to_polars().equals(drawn.to_polars())
    assert (
        drawn_members(table, most=2000, seed=3).to_polars().height
        == found.drawn
        == rows["member_id"].n_unique()
    )
    part = risks(table, first_day=START, as_of=AS_OF, horizon_days=HORIZON, seed=1, drawn=drawn)
    assert part.drawn == 450
    assert 0 < part.judgements["classifier"].members <= 450
    assert part.members["member_id"].to_list() == found.members["member_id"].to_list()
    assert abs(part.members["probability"].mean() - found.members["probability"].mean()) < 0.08
    only = rows.filter(pl.col("member_id").is_in(drawn.to_polars()["member_id"].implode()))
    alone = risks(ibis.memtable(only), first_day=START, as_of=AS_OF, horizon_days=HORIZON, seed=1)
    assert alone.judgements["classifier"].auc == pytest.approx(part.judgements["classifier"].auc, abs=1e-9)


def test_reasons_are_told_of_those_at_risk_alone(found):
    told = found.members.select(has=pl.col("reasons").list.len() > 0, risky=pl.col("probability") >= MEDIUM)
    assert told.filter(pl.col("risky"))["has"].mean() > 0.9
    assert not told.filter(~pl.col("risky"))["has"].any()


def test_the_horizon_is_six_usual_cycles_as_far_as_the_history_reaches(rows):
    table = ibis.memtable(rows)
    # The usual cycle of the town is ten days: six are sixty.
    assert horizon_for(table, first_day=START, as_of=AS_OF) == 60
    assert horizon_for(table, first_day=START, as_of=START + timedelta(days=100)) == 30
    assert horizon_for(table, first_day=START, as_of=START + timedelta(days=80)) is None


def test_too_few_members_are_refused(rows):
    few = rows.filter(pl.col("member_id") < "m2")
    with pytest.raises(TooFewOutcomes, match="too few"):
        risks(ibis.memtable(few), first_day=START, as_of=AS_OF, horizon_days=HORIZON, seed=1)


def test_gains_of_ties_are_the_diagonal():
    silent = np.array([True, False] * 10)
    assert gains(np.zeros(20), is_silent=silent) == pytest.approx(np.linspace(0, 1, 21))
