"""Popular products tried out on strangers: drawn with known chances, noted, learned of from the lake, told of."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest

from shuke.apps.recommendations.models import ProductBanditDay, ProductBelief
from shuke.apps.recommendations.operations import loading
from shuke.apps.recommendations.operations.listing import record_lists
from shuke.apps.recommendations.operations.loading import load_all_lists
from shuke.apps.recommendations.operations.product_learning import learn_products
from shuke.apps.recommendations.operations.slots import create_slot, go_live
from shuke.apps.recommendations.queries.bandits import current_products_learned
from shuke.apps.recommendations.queries.online import online_view
from shuke.apps.recommendations.queries.serving import (
    ProductsLearned,
    Surroundings,
    recommend,
    recommend_many,
)
from shuke.apps.recommendations.queries.serving import tried_products as tried
from shuke.apps.recommendations.queries.serving.plans import plan_of
from shuke.apps.recommendations.queries.slots import slot
from shuke.apps.recommendations.schemas import Asked, Listed, SlotInput
from shuke.platform.permissions import SYSTEM
from shuke.platform.warehouse import lake
from tests.apps.recommendations.shoppers import _event
from tests.apps.recommendations.slot_shop import serve_bundle, signed_in
from tests.apps.recommendations.small_bundles import AT, small_bundle, small_slot
from tests.apps.recommendations.town import put

FIRST = date(2026, 4, 1)
#: What strangers take: three products that are popular, but not the most popular.
LOVED = ("p004", "p015", "p028")


@pytest.fixture(scope="module")
def bundle():
    return small_bundle()


def asked(**more):
    return Asked("home", AT, **more)


def strangers(view, bundle, *, products, count=400, seed=0):
    rng = np.random.default_rng(seed)
    around = Surroundings(products={view.code: products})
    return [recommend(asked(), slot=view, bundle=bundle, rng=rng, around=around) for _ in range(count)]


@pytest.mark.once
def test_strangers_are_tried_products_on_and_the_known_get_their_own(bundle):
    view = small_slot(fallbacks=("popular-bandit", "popularity"))
    answers = strangers(view, bundle, products={}, count=30)
    assert {answer.fallback for answer in answers} == {"popular-bandit"}
    assert {item.source for answer in answers for item in answer.items} == {"popular-bandit"}
    assert len({tuple(item.product_id for item in answer.items) for answer in answers}) > 20
    known = recommend(asked(member_id="mem_0003"), slot=view, bundle=bundle, rng=np.random.default_rng(1))
    assert known.fallback == ""
    assert known.items[0].source == "personal-frequency"
    # Nothing popular, nothing to try out: the next step answers.
    none = replace(bundle, popular={})
    assert recommend(asked(), slot=view, bundle=none, rng=np.random.default_rng(1)).fallback == "catalogue"


@pytest.mark.once
@pytest.mark.parametrize(
    "rules", [{}, {"barred_products": ["p000", "p003"], "cap": 1, "pinned_products": ["p010"]}]
)
def test_each_products_chance_to_be_on_the_list_is_how_often_it_is(bundle, rules):
    view = small_slot(strategy="popular-bandit", rules=rules)
    learned = {"": ProductsLearned({"p004": (9.0, 100.0), "p015": (0.0, 200.0)}, 20.0, 1000.0)}
    answers = strangers(view, bundle, products=learned, count=400)
    seen: dict[str, int] = {}
    chances: dict[str, float] = {}
    for answer in answers:
        drawn = [item for item in answer.items if item.source == "popular-bandit"]
        assert len(drawn) == 6 - len(rules.get("pinned_products", []))
        for item in drawn:
            seen[item.product_id] = seen.get(item.product_id, 0) + 1
            assert chances.setdefault(item.product_id, item.propensity) == item.propensity
        kinds = [int(item.product_id[1:]) % 8 for item in drawn]
        assert max(map(kinds.count, kinds)) <= view.rules.cap
    assert not {"p000", "p003"} & seen.keys() or not rules
    assert all(abs(seen[p] / 400 - chances[p]) < 0.12 for p in seen)
    assert chances["p004"] > 0.4 > chances.get("p015", 0.0)


@pytest.mark.once
def test_a_store_without_lists_of_its_own_begins_with_what_is_known_of_all(bundle):
    view = small_slot(strategy="popular-bandit", rules={"popular_by": "store"})
    everywhere = ProductsLearned({"p004": (40.0, 100.0)}, 50.0, 1000.0)
    apart = ProductsLearned({"p004": (0.0, 900.0)}, 50.0, 1000.0)
    products = {"": everywhere, "store:store0": apart}
    rng, around = np.random.default_rng(2), Surroundings(products={"home": products})

    def part_with(store):
        answers = [
            recommend(asked(store_id=store), slot=view, bundle=bundle, rng=rng, around=around)
            for _ in range(40)
        ]
        shown = [any(item.product_id == "p004" for item in answer.items) for answer in answers]
        return {answer.context for answer in answers}, np.mean(shown)

    assert part_with("store0") == ({"store:store0"}, pytest.approx(0.0, abs=0.1))
    # The bundle has nothing popular of store 1, so it is not apart.
    contexts, part = part_with("store1")
    assert contexts == {""}
    assert part > 0.9


@pytest.mark.once
def test_a_batch_answers_as_one_by_one_do(bundle):
    view = small_slot(fallbacks=("popular-bandit",))
    known, unknown = recommend_many(view, ["mem_0003", "mem_new"], bundle=bundle, at=AT, seed=5)
    assert (known.fallback, unknown.fallback) == ("", "popular-bandit")
    assert 0 < unknown.items[0].propensity < 1


@pytest.mark.once
def test_new_products_are_those_first_sold_within_four_weeks(bundle):
    plan = plan_of(small_slot(), bundle)
    bought = bundle.purchases
    days = bought.last_day.copy()
    mine = bought.item == 7
    late = replace(bundle, purchases=replace(bought, last_day=np.where(mine, days.max(), days)))
    once = replace(late.purchases, count=np.where(mine, 1, bought.count))
    assert 7 in tried.new_products(replace(late, purchases=once), plan)
    assert 7 not in tried.new_products(late, plan)
    short = replace(
        bought, last_day=np.full(len(days), days.max(), dtype=np.int32), count=np.ones_like(bought.count)
    )
    assert not len(tried.new_products(replace(bundle, purchases=short), plan))


@pytest.fixture
def home(db, lake_home, tmp_path, settings):
    settings.SHUKE_HOME = tmp_path
    loading._told.clear()
    setup = SlotInput(
        code="home", name="Home", places=6,
        arms=[{"name": "only", "strategy": "repeat-ranker"}], fallbacks=["popular-bandit", "popularity"],
    )  # fmt: skip
    before = datetime(2026, 3, 1, tzinfo=UTC)
    create_slot(actor=SYSTEM, at=before, slot=setup)
    go_live(actor=SYSTEM, at=before, code="home")
    return tmp_path


def shop(bundle, *, days, rng, first=FIRST):
    """Strangers ask, click what they love and learn the slot every night; lists with one of them on each day."""
    view, part = slot("home"), []
    for number in range(days):
        at = datetime.combine(first + timedelta(days=number), datetime.min.time(), UTC) + timedelta(hours=9)
        around = Surroundings(products={"home": current_products_learned("home")})
        answers = [
            recommend(replace(asked(), at=at), slot=view, bundle=bundle, rng=rng, around=around)
            for _ in range(120)
        ]
        assert record_lists([Listed(answer, "", f"phone {n}") for n, answer in enumerate(answers)], at=at)
        events = [
            _event(
                "Product Clicked",
                answer.list_id,
                key="k",
                at=at + timedelta(minutes=5),
                product=item.product_id,
            )
            | {"message_id": f"{answer.list_id}{item.product_id}"}
            for answer in answers
            for item in answer.items
            if rng.random() < (0.5 if item.product_id in LOVED else 0.01) / np.log2(item.place + 1)
        ]
        put("events", events)
        load_all_lists()
        learn_products(at=at + timedelta(hours=14))
        part.append(np.mean([sum(item.product_id in LOVED for item in answer.items) for answer in answers]))
    return part


def test_what_strangers_click_is_found_and_told_of(home, bundle):
    part = shop(bundle, days=4, rng=np.random.default_rng(7))
    # Of three loved products, a list by lot would have less than one of six places.
    assert part[0] < 1.0
    assert part[-1] > 1.8
    with lake().read() as snapshot:
        row = snapshot.table("recommendation_lists").limit(1).to_pyarrow().to_pylist()[0]
    assert row["fallback"] == "popular-bandit"
    assert row["explored_place"] is None
    assert row["product_chances"].count(":") == 6
    known = current_products_learned("home")[""]
    best = sorted(known.known, key=lambda p: -known.known[p][0])[:3]
    assert sorted(best) == sorted(LOVED)
    # Counted anew, not added to; an older run changes nothing.
    learned = list(ProductBelief.objects.order_by("context").values_list("beliefs", "looked"))
    counts = ProductBanditDay.objects.order_by("day", "lists").values_list("day", "counts", "lists")
    days = list(counts)
    end = datetime(2026, 4, 4, 23, tzinfo=UTC)
    assert [(each.slot, each.lists) for each in learn_products(at=end, days=90)] == [("home", 480)]
    assert list(counts) == days
    assert list(ProductBelief.objects.order_by("context").values_list("beliefs", "looked")) == learned
    learn_products(at=end - timedelta(days=3))
    assert list(ProductBelief.objects.order_by("context").values_list("beliefs", "looked")) == learned


def test_the_page_tells_what_is_believed_and_missed(home, bundle):
    served = serve_bundle(home / "recommendations")
    assert len(online_view("home").products.products) == 20
    client = signed_in("marketer")
    page = client.get("/recommendations/slots/home/online/").content.decode()
    assert "so far popularity alone is believed" in page
    shop(served, days=3, rng=np.random.default_rng(8))
    view = online_view("home").products
    assert {one.product_id for one in view.products[:5]} >= set(LOVED)
    assert view.lists == 360
    assert len(view.days) == 3
    assert 0 < view.days[-1].bandit < view.days[-1].uniform
    assert client.get("/api/v1/recommendations/slots/home/online").json()["products"]["lists"] == 360
    page = client.get("/recommendations/slots/home/online/").content.decode()
    assert "Takings missed so far" in page
    assert view.products[0].name in page


def test_what_is_put_into_a_basket_or_bought_within_a_day_is_taken_too(home, bundle):
    at = datetime(2026, 4, 1, 9, tzinfo=UTC)
    put("identity_map", [{"person_key": "k1", "member_id": "mem_new"}])
    row = {
        "slot": "home", "slot_version": 1, "arm": "only", "strategy": "repeat-ranker", "strategy_chance": 1.0,
        "fallback": "popular-bandit", "person_key": "k1", "product_ids": ["p001", "p002", "p003"],
        "listed_at": at, "local_date": at.date(), "local_month": "2026-04", "local_hour": 9,
    }  # fmt: skip
    other = row | {"list_id": "other", "fallback": "", "listed_at": at - timedelta(hours=1)}
    put("recommendation_lists", [row | {"list_id": "mine", "context": "store:s1"}, other])
    put("events", [_event("Product Added", "mine", key="k1", at=at, product="p001")])
    order = {"person_key": "k1", "paid_minor": 500, "store_id": "s1"}
    for name, hours, product in (("o1", 3, "p002"), ("o2", 30, "p003")):
        keys = {**order, "order_id": name, "placed_at": at + timedelta(hours=hours)}
        put("orders", [keys])
        put("order_lines", [{**keys, "line_no": 1, "product_id": product, "quantity": 1}])
    assert [(each.lists, each.taken) for each in learn_products(at=at + timedelta(days=2))] == [(1, 2)]
    learned = current_products_learned("home")
    assert {context: found.taken for context, found in learned.items()} == {
        "": pytest.approx(2, rel=0.05),
        "store:s1": pytest.approx(2, rel=0.05),
    }
    assert learned["store:s1"].known["p003"][0] == 0
