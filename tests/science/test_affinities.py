"""Affinities: intervals that hold what they promise although members repeat themselves, and both kinds of pairs."""

from pathlib import Path

import ibis
import numpy as np
import polars as pl
import pytest

from shuke.science.affinities import AffinityRule, affinities, judged
from shuke.science.affinity import coded

GROCERIES = Path(__file__).parents[1] / "data" / "groceries.parquet"


def table_of(visits):
    return ibis.memtable(pl.DataFrame(visits, schema=["member_id", "basket_id", "item_id"], orient="row"))


def tasteful_town(*, pairs, members=320, visits=30, seed=3):
    """Each pair of goods has its lovers: in a visit a member takes either with the same chance, independently.

    Lift is then E[p²] / E[p]², whatever the number of visits.
    """
    rng = np.random.default_rng(seed)
    rows = []
    for pair in range(pairs):
        chance = rng.beta(0.5, 2, members)
        for side in "ab":
            taken = rng.random((members, visits)) < chance[:, None]
            who, when = np.nonzero(taken)
            rows += [(f"m{m}", f"m{m}-{v}", f"{side}{pair:02}") for m, v in zip(who, when, strict=True)]
    rows += [(f"m{m}", f"m{m}-{v}", "bag") for m in range(members) for v in range(visits)]
    mean = 0.5 / 2.5
    return table_of(rows), (mean * (1 - mean) / 3.5 + mean**2) / mean**2


def test_intervals_hold_the_true_lift_although_members_repeat_themselves():
    lines, truth = tasteful_town(pairs=60)
    found = judged(lines, coded(lines), rule=AffinityRule(least_count=1))
    names = [
        (found.items[int(i)], found.items[int(j)]) for i, j in zip(found.first, found.second, strict=True)
    ]
    mine = np.array([a[1:] == b[1:] and "bag" not in (a, b) for a, b in names])
    assert mine.sum() == 60
    assert ((found.low[mine] <= truth) & (truth <= found.high[mine])).mean() >= 0.88
    # Taken for independent baskets, the intervals are far too narrow.
    n, a, b, whole = found.together[mine], found.count_1[mine], found.count_2[mine], found.baskets
    spread = np.sqrt(1 / n - 1 / a - 1 / b + (2 * found.lift[mine] - 1) / whole)
    narrow = np.exp(np.log(found.lift[mine]) + np.outer([-1.96, 1.96], spread))
    assert ((narrow[0] <= truth) & (truth <= narrow[1])).mean() < 0.7
    # Goods of different pairs have nothing to do with one another: few are told.
    others = np.array([a[1:] != b[1:] and "bag" not in (a, b) for a, b in names])
    assert (found.p_adjusted[others] <= 0.05).mean() < 0.02


def test_the_worked_numbers_of_the_module():
    """1,000 baskets of as many members: the grouped spread is that of independent baskets."""
    rows = []
    for number in range(1000):
        goods = ["bread"]
        goods += ["pasta"] if number < 200 else []
        goods += ["sauce"] if number < 60 or 200 <= number < 240 else []
        rows += [(f"m{(number * 7919) % 1000:04}", f"b{number}", good) for good in goods]
    found = affinities(table_of(rows), rule=AffinityRule(least_count=20)).to_pylist()
    row = next(r for r in found if (r["left"], r["right"]) == ("pasta", "sauce"))
    assert (row["kind"], row["baskets"], row["support"], row["confidence"]) == ("complement", 60, 0.06, 0.3)
    assert row["lift"] == pytest.approx(3)
    assert row["low"] == pytest.approx(2.56, rel=0.08)
    assert row["high"] == pytest.approx(3.52, rel=0.08)
    back = next(r for r in found if (r["left"], r["right"]) == ("sauce", "pasta"))
    assert back["confidence"] == pytest.approx(0.6)


def town_with_eggs():
    """Half of the town takes one kind of eggs or the other, never both; petrol is paid for alone."""
    visits = []
    for member in range(200):
        for day in range(6):
            basket = f"{member}-{day}"
            goods = ["milk", ("large", "medium")[(day + member) % 2]] if member % 2 else ["bread"]
            visits += [(f"m{member}", basket, good) for good in goods]
        visits += [(f"m{member}", f"{member}-fuel{n}", "petrol") for n in range(3 if member % 4 else 0)]
    return table_of(visits)


def test_substitutes_never_meet_but_have_the_same_buyers_and_are_kin():
    kin = dict.fromkeys(("large", "medium"), "eggs") | {"milk": "dairy", "bread": "bakery", "petrol": "fuel"}
    told = affinities(town_with_eggs(), kin=kin, rule=AffinityRule(least_count=30)).to_pylist()
    apart = {(r["left"], r["right"]) for r in told if r["kind"] == "substitute"}
    assert apart == {("large", "medium"), ("medium", "large")}
    row = next(r for r in told if r["left"] == "large" and r["kind"] == "substitute")
    assert (row["baskets"], row["lift"], row["low"]) == (0, 0.0, 0.0)
    assert 0 < row["high"] < 0.2
    # Without kin, petrol looks like one; members of different taste never do.
    loose = affinities(town_with_eggs(), rule=AffinityRule(least_count=30)).to_pylist()
    pairs = {(r["left"], r["right"]) for r in loose if r["kind"] == "substitute"}
    assert ("milk", "petrol") in pairs
    assert ("bread", "large") not in pairs
    assert ("milk", "large") in {(r["left"], r["right"]) for r in told if r["kind"] == "complement"}


def test_counts_are_those_of_groceries():
    rows = pl.read_parquet(GROCERIES).with_columns(pl.all().cast(pl.Utf8))
    lines = ibis.memtable(rows.with_columns(member_id=pl.col("basket_id")))
    told = affinities(lines, rule=AffinityRule(least_count=98)).to_pylist()
    row = next(r for r in told if (r["left"], r["right"]) == ("other vegetables", "root vegetables"))
    # As arules prints it: support 0.04738180, lift 2.246605.
    assert row["support"] == pytest.approx(0.04738180, abs=5e-9)
    assert row["lift"] == pytest.approx(2.246605, abs=5e-7)
    assert len(affinities(lines.limit(0)).to_pylist()) == 0
