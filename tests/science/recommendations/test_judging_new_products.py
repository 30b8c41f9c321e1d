"""New products judged on a town where members are true to a kind and a brand."""

import numpy as np
import polars as pl
import pytest

from shuke.science.recommendations.histories import history_of
from shuke.science.recommendations.judging_new_products import LIKENESS, LOT, SCORER, judge_new_products

KINDS, BRANDS = 6, 4


def item(kind, brand, number):
    return f"k{kind}b{brand}n{number}"


def town(*, members=120, seed=1):
    """Everybody buys one kind of one brand every ten days; from day 145 on each pair has a new product."""
    rng = np.random.default_rng(seed)
    rows = []
    for member in range(members):
        kind, brand = member % KINDS, member % BRANDS
        for day in range(member % 10, 168, 10):
            rows.append((f"m{member:03}", f"{member}-{day}", item(kind, brand, rng.integers(3)), day))
            rows.append((f"m{member:03}", f"{member}-{day}", item(int(rng.integers(KINDS)), brand, 0), day))
            if day >= 145 and rng.random() < 0.7:
                rows.append((f"m{member:03}", f"{member}-{day}", item(kind, brand, 9), day))
    # Somebody buys on the last day, so that the cut is known.
    rows.append(("m000", "last", item(0, 0, 1), 167))
    return history_of(pl.DataFrame(rows, schema=["member", "basket", "item", "time"], orient="row"))


def catalogue():
    rows = [
        (item(kind, brand, number), f"kind {kind}", f"brand {brand}", f"Thing {kind} {brand}")
        for kind in range(KINDS)
        for brand in range(BRANDS)
        for number in (0, 1, 2, 9)
    ]
    return pl.DataFrame(rows, schema=["item", "subcategory", "brand", "name"], orient="row")


def judged(history, table, **more):
    return judge_new_products(history, table, rng=np.random.default_rng(0), k=3, **more)


def test_those_who_buy_a_new_product_are_found_by_what_it_is():
    found = judged(town(), catalogue())
    assert (found.products, found.never_sold, found.unknown) == (12, 12, 0)
    assert 60 < found.members <= 120
    recall = {name: each["recall"].mean() for name, each in found.each.items()}
    assert recall[SCORER] > 0.9
    assert recall[LIKENESS] > 0.6
    # Three of twelve by lot.
    assert recall[LOT] == pytest.approx(0.25, abs=0.12)
    assert (found.each[SCORER]["hit"] >= found.each[SCORER]["recall"]).all()


def test_what_was_bought_before_or_long_ago_is_not_new():
    # With a cut after their first sales they are young, and who had one already is not asked for it.
    later = judged(town(), catalogue(), days=7)
    assert later.never_sold == 0
    assert later.products == 12
    assert later.members < judged(town(), catalogue()).members
    assert judged(town(), catalogue(), days=7, fresh=1).products == 0


def test_without_a_catalogue_that_knows_them_nobody_is_asked():
    old = catalogue().filter(~pl.col("item").str.ends_with("n9"))
    found = judged(town(), old)
    assert (found.members, found.products, found.unknown) == (0, 0, 12)
    bare = judged(town(), catalogue().select("item"))
    assert bare.members > 0
    assert bare.each[SCORER]["recall"].mean() < 0.5
