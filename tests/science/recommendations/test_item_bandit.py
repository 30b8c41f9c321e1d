"""A bandit over items, on worlds whose truth is known."""

import numpy as np
import pytest

from shuke.science.recommendations.item_bandit import (
    ItemBandit,
    expected_regret,
    fit_places,
    item_bandit,
    missed,
    orders_of,
)

LOOKED = np.array([1.0, 0.6, 0.35, 0.2])


def beliefs(taken, exposures, *, popular=None, is_new=None, overall=(0.0, 0.0)):
    taken, exposures = np.array(taken, dtype=float), np.array(exposures, dtype=float)
    return item_bandit(
        np.ones(len(taken)) if popular is None else np.array(popular, dtype=float),
        taken=taken,
        exposures=exposures,
        is_new=np.zeros(len(taken), dtype=bool) if is_new is None else np.array(is_new),
        overall=overall,
    )


def test_a_place_that_is_looked_at_less_says_less_against_what_stands_there():
    rates, rng = np.array([0.2, 0.2, 0.1, 0.1]), np.random.default_rng(1)
    # The first item nearly always stands first, its equal nearly always last.
    shown = np.array(
        [[9000, 500, 300, 200], [200, 500, 300, 9000], [400, 4500, 4700, 400], [400, 4500, 4700, 400]]
    )
    taken = rng.binomial(shown, rates[:, None] * LOOKED)
    fit = fit_places(shown.astype(float), taken.astype(float))
    assert fit.looked == pytest.approx(LOOKED, abs=0.05)
    assert taken.sum(axis=1) / fit.exposures == pytest.approx(rates, abs=0.02)
    by_lists = taken.sum(axis=1) / shown.sum(axis=1)
    assert by_lists[1] < 0.5 * by_lists[0]


def test_without_takings_places_have_the_usual_discount():
    fit = fit_places(np.full((3, 3), 5.0), np.zeros((3, 3)))
    assert fit.looked == pytest.approx([1.0, 0.6309, 0.5], abs=0.05)
    assert fit_places(np.zeros((0, 0)), np.zeros((0, 0))).exposures.shape == (0,)


def test_the_prior_is_the_rate_of_all_by_popularity_and_new_items_are_believed_in_less_firmly():
    # Worked: 8 of 330 exposures, with the prior 9 of 360, are 2.5 %; one taking is worth 40 exposures.
    found = beliefs([0, 0, 0], [0, 0, 0], popular=[6, 2, 0], is_new=[False, False, True], overall=(8, 330))
    assert found.rates == pytest.approx([0.025 * 1.5**0.5, 0.025 * 0.5**0.5, 0.025])
    assert (found.taken + found.left) == pytest.approx([40, 40, 16])
    after = beliefs([3, 0, 0], [60, 0, 0], popular=[6, 2, 0], is_new=[False, False, True], overall=(8, 330))
    assert after.taken[0] - found.taken[0] == pytest.approx(3)
    assert after.left[0] - found.left[0] == pytest.approx(57)


def test_chances_are_those_of_what_is_drawn_and_of_what_may_be_shown():
    orders = orders_of(beliefs([5, 4, 3, 1, 0], [50, 50, 50, 50, 50]), places=2, rng=np.random.default_rng(3))
    may = np.array([True, False, True, True, True])
    chances = orders.chances(may, places=2)
    assert chances.sum() == pytest.approx(2.0)
    assert chances[1] == 0
    rng = np.random.default_rng(4)
    seen = np.zeros(5)
    for _ in range(4000):
        listed = orders.one(may, places=2, rng=rng)
        assert len(listed) == 2
        seen[listed] += 1
    assert seen / 4000 == pytest.approx(chances, abs=0.03)


def test_new_items_get_their_share_of_lists_however_poor_they_look():
    bandit = ItemBandit(
        taken=np.r_[np.full(20, 50.0), 0.1, 0.1], left=np.r_[np.full(20, 50.0), 500.0, 500.0],
        is_new=np.r_[np.zeros(20, dtype=bool), True, True],
    )  # fmt: skip
    orders = orders_of(bandit, places=4, rng=np.random.default_rng(5))
    chances = orders.chances(np.ones(22, dtype=bool), places=4)
    assert chances[20:] == pytest.approx([0.05, 0.05], abs=0.015)
    # Each order is one of all items.
    assert (np.sort(orders.drawn, axis=1) == np.arange(22)).all()


