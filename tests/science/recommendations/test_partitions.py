"""What is made of parts of a lake is what is made of the whole history on one machine."""

from datetime import UTC, datetime, timedelta

import ibis
import numpy as np
import polars as pl
import pyarrow as pa
import pytest

from shuke.science.recommendations import complements as local_complements
from shuke.science.recommendations.complements import together
from shuke.science.recommendations.frequency import PersonalFrequency
from shuke.science.recommendations.histories import history_of
from shuke.science.recommendations.item_knn import ItemKnn, nearest, weighted
from shuke.science.recommendations.partitions import coding, members
from shuke.science.recommendations.partitions.joins import Caps, complements, mapped_here, tastes
from shuke.science.recommendations.strategies import tie_order, top

ZONE = "Asia/Shanghai"
LEAST = 25


def bought(baskets: int = 400) -> pl.DataFrame:
    """Baskets at all hours, so that the retailer's day differs from that of UTC; some items in few of them."""
    rng, began = np.random.default_rng(1), datetime(2026, 1, 1, tzinfo=UTC)
    rows = [
        (f"m{member}", f"b{basket}", f"i{item:03}", at)
        for basket in range(baskets)
        for member in [int(rng.integers(0, 60))]
        for at in [began + timedelta(minutes=int(rng.integers(0, 120 * 24 * 60)))]
        for item in (rng.power(3, rng.integers(1, 8)) * 50).astype(int)
    ]
    return pl.DataFrame(rows, schema=["member", "basket", "item", "placed_at"], orient="row")


@pytest.fixture(scope="module")
def history():
    local = pl.col("placed_at").dt.convert_time_zone(ZONE).dt.replace_time_zone(None)
    found = history_of(bought().select("member", "basket", "item", time=local))
    return found.with_vocabulary(found.item_baskets >= LEAST)


@pytest.fixture(scope="module")
def coded():
    return coding.coded_lines(ibis.memtable(bought().to_arrow()), time_zone=ZONE, minimum_count=LEAST)


def in_parts(rows, kernel, *, by, schema):
    """As a cluster would: groups of ``by`` in three parts, their rows in any order."""
    table = rows.to_pyarrow()
    table = table.take(np.random.default_rng(2).permutation(table.num_rows))
    part = table[by].to_numpy() % 3
    return pa.concat_tables(kernel(table.filter(pa.array(part == n))) for n in range(3))


def test_numbers_ties_and_the_end_are_those_of_the_history(history, coded):
    assert coded.item_ids.tolist() == history.item_ids.tolist()
    assert coded.end == history.end
    assert coded.baskets == history.baskets
    assert np.array_equal(coded.ties, tie_order(history))
    assert np.array_equal(coded.item_baskets, history.item_baskets)


def test_lists_of_parts_of_the_members_are_the_lists_of_all(history, coded):
    strategy, weights = PersonalFrequency(), tastes(coded, mapped=in_parts, caps=Caps(), neighbours=20)
    models = {
        strategy.name: members.FrequencyOfPart(strategy, coded.recent, coded.end),
        "item-knn-tf-idf": members.ProductOfPart(weights.T.tocsr()),
    }
    kernel = members.MemberLists(
        models, coded.ties, coded.end, 10, ZONE, only_new=frozenset(["item-knn-tf-idf"])
    )
    found = in_parts(coded.lines, kernel, by="member", schema=kernel.schema)
    numbers = history.member_numbers(coded.member_ids)
    at = np.full(len(numbers), history.end)
    for local in (strategy, ItemKnn()):
        left_out = history if local.name in kernel.only_new else None
        model = local.fit(history, rng=np.random.default_rng(0))
        wanted = top(model, history, numbers, at=at, n=10, leave_out=left_out)
        lists = members.gathered(found, local.name, members=coded.members, depth=10)
        assert np.array_equal(lists.items, wanted.items)
        # Weights went home as float32: the last digits of long sums.
        assert np.allclose(lists.scores, wanted.scores, rtol=0 if local is strategy else 1e-6)


def test_pairs_counted_by_a_join_are_the_product_of_matrices(history, coded, monkeypatch):
    monkeypatch.setattr(local_complements, "LONGEST_BASKET", 6)
    wanted = together(history, neighbours=10, least=5.0)
    found = complements(coded, mapped=in_parts, caps=Caps(basket=6), neighbours=10, least=5.0)
    assert found.nnz > 100
    assert (found != wanted).nnz == 0
    assert (complements(coded, mapped=mapped_here, caps=Caps(), neighbours=10, least=5.0) != wanted).nnz > 0


def test_tastes_are_the_cosines_of_the_matrix(history, coded):
    wanted = nearest(weighted(history.counts().T.tocsr(), weighting="tf-idf"), neighbours=10)
    found = tastes(coded, mapped=in_parts, caps=Caps(), neighbours=10)
    assert abs(found - wanted).max() < 1e-7


def test_a_cap_looks_at_few_and_speaks_for_all():
    """Milk is in every basket of 3,000, bread in a third of them: a tenth of the receipts says so, too."""
    rows = [
        (f"m{n % 500}", f"b{n}", item) for n in range(3_000) for item in ("milk", "bread")[: 1 + (n % 3 == 0)]
    ]
    at = datetime(2026, 1, 1, tzinfo=UTC)
    table = pl.DataFrame(
        [(*row, at + timedelta(minutes=7 * int(row[1][1:]))) for row in rows],
        schema=["member", "basket", "item", "placed_at"],
        orient="row",
    )
    coded = coding.coded_lines(ibis.memtable(table.to_arrow()), time_zone="UTC")
    pairs = coding_pairs(coded, most=300)
    milk, bread = coded.item_ids.tolist().index("milk"), coded.item_ids.tolist().index("bread")
    assert pairs[milk, milk] == 300
    assert pairs[milk, bread] / 300 == pytest.approx(1 / 3, abs=0.1)
    assert pairs[bread, milk] == pairs[bread, bread] == 300


def coding_pairs(coded, *, most):
    from shuke.science.recommendations.partitions.pairs import basket_pairs, short_baskets

    found = basket_pairs(short_baskets(coded.lines, longest=100), most=most).to_pyarrow().to_pylist()
    return {(row["item"], row["other"]): row["both"] for row in found}


def test_confidences_above_one_need_an_alpha_that_gives_them(coded):
    rating = coding.als_ratings(coded.lines, alpha=2.0).to_pyarrow()["rating"].to_numpy()
    assert rating.min() == pytest.approx(2 * np.log(2) - 1)
    with pytest.raises(ValueError, match=r"above 1\.4427"):
        coding.als_ratings(coded.lines, alpha=1.4)


def test_lists_from_factors_are_the_best_products(coded):
    rng = np.random.default_rng(5)
    items = rng.normal(size=(coded.items, 4)).astype(np.float32)
    mine = rng.normal(size=(7, 4)).astype(np.float32)
    table = pa.table(
        {
            "member": pa.array(np.arange(7, dtype=np.int32)),
            "factors": pa.array(mine.tolist(), pa.list_(pa.float32())),
        }
    )
    kernel = members.FactorLists("als", items, coded.ties, 5, chunk=3)
    lists = members.gathered(kernel(table), "als", members=9, depth=5)
    assert lists.items[:7].tolist() == np.argsort(-(mine @ items.T), axis=1)[:, :5].tolist()
    assert (lists.items[7:] == -1).all()
