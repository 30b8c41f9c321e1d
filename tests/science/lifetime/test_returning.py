"""Members whom a model calls gone and who come back: what a hold-out teaches, and the mixture that tells it."""

import numpy as np
import pytest

from shuke.science.lifetime.choice import Choice, dropout_gate
from shuke.science.lifetime.fitting import fit
from shuke.science.lifetime.histories import grouped
from shuke.science.lifetime.mbg_cnbd import MbgCnbd
from shuke.science.lifetime.nbd import Nbd
from shuke.science.lifetime.returning import Comeback, Returning, comeback, mixed, mixed_draws

#: What happens in the world of these tests: the longer the silence, the nearer the old pace.
LEVEL, BY_SILENCE, HORIZON = -0.5, 0.6, 60.0


@pytest.fixture(scope="module")
def learned():
    """Weekly buyers silent for a day to half a year, of whom the doubted come back as the world has it."""
    rng = np.random.default_rng(3)
    age = np.full(1500, 300.0)
    recency = age - np.where(rng.random(1500) < 0.7, rng.integers(1, 10, 1500), rng.integers(10, 180, 1500))
    rows = grouped(
        frequency=1 + rng.poisson(rng.gamma(3, size=1500) / 30 * recency), recency=recency, age=age
    )
    fitted, without = fit(MbgCnbd(1), rows), fit(Nbd(1), rows)
    by_model = fitted.model.expected_orders(fitted.theta, rows, horizon=HORIZON)
    staying = without.model.expected_orders(without.theta, rows, horizon=HORIZON)
    alive = fitted.model.probability_alive(fitted.theta, rows)
    silent = np.clip(rows.age - rows.recency, 64, None)
    doubt = np.clip((1 - alive) / 0.2, 0, 1)
    part = np.exp(LEVEL + BY_SILENCE * np.log(silent / HORIZON)).clip(max=1)
    came = (1 - doubt) * by_model + doubt * part * staying
    choice = Choice((fitted,), {}, dropout_gate(fitted, rows, returned=np.ones(len(came))))
    return choice, rows, came, comeback(choice, rows, orders=came, horizon=HORIZON)


def test_the_hold_out_tells_how_the_pace_comes_back_with_silence(learned):
    choice, rows, came, found = learned
    assert choice.gate.reason == "came_back"
    assert found.by_silence == pytest.approx(BY_SILENCE, abs=0.15)
    assert found.by_model == pytest.approx(0.0, abs=0.05)
    back = Returning(found, choice.gate.without)
    weight = back.weight(choice.best, rows, horizon=HORIZON)
    told = [f.model.expected_orders(f.theta, rows, horizon=HORIZON) for f in (choice.best, back.without)]
    silent = rows.age - rows.recency
    for low, high in ((0, 10), (30, 60), (60, 110), (110, 181)):
        some = np.where((silent >= low) & (silent < high), rows.weight, 0)
        assert some @ mixed(*told, weight=weight) == pytest.approx(some @ came, rel=0.07)
    assert np.all(np.abs(weight) <= 1)


def test_nothing_is_learned_where_the_gate_is_open(learned):
    choice, rows, came, _found = learned
    calm = Choice(choice.fits, {}, dropout_gate(choice.best, rows))
    assert comeback(calm, rows, orders=came, horizon=HORIZON) is None


def test_less_than_the_model_says_is_told_by_futures_in_which_nothing_comes():
    by_model, staying = np.array([7.0, 0.4, 3.0]), np.array([10.0, 10.0, 9.0])
    weight = np.array([(5.5 - 7) / 7, 5.1 / 9.6, 0.0])
    assert mixed(by_model, staying, weight=weight) == pytest.approx([5.5, 5.5, 3.0])
    drawn = np.array([[0.1, 0.1, 0.1], [0.3, 0.6, 0.3]])
    played = [mixed_draws(np.array([7, 0, 3]), np.array([10, 11, 9]), weight=weight, drawn=d) for d in drawn]
    assert [p.tolist() for p in played] == [[0, 11, 3], [7, 0, 3]]


def test_silences_that_were_not_seen_count_as_the_ends_of_those_that_were():
    rows = grouped(frequency=np.full(4, 9), recency=np.array([80.0, 180, 240, 275]), age=np.full(4, 280.0))
    found = Comeback(0.5, -0.02, 0.47, 0.09, 90.0, (20.0, 120.0))
    part = found.part(rows, by_model=np.full(4, 0.1), staying=np.full(4, 5.0))
    expected = np.exp(-0.02 + 0.47 * np.log(np.array([120, 100, 40, 20]) / 90) + 0.09 * np.log(0.02))
    assert part == pytest.approx(expected)
    sure = Comeback(0.5, 0.7, 0.0, 0.0, 90.0, (20.0, 120.0))
    assert sure.part(rows, by_model=np.full(4, 0.1), staying=np.full(4, 5.0)) == pytest.approx(1.0)
