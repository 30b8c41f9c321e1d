"""Content in both languages, and rules that people set."""

from datetime import date

import numpy as np
import polars as pl
import pytest

from shuke.science.recommendations.content import Content, PartWeights, descriptions, similar
from shuke.science.recommendations.histories import DAY, history_of, moment
from shuke.science.recommendations.set_by_people import SetByPeople, SetRule
from shuke.science.recommendations.strategies import top

GOODS = pl.DataFrame(
    [
        (1, "蒙牛 酸奶 200g", "乳品", "蒙牛", 8.0),
        (2, "光明酸奶100克", "乳品", "光明", 5.0),
        (3, "洗发水 滋养型", "洗护", "海飞丝", 39.0),
        (4, "护发素", "洗护", "海飞丝", 35.0),
        (5, "Greek Yoghurt 200 g", "dairy", "Fage", 9.0),
        (6, "YOGURT strawberry", "dairy", "Danone", 4.0),
        (7, "Dog food 2 kg", "pets", None, None),
        (8, None, None, None, None),
    ],
    schema=["item", "name", "category", "brand", "price"],
    orient="row",
)


@pytest.mark.parametrize(("item", "like"), [(1, 2), (5, 6), (3, 4), (4, 3)])
def test_names_alone_find_what_is_alike_in_chinese_and_in_english(item, like):
    named = descriptions(GOODS.select("item", "name"))
    found, cosines = similar(named, np.array([item]), neighbours=3)
    if item != 4 and item != 3:
        assert found[0, 0] == like
        assert cosines[0, 0] > 1.5 * cosines[0, 2]
    whole = descriptions(GOODS)
    assert similar(whole, np.array([item]), neighbours=1)[0][0, 0] == like


def test_an_item_that_is_not_described_says_nothing():
    whole = descriptions(GOODS)
    rows = whole.of(np.array([8, 99, 1]))
    assert rows[0].nnz == 0
    assert rows[1].nnz == 0
    assert rows[2].nnz > 0
    assert descriptions(GOODS.select("item")).of(np.array([1, 2])).nnz == 0


def test_prices_are_near_within_a_category():
    rows = [(i, "tea", float(i)) for i in range(9)] + [(100 + i, "gold", 1000.0 * i) for i in range(9)]
    table = pl.DataFrame(rows, schema=["item", "category", "price"], orient="row")
    vectors = descriptions(table, weights=PartWeights(price=1.0)).vectors
    likeness = (vectors @ vectors.T).toarray()
    assert likeness[0, 1] > likeness[0, 4] > likeness[0, 8]
    assert likeness[0, 8] > likeness[0, 9]


def test_a_member_is_offered_what_is_like_the_latest_it_bought_also_what_nobody_has():
    rows = [("m", 1, 3, 0), ("m", 2, 1, 300), ("n", 3, 7, 300), ("n", 3, 2, 0), ("n", 3, 4, 0)]
    h = history_of(pl.DataFrame(rows, schema=["member", "basket", "item", "time"], orient="row"))
    model = Content(descriptions(GOODS)).fit(h, rng=np.random.default_rng(0))
    lists = top(model, h, np.array([0]), at=np.array([h.end]), n=2, leave_out=h)
    assert h.item_ids[lists.items[0]].tolist() == [2, 4]


def test_rules_hold_for_whom_when_and_after_what_they_say():
    rows = [("a", 1, "bread", 0), ("b", 2, "tea", 100), ("b", 3, "cup", 0), ("c", 4, "pie", 90)]
    h = history_of(pl.DataFrame(rows, schema=["member", "basket", "item", "time"], orient="row"))
    rules = (
        SetRule(("cup",), bought=("tea",), within_days=10),
        SetRule(("pie", "no such good"), members=frozenset({"a"})),
        SetRule(("bread", "cup"), starts=date(1970, 4, 1), ends=date(1970, 4, 11)),
    )
    model = SetByPeople(rules).fit(h, rng=np.random.default_rng(0))

    def offered(member, day):
        place = h.member_numbers([member])
        lists = top(model, h, place, at=np.array([moment(day) + DAY - 1]), n=4)
        return [h.item_ids[i] for i in lists.items[0] if i >= 0]

    assert offered("b", date(1970, 4, 11)) == ["cup", "bread"]
    assert offered("a", date(1970, 4, 11)) == ["pie", "bread", "cup"]
    assert offered("a", date(1970, 4, 12)) == ["pie"]
    assert offered("c", date(1970, 3, 31)) == []
    assert offered("b", date(1970, 4, 30)) == []
