"""Each strategy against its formula written out the slow way, or against a world whose truth is known."""

import numpy as np
import polars as pl
import pytest
from scipy import sparse

from shuke.science.recommendations.complements import Complements
from shuke.science.recommendations.due import ReplenishmentDue, chance
from shuke.science.recommendations.ease import Ease
from shuke.science.recommendations.factorisation import Als, Bpr
from shuke.science.recommendations.frequency import PersonalFrequency
from shuke.science.recommendations.histories import DAY, history_of
from shuke.science.recommendations.item_knn import ItemKnn
from shuke.science.recommendations.linear import largest_of_rows
from shuke.science.recommendations.named import STRATEGIES
from shuke.science.recommendations.popularity import Popularity
from shuke.science.recommendations.rp3beta import RP3Beta
from shuke.science.recommendations.strategies import top
from shuke.science.recommendations.tifu_knn import TifuKnn, basket_weights
from shuke.science.recommendations.up_cf import UpCf


def history(rows, **extra):
    frame = pl.DataFrame(rows, schema=["member", "basket", "item", "time"], orient="row")
    return history_of(frame.with_columns(**extra))


def random_history(*, members=14, items=11, baskets=70, seed=4):
    rng = np.random.default_rng(seed)
    rows = [
        (int(rng.integers(members)), b, int(i), b)
        for b in range(baskets)
        for i in rng.choice(items, size=rng.integers(1, 5), replace=False)
    ]
    return history(rows)


def scored(strategy, h, *, at=None, seed=0):
    model = strategy.fit(h, rng=np.random.default_rng(seed))
    members = np.arange(h.members, dtype=np.int32)
    moments = np.full(h.members, h.end if at is None else at, dtype=np.int64)
    return model.scores(members, moments)


def test_personal_frequency_by_hand():
    h = history([("m", 1, "a", 0), ("m", 2, "a", 90), ("m", 2, "b", 90), ("n", 3, "c", 90)])
    asked = 180 * DAY
    got = scored(PersonalFrequency(half_life=90, prior=0.5), h, at=asked)
    # a 180 and 90 days ago: 1/4 + 1/2; b 1/2; each of a, b, c in one recent basket: 0.5 · 1/1.
    assert got[0] == pytest.approx([0.75 + 0.5, 0.5 + 0.5, 0.5], rel=1e-6)
    bare = scored(PersonalFrequency(half_life=None, prior=0), h)
    assert bare[0].tolist() == [2, 1, -np.inf]
    assert scored(PersonalFrequency(half_life=None, prior=0, last=1), h)[0].tolist() == [1, 1, -np.inf]


def test_popularity_looks_back_so_many_days_and_at_the_members_store():
    rows = [("m", 1, "a", 0), ("m", 2, "b", 100), ("n", 3, "b", 100), ("n", 4, "c", 73), ("n", 5, "c", 72)]
    h = history(rows, store=pl.Series(["east", "east", "west", "west", "west"]))
    assert scored(Popularity(days=28), h)[0].tolist() == [0, 2, 1]
    assert scored(Popularity(days=None), h)[0].tolist() == [1, 2, 2]
    by_store = scored(Popularity(days=28, by_store=True), h)
    assert by_store[0] == pytest.approx([0, 1.02, 0.01])
    assert by_store[1] == pytest.approx([0, 1.02, 1.01])
    with pytest.raises(ValueError, match="store"):
        scored(Popularity(by_store=True), history(rows))


@pytest.mark.parametrize(("counts", "block"), [(False, 1024), (True, 1024), (False, 4), (True, 3)])
def test_ease_over_members_and_over_items_is_the_textbook(counts, block, monkeypatch):
    monkeypatch.setattr("shuke.science.recommendations.ease.BLOCK", block)
    for members in (14, 6):
        h = random_history(members=members)
        x = h.counts().toarray() if counts else (h.counts().toarray() > 0).astype(float)
        p = np.linalg.inv(x.T @ x + 3.0 * np.eye(h.items))
        weights = np.eye(h.items) - p / np.diag(p)
        np.fill_diagonal(weights, 0.0)
        assert scored(Ease(ridge=3.0, counts=counts), h) == pytest.approx(x @ weights, abs=1e-4)