def test_factors_of_the_house_move_what_is_drawn():
    bandit = beliefs([5, 5], [50, 50])
    plain = orders_of(bandit, places=1, rng=np.random.default_rng(6))
    pushed = orders_of(bandit, places=1, rng=np.random.default_rng(6), factors=np.array([1.0, 3.0]))
    may = np.ones(2, dtype=bool)
    assert plain.chances(may, places=1)[1] == pytest.approx(0.5, abs=0.05)
    assert pushed.chances(may, places=1)[1] > 0.9


def test_no_list_has_more_of_a_kind_than_the_cap_while_others_are_left():
    bandit = beliefs([9, 8, 7, 1, 1], [50, 50, 50, 50, 50])
    orders = orders_of(bandit, places=4, rng=np.random.default_rng(7), kind=np.array([5, 5, 5, 8, -1]), cap=1)
    everything, rng = np.ones(5, dtype=bool), np.random.default_rng(8)
    for _ in range(50):
        listed = orders.one(everything, places=3, rng=rng)
        assert np.isin(listed, [0, 1, 2]).sum() == 1
        # Nothing else is left: the kind fills the last place.
        longer = orders.one(everything, places=4, rng=rng)
        assert np.isin(longer, [0, 1, 2]).sum() == 2
        assert longer[3] in (0, 1, 2)
    assert orders.chances(everything, places=3)[3:] == pytest.approx([1.0, 1.0])
    assert orders.chances(everything, places=4).sum() == pytest.approx(4.0)


def world(seed, *, days, lists=400, shown_by="bandit"):
    """Takings missed, of all that the best list would have had; popularity misleads, and two new items are good."""
    rng = np.random.default_rng(seed)
    rates = np.r_[rng.beta(2, 60, 28), 0.12, 0.10]
    is_new = np.r_[np.zeros(28, dtype=bool), True, True]
    # Half of what makes an item popular has nothing to do with what strangers take.
    popular = np.r_[rates[:28] * rng.gamma(2, 1, 28) * 1000, 0.0, 0.0]
    shown, taken = np.zeros((30, 4)), np.zeros((30, 4))
    lost = best = 0.0
    for _ in range(days):
        fit = fit_places(shown, taken)
        bandit = item_bandit(
            popular, taken=taken.sum(axis=1), exposures=fit.exposures, is_new=is_new,
            overall=(taken.sum(), fit.exposures.sum()),
        )  # fmt: skip
        orders = orders_of(bandit, places=4, rng=rng, draws=lists)
        drawn = orders.drawn[:, :4] if shown_by == "bandit" else np.tile(np.argsort(-popular)[:4], (lists, 1))
        today = np.zeros((30, 4))
        np.add.at(today, (drawn, np.arange(4)[None, :]), 1)
        shown, taken = shown + today, taken + rng.binomial(today.astype(int), rates[:, None] * LOOKED)
        told = missed(today, lists=lists, rates=rates, looked=LOOKED)
        lost, best = lost + told.best - told.shown, best + told.best
    return lost / best, expected_regret(bandit, orders, LOOKED, rng=rng), drawn


def test_it_finds_what_strangers_take_and_the_new_items_among_it():
    tried = [world(seed, days=30) for seed in range(3)]
    by_popularity = np.mean([world(seed, days=2, shown_by="popularity")[0] for seed in range(3)])
    assert np.mean([lost for lost, _, _ in tried]) < 0.5 * by_popularity
    assert np.mean([lost for lost, _, _ in tried]) < 0.2
    # In the end both new items, truly the best, stand on nearly every list.
    assert np.mean([np.isin([28, 29], order).mean() for _, _, drawn in tried for order in drawn]) > 0.85
    # And it knows that it misses less than after a day.
    assert np.mean([regret for _, regret, _ in tried]) < 0.5 * world(0, days=1)[1]
