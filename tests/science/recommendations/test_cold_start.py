"""Those of whom little is known: the ladder, new products; and reasons in words."""

from dataclasses import dataclass

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shuke.science.recommendations.cold_start import ColdStart, FewBaskets
from shuke.science.recommendations.explanations import Grounds, explanation, grounds_of
from shuke.science.recommendations.frequency import PersonalFrequency
from shuke.science.recommendations.histories import DAY, History, history_of
from shuke.science.recommendations.new_products import Content, new_products

pytestmark = pytest.mark.once


def some(rows: list[tuple[str, int, int, int]]) -> History:
    return history_of(pl.DataFrame(rows, schema=["member", "basket", "item", "time"], orient="row"))


@dataclass(frozen=True)
class Says:
    value: float
    name: str = "says"

    def fit(self, history, *, rng):
        self_items = history.items
        value = self.value

        class Model:
            def scores(self, members, at):
                return np.full((len(members), self_items), value, dtype=np.float32)

        return Model()


def test_the_ladder_answers_by_baskets():
    rows = [(f"m{n}", n * 10 + k, k, k) for n in range(7) for k in range(n)] + [("stranger", 999, 0, 0)]
    history = some(rows)
    history = history.keeping(history.basket_ids != 999)
    model = ColdStart(many=Says(3), few=Says(2), strangers=Says(1)).fit(history, rng=np.random.default_rng(0))
    members = np.arange(history.members)
    scores = model.scores(members, np.full(len(members), history.end))[:, 0]
    baskets = np.diff(history.member_baskets)
    assert scores.tolist() == [1 if n == 0 else 2 if n < 5 else 3 for n in baskets]
    assert set(scores) == {1, 2, 3}


def test_with_one_basket_what_goes_with_it_comes_before_what_is_popular():
    rows = [(f"a{n}", n, item, 0) for n in range(10) for item in (1, 2)]
    rows += [(f"b{n}", 100 + n, item, 0) for n in range(30) for item in (7, 8)]
    history = some([*rows, ("new", 500, 1, 0)])
    member = history.member_numbers(["new"])
    at = np.array([history.end])
    rng = np.random.default_rng(0)
    few = FewBaskets(frequency=PersonalFrequency(prior=0.05)).fit(history, rng=rng).scores(member, at)[0]
    plain = PersonalFrequency(prior=0.05).fit(history, rng=rng).scores(member, at)[0]
    assert history.item_ids[np.argsort(-few)[:2]].tolist() == [1, 2]
    assert history.item_ids[np.argsort(-plain)[1]] in {7, 8}


def test_a_new_product_is_for_those_who_buy_its_kind_and_its_brand():
    rows = [("tea", k, k % 2, k) for k in range(6)] + [("coffee", 50 + k, 2 + k % 2, k) for k in range(6)]
    history = some(rows)
    # Items 0, 1: kind 0 of brands 0 and 0; items 2, 3: kind 1 of brands 0 and 1.
    found = new_products(history, Content(kind=np.array([0, 0, 1, 1]), brand=np.array([0, 0, 0, 1])))
    kind, brand = np.array([0, 0, 1, 1, -1]), np.array([0, 5, 1, 0, 0])
    tea, coffee = (
        found.scores(history.member_numbers([who]), kind=kind, brand=brand)[0] for who in ("tea", "coffee")
    )
    assert np.argmax(tea) == 0
    assert np.argmax(coffee) in {2, 3}
    assert tea[0] > tea[1] > 0
    assert tea[1] > coffee[1]
    assert tea[4] == coffee[4] == 0


def test_a_new_product_is_for_those_who_are_loyal_to_its_brand():
    history = some([("first", k, 0, k) for k in range(6)] + [("second", 50 + k, 1, k) for k in range(6)])
    found = new_products(history, Content(kind=np.array([0, 0]), brand=np.array([0, 1])))
    ours = found.scores(
        history.member_numbers(["first", "second"]), kind=np.zeros(2, int), brand=np.arange(2)
    )
    assert ours[0, 0] > 2 * ours[0, 1]
    assert ours[1, 1] > 2 * ours[1, 0]


def test_reasons_are_what_the_member_could_check():
    weekly = [("m", k, 1, 1000 + 21 * k) for k in range(4)] + [
        ("m", 9, 2, 1000),
        ("m", 10, 2, 1010),
        ("x", 11, 3, 1100),
    ]
    history = some(weekly)
    numbers = history.item_numbers([1, 2, 3])
    at = (1000 + 21 * 3 + 5) * DAY
    found = grounds_of(history, int(history.member_numbers(["m"])[0]), numbers.tolist(), at=at)
    assert [str(explanation(g)) for g in found] == [
        "You buy this about every 3 weeks.",
        "You have bought this 2 times, last 58 days ago.",
        "Many members buy this at the moment.",
    ]
    due = grounds_of(history, 0, [int(numbers[0])], at=at + 15 * DAY)[0]
    assert str(explanation(due)) == "You buy this about every 3 weeks; it is time again."


@given(
    st.builds(
        Grounds,
        count=st.integers(0, 5),
        days_since=st.floats(0, 400),
        gap=st.none() | st.floats(0.01, 200),
        spread=st.none() | st.floats(0, 3),
        kind=st.just("tea"),
        kind_count=st.integers(0, 2),
        on_offer=st.booleans(),
        source=st.sampled_from([None, "up-cf", "ease", "popularity"]),
    )
)
@settings(max_examples=100, deadline=None)
def test_every_reason_is_a_whole_sentence_and_never_claims_a_purchase_that_was_not(grounds):
    text = str(explanation(grounds))
    assert text.endswith(".")
    assert "{" not in text
    assert (" every " in text) <= (grounds.count >= 3)
    assert ("bought this" in text) <= (grounds.count >= 1)
    assert " 0 days." not in text
    assert " every 0 " not in text
