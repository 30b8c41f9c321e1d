"""What a preview says is what the slot answers, and what a boost costs is counted here by hand."""

import math

import numpy as np
import pytest

from shuke.apps.recommendations.queries.previews import preview
from shuke.apps.recommendations.queries.serving import recommend
from shuke.apps.recommendations.queries.shelves import goods_found
from shuke.apps.recommendations.schemas import Asked
from tests.apps.recommendations.small_bundles import AT, small_bundle, small_slot

pytestmark = pytest.mark.once
#: Rules that leave the order to the scores alone.
BARE = {"cap": 50, "diversity_percent": 0, "rest_percent": 0}
ASKED = Asked(slot="home", at=AT, member_id="mem_0001")


@pytest.fixture(scope="module")
def bundle():
    return small_bundle()


def boosted(*boosts):
    return small_slot(rules=BARE | {"boosts": list(boosts)})


def test_a_preview_is_what_the_slot_answers(bundle, lake_home):
    slot = small_slot(rules={"barred_kinds": ["tea"], "cap": 1})
    shown = preview(ASKED, slot=slot, bundle=bundle)
    answer = recommend(ASKED, slot=slot, bundle=bundle, rng=np.random.default_rng(1))
    assert [item.product_id for item in shown.items] == [item.product_id for item in answer.items]
    assert [item.reason for item in shown.items] == [item.reason for item in answer.items]
    assert shown.dropped_count == len(answer.dropped)


def test_the_same_settings_show_the_same_list_also_where_chance_is_at_work(bundle, lake_home):
    slot = small_slot(rules={"explore_percent": 50})
    first, second = (preview(ASKED, slot=slot, bundle=bundle) for _time in range(2))
    assert first == second
    assert any(item.chance < 1 for item in first.items)


def test_a_boosts_cost_is_the_relevance_that_the_list_gives_up(bundle, lake_home):
    boost = {"name": "Rice", "percent": 300, "kinds": ["rice"]}
    every = preview(ASKED, slot=small_slot(places=30, rules=BARE), bundle=bundle)
    score = {item.product_id: item.score for item in every.items}
    without = sorted(score, key=lambda product: -score[product])[:6]
    factor = {item.product_id: 3 if item.kind == "rice" else 1 for item in every.items}
    with_it = sorted(score, key=lambda product: -score[product] * factor[product])[:6]
    assert with_it != without

    def worth(products):
        return sum(score[product] / math.log2(place + 2) for place, product in enumerate(products))

    (cost,) = preview(ASKED, slot=boosted(boost), bundle=bundle).costs
    assert cost.relevance_percent == pytest.approx(100 * (1 - worth(with_it) / worth(without)), abs=1e-3)
    assert cost.places == sum(one != other for one, other in zip(with_it, without, strict=True))


def test_each_boost_is_told_alone_and_one_of_nothing_costs_nothing(bundle, lake_home):
    rice = {"name": "Rice", "percent": 300, "kinds": ["rice"]}
    nothing = {"name": "Nothing", "percent": 300, "products": ["nobody-knows"]}
    alone = preview(ASKED, slot=boosted(rice), bundle=bundle).costs[0]
    told = preview(ASKED, slot=boosted(nothing, rice), bundle=bundle).costs
    assert (told[0].boost, told[0].relevance_percent, told[0].places) == ("Nothing", 0.0, 0)
    assert told[1] == alone


def test_an_arm_can_be_forced(bundle, lake_home):
    arms = [
        {"name": "habits", "strategy": "personal-frequency", "weight": 1},
        {"name": "all", "strategy": "popularity", "weight": 0},
    ]
    slot = small_slot().model_copy(update={"arms": small_slot(arms=arms).arms})
    assert preview(ASKED, slot=slot, bundle=bundle).strategy == "personal-frequency"
    assert preview(ASKED, slot=slot, bundle=bundle, arm="all").strategy == "popularity"


def test_nothing_is_found_for_nothing(lake_home):
    assert goods_found("  ") == []
    assert goods_found("tea") == []