def test_ease_beyond_its_size_models_the_most_bought():
    h = random_history()
    small = scored(Ease(ridge=3.0, largest=5), h)
    popular = np.argsort(-h.item_baskets, kind="stable")[:5]
    x = (h.counts().toarray() > 0)[:, np.sort(popular)].astype(float)
    p = np.linalg.inv(x.T @ x + 3.0 * np.eye(5))
    weights = np.eye(5) - p / np.diag(p)
    np.fill_diagonal(weights, 0.0)
    assert small[:, np.sort(popular)] == pytest.approx(x @ weights, abs=1e-4)
    assert not small[:, np.setdiff1d(np.arange(h.items), popular)].any()


def test_rp3beta_is_a_walk_of_three_steps():
    h = random_history()
    x = h.counts().toarray()
    out, back = x / x.sum(1, keepdims=True), (x / x.sum(0)).T
    wanted = (out**0.8 @ back**0.8 @ out**0.8) / (x > 0).sum(0) ** 0.4
    assert scored(RP3Beta(alpha=0.8, beta=0.4), h) == pytest.approx(wanted, rel=1e-5)


@pytest.mark.parametrize("weighting", ["cosine", "tf-idf", "bm25"])
@pytest.mark.parametrize("neighbours", [3, 50])
def test_item_neighbours_are_those_of_the_dense_formula(weighting, neighbours):
    h = random_history()
    x = h.counts().toarray().T
    rarity = np.log1p(x.shape[0]) - np.log1p((x > 0).sum(0))
    if weighting == "bm25":
        length = 0.25 + 0.75 * x.sum(1, keepdims=True) / x.sum(1).mean()
        v = x * 2.2 / (1.2 * length + x) * rarity
    else:
        v = x if weighting == "cosine" else np.sqrt(x) * rarity
        v = v / np.linalg.norm(v, axis=1, keepdims=True)
    likeness = v @ v.T
    for row in likeness:
        row[np.argsort(-row, kind="stable")[neighbours:]] = 0
    wanted = h.counts().toarray() @ likeness.T
    assert scored(ItemKnn(weighting, neighbours=neighbours), h) == pytest.approx(wanted, rel=1e-4, abs=1e-5)


def sets_of(h):
    return [set(h.item[h.member_rows[m] : h.member_rows[m + 1]].tolist()) for m in range(h.members)]


def baskets_of(h, member):
    places = range(h.member_baskets[member], h.member_baskets[member + 1])
    return [h.item[h.basket_rows[b] : h.basket_rows[b + 1]] for b in places]


def test_up_cf_is_its_formula():
    h = random_history()
    strategy = UpCf(last=3, alpha=0.6, locality=2.0, neighbours=4)
    sets = sets_of(h)
    popular = np.zeros((h.members, h.items))
    for m in range(h.members):
        latest = baskets_of(h, m)[-3:]
        for basket in latest:
            popular[m, basket] += 1 / len(latest)
    wanted = np.zeros_like(popular)
    for m in range(h.members):
        alike = (
            np.array([len(sets[m] & s) / (len(sets[m]) ** 0.6 * len(s) ** 0.4) if s else 0 for s in sets])
            ** 2
        )
        nearest = np.argsort(-alike, kind="stable")[:4]
        wanted[m] = alike[nearest] @ popular[nearest]
    assert scored(strategy, h) == pytest.approx(wanted, abs=1e-5)


