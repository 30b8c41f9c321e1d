"""Answers from memory: nothing that is filtered appears, every question is answered, the same one alike."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shuke.apps.recommendations.queries.serving import Stock, Surroundings, recommend, recommend_many
from shuke.apps.recommendations.schemas import ArmInput, Asked
from tests.apps.recommendations.small_bundles import AT, KINDS, small_bundle, small_slot

pytestmark = pytest.mark.once
BUNDLE = small_bundle()
ITEMS, MEMBERS = BUNDLE.item_ids.tolist(), BUNDLE.member_ids.tolist()
KIND_OF = {item: str(KINDS[int(kind)]) for item, kind in zip(ITEMS, BUNDLE.goods.kind, strict=True)}
DEPARTMENT_OF = {
    item: str(BUNDLE.goods.department_names[d])
    for item, d in zip(ITEMS, BUNDLE.goods.department, strict=True)
}


def ask(slot, *, seed: int = 0, around: Surroundings | None = None, bundle: Any = BUNDLE, **asked: Any):
    question = Asked(slot.code, AT, **asked)
    rng = np.random.default_rng(seed)
    return recommend(question, slot=slot, bundle=bundle, rng=rng, around=around or Surroundings())


def products(answer) -> list[str]:
    return [item.product_id for item in answer.items]


def rounded(answer):
    """Without what is another each time, and without the last digits of sums."""
    items = tuple(replace(item, score=round(item.score, 9)) for item in answer.items)
    return replace(answer, items=items, list_id="", dropped={})


products_of = st.lists(st.sampled_from(ITEMS), max_size=6, unique=True)


@settings(max_examples=120, deadline=None)
@given(
    about=st.sampled_from(["member", "product", "basket", "segment"]),
    strategy=st.sampled_from(
        ["personal-frequency", "popularity", "complements", "similar", "als", "unknown"]
    ),
    member=st.sampled_from(["", "mem_0003", "mem_0017", "mem_unheard_of"]),
    product=st.sampled_from(["", "p003", "nothing"]),
    basket=products_of,
    exclude=products_of,
    barred=products_of,
    pinned=products_of,
    kinds=st.lists(st.sampled_from(KINDS), max_size=3),
    departments=st.lists(st.sampled_from(["food", "drinks"]), max_size=2, unique=True),
    sold_out=products_of,
    age=st.sampled_from([None, 17, 18]),
    explore=st.sampled_from([0, 50]),
    seed=st.integers(0, 5),
)
def test_nothing_that_is_filtered_appears_and_the_same_question_has_the_same_answer(
    about, strategy, member, product, basket, exclude, barred, pinned, kinds, departments, sold_out, age,
    explore, seed,
):  # fmt: skip
    rules = {
        "barred_products": barred,
        "barred_kinds": kinds,
        "departments": departments,
        "minimum_ages": {"wine": 18, "drinks": 16},
        "pinned_products": pinned,
        "explore_percent": explore,
        "boosts": [{"name": "tea", "percent": 300, "kinds": ["tea"], "products": barred}],
    }
    slot = small_slot(about=about, strategy=strategy, rules=rules)
    around = Surroundings(stock=Stock(frozenset(sold_out)), ages={member: age} if age else {})
    question: dict[str, Any] = {"member_id": member, "product_id": product}
    question |= {"basket": tuple(basket), "exclude": tuple(exclude), "segment": "regular" * (seed % 2)}
    answer = ask(slot, seed=seed, around=around, **question)
    shown = products(answer)
    assert len(shown) == len(set(shown)) <= slot.places
    gone = {product, *basket, *exclude, *barred, *sold_out}
    assert not gone & set(shown)
    assert all(KIND_OF[item] not in kinds for item in shown)
    assert all(not departments or DEPARTMENT_OF[item] in departments for item in shown)
    years = age if age and member else 0
    assert all(years >= 18 or KIND_OF[item] != "wine" for item in shown)
    assert all(years >= 16 or DEPARTMENT_OF[item] != "drinks" for item in shown)
    assert all(BUNDLE.goods.is_active[ITEMS.index(item)] for item in shown)
    assert [item.place for item in answer.items] == list(range(1, len(shown) + 1))
    again = ask(slot, seed=seed, around=around, **question)
    assert again == replace(answer, list_id=again.list_id)


@settings(max_examples=60, deadline=None)
@given(
    about=st.sampled_from(["member", "product", "basket", "segment"]),
    strategy=st.sampled_from(["personal-frequency", "complements", "als", "set-by-people", "unheard-of"]),
    fallbacks=st.lists(st.sampled_from(["popularity", "personal-frequency", "nobody-knows"]), max_size=2),
    member=st.sampled_from(["", "mem_0003", "x" * 40, "mem_0003 "]),
    segment=st.sampled_from(["", "regular", "new", "no such"]),
    store=st.sampled_from(["", "store0", "store9"]),
)
def test_every_question_is_answered_in_full(about, strategy, fallbacks, member, segment, store):
    slot = small_slot(about=about, strategy=strategy, fallbacks=tuple(fallbacks))
    answer = ask(slot, member_id=member, segment=segment, store_id=store)
    assert len(answer.items) == slot.places
    assert all(item.reason for item in answer.items)


def test_the_ladder_is_told_step_by_step():
    slot = small_slot(strategy="personal-frequency", fallbacks=())
    assert ask(slot, member_id="mem_0003").fallback == ""
    assert ask(slot, segment="regular", bundle=replace(BUNDLE, lists={})).fallback == "popular-segment"
    assert ask(slot, store_id="store0").fallback == "popular-store"
    assert ask(slot).fallback == "popular"
    assert ask(slot, bundle=replace(BUNDLE, popular={})).fallback == "catalogue"
    assert ask(small_slot(fallbacks=("popularity",))).fallback == "popularity"
    none = ask(slot, bundle=None)
    assert (none.fallback, none.items, none.bundle_id) == ("no_bundle", (), "")
    nothing = ask(small_slot(rules={"barred_kinds": list(KINDS)}))
    assert (nothing.fallback, nothing.items) == ("nothing_left", ())


def test_a_member_of_the_bundle_gets_the_usual_store_and_segment():
    slot = small_slot(strategy="unheard-of", fallbacks=())
    assert ask(slot, member_id="mem_0001").fallback == "popular-segment"
    bare = replace(BUNDLE, popular={key: row for key, row in BUNDLE.popular.items() if "segment" not in key})
    assert ask(slot, member_id="mem_0002", bundle=bare).fallback == "popular-store"


def test_short_lists_are_topped_up_from_the_next_step_below_their_own():
    calm = {"cap": 50, "diversity_percent": 0}
    slot = small_slot(strategy="complements", about="product", places=20, rules=calm)
    answer = ask(slot, product_id="p003")
    sources = [item.source for item in answer.items]
    assert answer.fallback == ""
    assert sources.count("complements") > 3
    assert sources == sorted(sources)
    assert len(sources) == 20
    scores = {source: [i.score for i in answer.items if i.source == source] for source in set(sources)}
    assert max(scores["popularity"]) < min(scores["complements"])


def test_the_basket_speaks_and_the_member_beside_it():
    slot = small_slot(about="basket", strategy="complements", fallbacks=("personal-frequency",))
    basket = ("p003", "p004")
    anonymous = products(ask(slot, basket=basket))
    by_hand: dict[str, float] = {}
    near = BUNDLE.neighbours["complements"]
    for item in basket:
        row = ITEMS.index(item)
        for other, score in zip(near.items[row], near.scores[row], strict=True):
            if other >= 0 and ITEMS[other] not in basket and BUNDLE.goods.is_active[other]:
                by_hand[ITEMS[other]] = by_hand.get(ITEMS[other], 0.0) + float(score)
    assert anonymous[0] == max(by_hand, key=lambda item: (by_hand[item], -ITEMS.index(item)))
    own = ask(slot, basket=basket, member_id="mem_0003")
    staples = {"p009", "p010", "p011"}
    assert staples & set(products(own))
    assert not staples & set(anonymous)


def test_pinned_products_come_first_and_are_labelled_but_never_against_the_law():
    slot = small_slot(rules={"pinned_products": ["p004", "p006", "unknown"], "minimum_ages": {"wine": 18}})
    first, *rest = ask(slot, member_id="mem_0003").items
    assert (first.product_id, first.moved, first.source) == ("p006", ("pinned",), "pinned")
    assert all("pinned" not in item.moved for item in rest)
    grown = ask(slot, member_id="mem_0003", around=Surroundings(ages={"mem_0003": 30}))
    assert products(grown)[:2] == ["p004", "p006"]
    assert ask(slot, member_id="mem_0003").dropped["p004"] == "too_young"


def test_stock_of_the_store_counts_where_the_store_counts():
    slot = small_slot()
    first = products(ask(slot, member_id="mem_0003"))[0]
    empty = Stock(missing={"store1": frozenset([first])})
    assert first not in products(ask(slot, member_id="mem_0003", around=Surroundings(stock=empty)))
    elsewhere = ask(slot, member_id="mem_0003", store_id="store0", around=Surroundings(stock=empty))
    assert first in products(elsewhere)
    careless = small_slot(rules={"only_in_stock": False})
    assert first in products(ask(careless, member_id="mem_0003", around=Surroundings(stock=empty)))


def test_what_was_bought_within_half_its_cycle_rests():
    cycle = np.full(len(ITEMS), 60.0, dtype=np.float32)
    bundle = replace(BUNDLE, goods=replace(BUNDLE.goods, cycle=cycle))
    lately = products(ask(small_slot(rules={"rest_percent": 50}), member_id="mem_0003", bundle=bundle))
    never = products(ask(small_slot(rules={"rest_percent": 0}), member_id="mem_0003", bundle=bundle))
    assert {"p009", "p010", "p011"} & set(never)
    assert not {"p009", "p010", "p011"} & set(lately)


def test_exploration_tells_its_chance():
    slot = small_slot(rules={"explore_percent": 50})
    last = [ask(slot, seed=seed, member_id="mem_0003").items[-1] for seed in range(60)]
    drawn = [item for item in last if "exploration" in item.moved]
    assert 15 <= len(drawn) <= 45
    assert all(item.propensity < 0.5 for item in drawn)
    assert {item.propensity for item in last if "exploration" not in item.moved} == {0.5}


def test_ids_that_are_too_long_or_empty_name_nobody():
    slot = small_slot(fallbacks=())
    for member in ("mem_00030", "mem_0003x", "m", "\u4f1a\u5458"):
        assert ask(slot, member_id=member).fallback == "popular"
    beside = ask(small_slot(about="product", strategy="similar"), product_id="p0031")
    assert beside.fallback != ""


def test_reasons_are_true_and_in_the_language_that_is_asked_for():
    slot = small_slot()
    english = {i.product_id: i.reason for i in ask(slot, member_id="mem_0003").items}
    chinese = {i.product_id: i.reason for i in ask(slot, member_id="mem_0003", language="zh-hans").items}
    assert english["p009"] == "You buy this about every 10 days."
    assert chinese["p009"] == "您大约每 10 天买一次。"
    beside = ask(small_slot(about="product", strategy="complements"), product_id="p003")
    assert beside.items[0].reason == "Often bought together with cheese no. 3."
    assert ask(slot, member_id="mem_0003", with_reasons=False).items[0].reason == ""


@pytest.mark.parametrize("threads", [1, 3])
def test_many_members_get_the_same_as_one_by_one(threads):
    rules = {"minimum_ages": {"wine": 18}, "margin_percent": 10, "new_places": 2, "barred_products": ["p009"]}
    rules |= {"boosts": [{"name": "rice", "percent": 150, "kinds": ["rice"]}]}
    slot = small_slot(rules=rules, strategy="personal-frequency")
    around = Surroundings(
        stock=Stock(frozenset(["p010"]), {"store1": frozenset(["p013"])}), ages={"mem_0003": 40}
    )
    asked = [*MEMBERS, "stranger", *MEMBERS, ""] * 8
    many = list(recommend_many(slot, asked, bundle=BUNDLE, at=AT, threads=threads, around=around))
    assert len(many) == len(asked)
    one = {member: ask(slot, member_id=member, around=around) for member in set(asked)}
    for member, answer in zip(asked, many, strict=True):
        assert rounded(answer) == rounded(one[member])
    assert len({answer.list_id for answer in many}) == len(many)


def test_many_members_with_arms_bandits_and_pins_get_what_each_would_get():
    arms = [ArmInput(name="a", strategy="personal-frequency"), ArmInput(name="b", strategy="popularity")]
    slot = small_slot(arms=arms, rules={"pinned_products": ["p020"]})
    many = list(recommend_many(slot, MEMBERS, bundle=BUNDLE, at=AT))
    for member, answer in zip(MEMBERS, many, strict=True):
        assert answer == replace(ask(slot, member_id=member), list_id=answer.list_id)
    assert {answer.arm for answer in many} == {"a", "b"}
    assert list(recommend_many(slot, MEMBERS[:2], bundle=None, at=AT))[1].fallback == "no_bundle"
