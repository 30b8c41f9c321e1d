"""Churn: nothing leaks from the future, probabilities mean what they say, reasons add up to the score."""

from datetime import date, timedelta

import ibis
import numpy as np
import polars as pl
import pytest

from shuke.science.churn.classifier import TooFewOutcomes, _matrix, trained
from shuke.science.churn.features import FEATURES, features, outcomes
from shuke.science.churn.hazard import silence
from shuke.science.churn.judging import calibration, judged

START = date(2025, 1, 1)
SPLIT = date(2025, 9, 1)
HORIZON = 60


def town(members=700, seed=1):
    """Everybody has a cycle; with each visit some leave for good, irregular ones sooner."""
    rng = np.random.default_rng(seed)
    rows = []
    for number in range(members):
        cycle, leaves = rng.lognormal(2.3, 0.6), rng.beta(1, 25)
        day = rng.uniform(0, 60)
        while day < 365:
            rows.append((f"m{number}", START + timedelta(days=int(day)), int(rng.gamma(2, 1500)), "store"))
            if rng.random() < leaves:
                break
            day += max(1.0, rng.lognormal(np.log(cycle), 0.4))
    schema = {"member_id": pl.Utf8, "local_date": pl.Date, "net_minor": pl.Int64, "sales_channel": pl.Utf8}
    return pl.DataFrame(rows, schema=schema, orient="row")


@pytest.fixture(scope="module")
def rows():
    return town()


@pytest.fixture(scope="module")
def known(rows):
    table = ibis.memtable(rows)
    truth = outcomes(table, as_of=SPLIT, horizon_days=HORIZON).to_polars()
    return features(table, as_of=SPLIT).to_polars().join(truth, on="member_id").sort("member_id")


@pytest.fixture(scope="module")
def model(rows):
    table, parts = ibis.memtable(rows), []
    for back in (HORIZON, HORIZON + 40):
        day = SPLIT - timedelta(days=back)
        truth = outcomes(table, as_of=day, horizon_days=HORIZON).to_polars()
        parts.append(features(table, as_of=day).to_polars().join(truth, on="member_id"))
    past = pl.concat(parts)
    return trained(past, is_silent=past["is_silent"].to_numpy(), seed=3)


def test_features_of_a_day_do_not_know_the_next(rows):
    whole = features(ibis.memtable(rows), as_of=SPLIT).to_polars().sort("member_id")
    cut = rows.filter(pl.col("local_date") <= SPLIT)
    assert features(ibis.memtable(cut), as_of=SPLIT).to_polars().sort("member_id").equals(whole)
    assert set(FEATURES) < set(whole.columns)


def test_features_of_one_member_by_hand():
    days = [0, 7, 21, 80]
    rows = pl.DataFrame(
        {
            "member_id": ["m"] * 4,
            "local_date": [START + timedelta(days=d) for d in days],
            "net_minor": [100, 200, 300, 400],
            "sales_channel": ["store", "web", "store", "store"],
        }
    )
    found = features(ibis.memtable(rows), as_of=START + timedelta(days=100)).to_polars().row(0, named=True)
    assert (found["recency_days"], found["tenure_days"], found["visits"], found["channels"]) == (
        20,
        100,
        4,
        2,
    )
    assert (found["cycle_days"], found["cycles_silent"]) == (14, pytest.approx(20 / 14))
    assert (found["visits_30"], found["visits_90"], found["spend_90"]) == (1, 2, 700)
    assert (found["visits_trend"], found["average_minor"]) == (0.5, 250)
    truth = outcomes(ibis.memtable(rows), as_of=START + timedelta(days=30), horizon_days=49).to_polars()
    assert truth["is_silent"].to_list() == [True]
    truth = outcomes(ibis.memtable(rows), as_of=START + timedelta(days=30), horizon_days=50).to_polars()
    assert truth["is_silent"].to_list() == [False]


def test_the_classifier_ranks_and_its_probabilities_mean_what_they_say(known, model):
    silent = known["is_silent"].to_numpy()
    probability = model.probability(known)
    found = judged(probability, is_silent=silent)
    assert found.auc > 0.85
    assert found.brier_skill > 0.3
    for said, came, _ in calibration(probability, is_silent=silent, bins=4):
        assert came == pytest.approx(said, abs=0.12)


def test_reasons_add_up_to_the_score_and_are_said(known, model):
    few = known.head(20)
    parts = np.asarray(model.trees.predict(_matrix(few), pred_contrib=True))
    scores = np.asarray(model.trees.predict(_matrix(few), raw_score=True))
    assert parts.sum(axis=1) == pytest.approx(scores)
    gone = known.sort("recency_days", descending=True).head(1)
    said = [str(reading) for reading in model.reasons(gone)[0]]
    assert any("last here" in sentence or "silent for" in sentence for sentence in said)


def test_the_same_seed_gives_the_same_trees(known):
    silent = known["is_silent"].to_numpy()
    first, again = (trained(known, is_silent=silent, seed=5).probability(known) for _ in range(2))
    assert np.array_equal(first, again)


def test_the_own_cycle_is_calibrated_where_nobody_leaves():
    rng = np.random.default_rng(2)
    rows = []
    for number in range(400):
        cycle, day = rng.lognormal(3.2, 0.5), rng.uniform(0, 60)
        while day < 420:
            rows.append((f"m{number}", START + timedelta(days=int(day))))
            day += max(1.0, rng.lognormal(np.log(cycle), 0.5))
    table = ibis.memtable(pl.DataFrame(rows, schema=["member_id", "local_date"], orient="row"))
    said = silence(table, as_of=SPLIT, horizon_days=30)
    truth = outcomes(table, as_of=SPLIT, horizon_days=30).to_polars()
    joined = said.join(truth, on="member_id")
    assert joined["probability"].mean() == pytest.approx(joined["is_silent"].mean(), abs=0.04)
    assert judged(joined["probability"].to_numpy(), is_silent=joined["is_silent"].to_numpy()).auc > 0.75


def test_too_few_who_left_are_refused(known):
    none = np.zeros(len(known), dtype=bool)
    with pytest.raises(TooFewOutcomes):
        trained(known, is_silent=none, seed=1)
    with pytest.raises(ValueError, match="nobody"):
        judged(np.zeros(5), is_silent=np.zeros(5, dtype=bool))


def test_ties_share_the_top_tenth():
    silent = np.array([True] * 5 + [False] * 15)
    assert judged(np.zeros(20), is_silent=silent).lift == pytest.approx(1.0)
    assert judged(np.zeros(20), is_silent=silent).auc == 0.5
    assert judged(np.arange(20)[::-1].astype(float), is_silent=silent).lift == pytest.approx(4.0)