@pytest.mark.parametrize(
    "strategy", [UpCf(neighbours=3), UpCf(neighbours=3, pool=6), TifuKnn(neighbours=3, pool=6)]
)
def test_neighbours_are_the_same_whoever_else_is_asked_and_in_whatever_order(strategy):
    h = random_history(members=20, baskets=120)
    model = strategy.fit(h, rng=np.random.default_rng(0))
    at = np.full(h.members, h.end)
    order = np.random.default_rng(1).permutation(h.members)
    odd = model.scores(order[:7], at[:7])
    again = model.scores(np.concatenate((order, order[:2])), at)
    assert (again[:7] == odd).all()
    assert (again[-2:] == odd[:2]).all()
    whole = strategy.fit(h, rng=np.random.default_rng(0)).scores(np.arange(h.members), at)
    assert (whole[order] == again[:-2]).all()
    assert model.scores(order[:0], at[:0]).shape == (0, h.items)


def test_the_largest_of_a_row_and_of_equals_the_first():
    rng = np.random.default_rng(3)
    for n in (1, 3, 8):
        dense = rng.integers(0, 4, (30, 12)).astype(float)
        got = largest_of_rows(sparse.csr_matrix(dense), n).toarray()
        for row, kept in zip(dense, got, strict=True):
            places = [place for place in np.lexsort((np.arange(12), -row))[:n] if row[place] > 0]
            assert np.flatnonzero(kept).tolist() == sorted(places)
            assert (kept[places] == row[places]).all()


def test_up_cf_from_a_pool_still_knows_the_member_itself():
    h = random_history()
    got = scored(UpCf(pool=3, neighbours=1), h)
    own = h.counts().toarray() > 0
    assert ((got > 0).sum(1) > 0).all()
    assert all(got[m][own[m]].max() > 0 for m in range(h.members))


def test_tifu_knn_is_its_formula():
    h = random_history(baskets=120)
    strategy = TifuKnn(neighbours=3, within=0.9, between=0.6, own=0.4, groups=3)
    vectors = np.zeros((h.members, h.items))
    for m in range(h.members):
        baskets = baskets_of(h, m)
        groups = min(3, len(baskets))
        # numpy gives the first groups one more; the paper's code gives it to the last ones.
        sizes = sorted(len(part) for part in np.array_split(np.arange(len(baskets)), groups))
        start = 0
        for g, size in enumerate(sizes):
            for place in range(size):
                weight = 0.9 ** (size - 1 - place) / size * 0.6 ** (groups - 1 - g) / groups
                vectors[m, baskets[start + place]] += weight
            start += size
    wanted = np.zeros_like(vectors)
    for m in range(h.members):
        far = np.linalg.norm(vectors - vectors[m], axis=1)
        far[m] = np.inf
        nearest = np.argsort(far, kind="stable")[:3]
        wanted[m] = 0.4 * vectors[m] + 0.6 * vectors[nearest].mean(0)
    assert scored(strategy, h) == pytest.approx(wanted, abs=1e-6)
    assert basket_weights(h, groups=1, within=1.0, between=1.0)[0] == pytest.approx(1 / len(baskets_of(h, 0)))


@pytest.mark.parametrize("strategy", [Als(factors=2), Bpr(factors=2, iterations=200)], ids=["als", "bpr"])
def test_factors_find_the_two_tastes_and_repeat_themselves(strategy):
    rng = np.random.default_rng(0)
    rows = []
    for m in range(40):
        taste = 10 * (m % 2)
        rows += [(m, m, taste + int(i), 0) for i in rng.choice(10, 6, replace=False)]
    h = history(rows)
    got = scored(strategy, h)
    own = h.counts().toarray() > 0
    above = []
    for m in range(40):
        mine = (h.item_ids >= 10) == bool(m % 2)
        above += np.greater.outer(got[m][mine & ~own[m]], got[m][~mine]).ravel().tolist()
    assert np.mean(above) > 0.95
    assert np.array_equal(got, scored(strategy, h))
    assert not np.array_equal(got, scored(strategy, h, seed=1))


