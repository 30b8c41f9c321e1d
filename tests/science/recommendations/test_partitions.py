"""What is made of parts of a lake is what is made of the whole history on one machine."""

from dataclasses import fields
from datetime import UTC, date, datetime, timedelta
from types import SimpleNamespace

import ibis
import numpy as np
import polars as pl
import pyarrow as pa
import pytest

from shuke.science.recommendations import complements as local_complements
from shuke.science.recommendations.bundle_fitting import Facts, FitSettings, fit
from shuke.science.recommendations.bundles import Goods, Purchases
from shuke.science.recommendations.complements import together
from shuke.science.recommendations.factorisation import Als
from shuke.science.recommendations.frequency import PersonalFrequency
from shuke.science.recommendations.histories import history_of
from shuke.science.recommendations.item_knn import nearest, weighted
from shuke.science.recommendations.partitions import coding, members
from shuke.science.recommendations.partitions.bundling import PartFacts, bundle_of_parts, item_facts
from shuke.science.recommendations.partitions.joins import Caps, complements, mapped_here, tastes
from shuke.science.recommendations.partitions.pairs import basket_pairs, short_baskets
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
    table = pl.DataFrame(rows, schema=["member", "basket", "item", "placed_at"], orient="row")
    return table.with_columns(
        quantity=pl.col("basket").str.len_chars(), amount=pl.lit(250), store=pl.col("member").str.slice(1, 1)
    )


@pytest.fixture(scope="module")
def history():
    local = pl.col("placed_at").dt.convert_time_zone(ZONE).dt.replace_time_zone(None)
    found = history_of(bought().select("member", "basket", "item", "quantity", "amount", "store", time=local))
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
    assert coded.member_ids.tolist() == history.member_ids.tolist()
    assert coded.item_ids.tolist() == history.item_ids.tolist()
    assert coded.end == history.end
    assert coded.baskets == history.baskets
    assert np.array_equal(coded.ties, tie_order(history))
    assert np.array_equal(coded.item_baskets, history.item_baskets)


class Here:
    """Machines that take parts in any order, and factors that are those of one machine."""

    mapped = staticmethod(in_parts)

    def __init__(self, history):
        self.history = history

    def factorised(self, ratings, *, items, seed):
        assert ratings.count().to_pyarrow().as_py() == self.history.counts().nnz
        found = Als().fit(self.history, rng=np.random.default_rng(seed))
        rows = {"member": np.arange(len(found.members), dtype=np.int32), "factors": found.members.tolist()}
        schema = pa.schema([("member", pa.int32()), ("factors", pa.list_(pa.float32()))])
        return SimpleNamespace(items=found.items, members=ibis.memtable(pa.table(rows, schema=schema)))


def goods_of(history, coded):
    kinds, names = (np.arange(history.items) % 4).astype(np.int32), np.array(["a", "b", "c", "d"])
    levels = ("kind", "family", "brand", "department")
    price, cycle = item_facts(coded, mapped=in_parts)
    return Goods(
        names=history.item_ids.astype(str),
        **dict.fromkeys(levels, kinds),
        **{f"{level}_names": names for level in levels},
        price=price,
        margin=np.full(history.items, np.nan, dtype=np.float32),
        cycle=cycle,
        is_active=np.ones(history.items, dtype=bool),
    )


