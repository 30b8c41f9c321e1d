"""Needs that were planted are found, as many as there were, and named; a crowd without needs shows none."""

import json

import numpy as np
import pytest
from scipy import sparse

from shuke.science.needs import MIXED, NeedModel, find_needs, likeness, model_of, need_shares, strongest

NEEDS = 4
OWN = 6
STAPLES = 8
CATEGORIES = [f"need {need} {place}" for need in range(NEEDS) for place in range(OWN)] + [
    f"staple {place}" for place in range(STAPLES)
]
KS = range(2, 8)


def planted(members, *, rng, staples=0.5):
    """Members of one need each, who buy its categories in a quarter of visits, a little of others', and staples."""
    need = rng.integers(NEEDS, size=members)
    chances = np.full((members, len(CATEGORIES)), 0.02)
    chances[:, NEEDS * OWN :] = staples
    for place in range(OWN):
        chances[np.arange(members), need * OWN + place] = 0.25
    visits = rng.binomial(rng.integers(20, 60, size=members)[:, None], chances)
    return need, sparse.csr_matrix(visits)


@pytest.fixture(scope="module")
def found():
    rng = np.random.default_rng(5)
    need, visits = planted(800, rng=rng)
    return need, visits, find_needs(visits, CATEGORIES, rng=rng, ks=KS)


def test_as_many_needs_are_found_as_were_planted_and_each_is_named_by_its_own(found):
    _need, _visits, model = found
    assert len(model.weights) == NEEDS
    assert {
        tuple(sorted({name.rsplit(" ", 1)[0] for name in model.top_categories(i)})) for i in range(NEEDS)
    } == {(f"need {need}",) for need in range(NEEDS)}, "staples that everybody buys name no need"
    assert model.weights.sum(axis=1) == pytest.approx(np.ones(NEEDS))
    agreements = {one.k: one.agreement for one in model.tried}
    assert agreements[NEEDS] > 0.95
    assert all(agreements[k] < 0.8 for k in KS if k > NEEDS), "a need too many is not found again"
    assert str(model.reading).startswith("4 needs are told apart")


def test_members_come_back_to_the_need_they_were_given(found):
    need, visits, model = found
    mine, share = strongest(need_shares(model, visits, CATEGORIES))
    planted_as = np.array([int(model.top_categories(i)[0].split()[1]) for i in range(NEEDS)])
    assert (planted_as[mine] == need).mean() > 0.97
    assert (share[mine != MIXED] >= 0.4).all()


def test_the_same_seed_gives_the_same_needs_and_another_one_needs_that_are_like_them(found):
    _need, visits, model = found
    again = find_needs(visits, CATEGORIES, rng=np.random.default_rng(9), ks=[NEEDS])
    same = find_needs(visits, CATEGORIES, rng=np.random.default_rng(9), ks=[NEEDS])
    assert np.array_equal(again.weights, same.weights)
    assert likeness(model.weights, again.weights).min() > 0.99


def test_a_kept_model_places_a_member_by_itself_whatever_else_is_sold(found):
    """Nobody else's baskets, other order of categories and goods that came later change nothing."""
    _need, visits, model = found
    kept = model_of(json.loads(json.dumps(model.as_data())))
    every = need_shares(kept, visits, CATEGORIES)
    alone = sparse.hstack([sparse.csr_matrix(np.full((1, 1), 9.0)), visits[7, ::-1]])
    one = need_shares(kept, alone, ["came later", *CATEGORIES[::-1]])
    # The new category takes part in the shares of visits, but all shares shrink alike.
    assert one[0] == pytest.approx(every[7], abs=1e-6)


def test_who_bought_nothing_has_no_need(found):
    model = found[2]
    shares = need_shares(model, sparse.csr_matrix((2, len(CATEGORIES))), CATEGORIES)
    assert not shares.any()
    assert strongest(shares)[0].tolist() == [MIXED, MIXED]


def test_a_crowd_without_needs_is_not_divided():
    """Everybody buys everything alike: what halves show is chance, and the reading says so."""
    rng = np.random.default_rng(2)
    visits = sparse.csr_matrix(rng.binomial(20, 0.03, size=(400, 60)))
    model = find_needs(visits, [str(i) for i in range(60)], rng=rng, ks=range(2, 5))
    assert all(one.agreement < 0.3 for one in model.tried)
    assert str(model.reading).endswith("do not build on them.")


def test_too_few_members_are_refused():
    with pytest.raises(ValueError, match="ten members"):
        find_needs(sparse.csr_matrix(np.ones((19, 4))), list("abcd"), rng=np.random.default_rng(0), ks=[2])


def test_likeness_pairs_needs_whatever_their_order():
    weights = np.eye(3) + 0.1
    assert likeness(weights, weights[[2, 0, 1]]) == pytest.approx([1.0, 1.0, 1.0])
    model = NeedModel(("a", "b", "c"), np.array([[0.0, 0.7, 0.3]]), np.ones(3))
    assert model.top_categories(0) == ["b", "c"]