def test_complements_follow_the_latest_basket():
    rng = np.random.default_rng(1)
    rows = []
    for b in range(300):
        rows += [(b % 50, b, "milk", b)] if rng.random() < 0.6 else []
        pair = ("bread", "butter") if rng.random() < 0.5 else ("gin", "tonic")
        rows += [(b % 50, b, item, b) for item in pair]
    rows += [(77, 999, "gin", 999)]
    h = history(rows)
    got = scored(Complements(), h)[h.member_numbers([77])[0]]
    names = h.item_ids[np.argsort(-got)]
    assert names[0] == "tonic"
    assert got[h.item_numbers(["gin", "bread", "butter"])].tolist() == [0, 0, 0]


def test_what_is_due_comes_first():
    rows = [(m, 1000 * m + d, "milk", d) for m in range(8) for d in range(m, 100, 7)]
    rows += [(m, 5000 + 1000 * m + d, "soap", d) for m in range(8) for d in range(m, 100, 30)]
    h = history(rows).before(99 * DAY)
    got = scored(ReplenishmentDue(), h, at=99 * DAY)
    milk, soap = h.item_numbers(["milk", "soap"])
    # Member 1 bought milk on day 92 (due on 99) and soap on day 91 (due on 121).
    assert got[1, milk] > 0.8 > 0.2 > got[1, soap]
    chances = chance(np.array([1.0, 5.0, 7.0]), np.full(3, 7.0), np.full(3, 0.3), horizon=2)
    assert np.all(np.diff(chances) > 0)
    given_up = chance(np.array([10.0, 40.0, 90.0]), np.full(3, 7.0), np.full(3, 0.3), horizon=2)
    assert given_up[2] < given_up[1] < given_up[0]


ODD = {
    "nothing": [],
    "one line": [("m", 1, "a", 0)],
    "one basket each": [(m, m, i, m) for m in range(5) for i in range(3)],
    "one item": [(1, b, "a", b) for b in range(6)],
    "gaps of years": [(1, 1, "a", 0), (1, 2, "a", 4000), (2, 3, "b", 9000)],
}


@pytest.mark.parametrize("name", list(STRATEGIES))
@pytest.mark.parametrize("rows", list(ODD.values()), ids=list(ODD))
def test_every_strategy_answers_on_odd_histories(name, rows):
    h = history(rows) if rows else history([("m", 1, "a", 0)]).before(0)
    for strategy in STRATEGIES[name]()[:1]:
        model = strategy.fit(h, rng=np.random.default_rng(0))
        members = np.arange(h.members, dtype=np.int32)
        lists = top(model, h, members, at=np.full(len(members), h.end, dtype=np.int64), n=3)
        assert lists.items.shape == (h.members, 3)
        assert not np.isnan(lists.scores).any()
        for row in lists.items:
            kept = row[row >= 0]
            assert len(set(kept.tolist())) == len(kept)


@pytest.mark.parametrize("name", list(STRATEGIES))
def test_nothing_depends_on_what_comes_after_the_cut(name):
    h = random_history(baskets=90)
    early, rng = h.before(60 * DAY), np.random.default_rng(1)
    other = history(
        [
            (
                h.member_ids[h.row_member[r]],
                int(h.basket_ids[h.row_basket[r]]),
                h.item_ids[h.item[r]],
                int(h.row_day[r]),
            )
            if h.row_day[r] < 60
            else (int(rng.integers(14)), 500 + r, int(rng.integers(11)), 60 + int(rng.integers(30)))
            for r in range(h.lines)
        ]
        + [(m, 900 + m, i, 99) for m in range(14) for i in [m % 11]]
        + [(m, 800 + m, int(i), 98) for m, i in enumerate(h.item_ids)]
    ).before(60 * DAY)
    assert np.array_equal(early.item, other.item)
    one, two = (scored(STRATEGIES[name]()[0], known, at=60 * DAY) for known in (early, other))
    assert np.array_equal(one, two)