def test_a_bundle_made_of_parts_is_the_bundle_of_the_whole_history(history, coded):
    goods, segment = goods_of(history, coded), (np.arange(history.members) % 2).astype(np.int32)
    names = np.array(["new", "old"])
    fitted = ("popularity", "personal-frequency", "item-knn-tf-idf")
    settings = FitSettings(strategies=fitted, depth=20, neighbours=10, minimum_count=LEAST, members=0)
    told = {"as_of": date(2026, 4, 30), "bundle_id": "b"}
    whole = fit(Facts(history, goods, segment, names), settings, **told)
    parts = PartFacts(coded, goods, segment, names)
    ours = bundle_of_parts(parts, Here(history), settings=settings, caps=Caps(), **told)
    plain = ("member_ids", "item_ids", "baskets", "store_ids", "member_store", "member_segment")
    for name in plain:
        assert np.array_equal(getattr(ours, name), getattr(whole, name)), name
    for field in fields(Purchases):
        pair = [getattr(bundle.purchases, field.name) for bundle in (ours, whole)]
        assert np.array_equal(*pair, equal_nan=pair[0].dtype.kind == "f"), field.name
    assert ours.popular.keys() == whole.popular.keys() == {"all", "segment:new", "segment:old", "store:2"}
    for part in ("popular", "neighbours", "lists"):
        for name, lists in getattr(whole, part).items():
            if name != "discovery":
                mine = getattr(ours, part)[name]
                assert np.array_equal(mine.items, lists.items), name
                assert np.allclose(mine.scores, lists.scores, rtol=1e-6), name
    assert ours.manifest["lines"] == history.lines
    new = [set(ours.lists["discovery"].items[m].tolist()) - {-1} for m in range(history.members)]
    assert all(
        not mine & set(np.flatnonzero(row)) for mine, row in zip(new, history.counts().toarray(), strict=True)
    )
    assert sum(map(len, new)) > history.members


def test_frequencies_of_parts_are_equal_to_the_last_digit(history, coded):
    strategy = PersonalFrequency()
    models = {strategy.name: members.FrequencyOfPart(strategy, coded.recent, coded.end)}
    kernel = members.MemberLists(models, coded.ties, coded.end, 10, ZONE)
    found = in_parts(coded.lines, kernel, by="member", schema=kernel.schema)
    at = np.full(history.members, history.end)
    model = strategy.fit(history, rng=np.random.default_rng(0))
    wanted = top(model, history, np.arange(history.members), at=at, n=10)
    lists = members.gathered(found, strategy.name, members=coded.members, depth=10)
    assert np.array_equal(lists.items, wanted.items)
    assert np.array_equal(lists.scores, wanted.scores)


def test_prices_and_cycles_are_those_that_the_lines_say(coded):
    """By hand for one item: all of its prices of the last 90 days, all days between purchases of a member."""
    price, cycle = item_facts(coded, mapped=in_parts)
    local = pl.col("placed_at").dt.convert_time_zone(ZONE).dt.date()
    lines = bought().with_columns(day=local).unique(["member", "basket", "item"])
    for number in (0, coded.items - 1):
        mine = lines.filter(pl.col("item") == coded.item_ids[number])
        late = mine.filter(pl.col("day") >= mine["day"].max() - timedelta(days=60))
        assert late["amount"].min() / late["quantity"].max() <= price[number] <= 250
        days = mine.select("member", "day").unique().sort("member", "day")
        gaps = days.select(gap=pl.col("day").diff().over("member").dt.total_days()).drop_nulls()["gap"]
        assert cycle[number] == pytest.approx(gaps.median())


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


def test_an_item_of_which_few_members_look_is_as_like_itself_as_any(coded):
    found = tastes(coded, mapped=in_parts, caps=Caps(item_members=3), neighbours=coded.items)
    assert found.diagonal() == pytest.approx(np.ones(coded.items))


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
    pairs = pairs_of(coded, most=300)
    milk, bread = coded.item_ids.tolist().index("milk"), coded.item_ids.tolist().index("bread")
    assert pairs[milk, milk] == 300
    assert pairs[milk, bread] / 300 == pytest.approx(1 / 3, abs=0.1)
    assert pairs[bread, milk] == pairs[bread, bread] == 300


def pairs_of(coded, *, most):
    found = basket_pairs(short_baskets(coded.inside, longest=100), most=most).to_pyarrow().to_pylist()
    return {(row["item"], row["other"]): row["both"] for row in found}


def test_confidences_above_one_need_an_alpha_that_gives_them(coded):
    rating = coding.als_ratings(coded.inside, alpha=2.0).to_pyarrow()["rating"].to_numpy()
    assert rating.min() == pytest.approx(2 * np.log(2) - 1)
    with pytest.raises(ValueError, match=r"above 1\.4427"):
        coding.als_ratings(coded.inside, alpha=1.4)


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
