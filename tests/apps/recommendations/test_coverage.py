"""What of the range is shown, and what stands beside a product: counted from the served bundle."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest
from django.test import Client

from shuke.apps.recommendations.adapters.bundle_files import activate, write_bundle
from shuke.apps.recommendations.operations.slots import change_slot, create_slot, go_live
from shuke.apps.recommendations.queries.bundles import serving_bundle
from shuke.apps.recommendations.queries.coverage import coverage, coverage_choices, default_choice, sales
from shuke.apps.recommendations.queries.neighbours import neighbours
from shuke.apps.recommendations.schemas import SlotInput
from shuke.platform.accounts.models import User
from shuke.platform.errors import NotFound
from shuke.platform.permissions import SYSTEM
from shuke.platform.retailer.models import Retailer
from tests.apps.recommendations.small_bundles import AS_OF, AT, KINDS, small_bundle
from tests.apps.recommendations.town import put

pytestmark = pytest.mark.once
#: Products of the range that the bundle does not know.
RARE, UNSOLD, FUEL = "rare", "unsold", "fuel"


@pytest.fixture(autouse=True)
def _own_lake(settings, tmp_path, db):
    settings.LAKE_ROOT = tmp_path / "lake"
    settings.BUNDLE_ROOT = tmp_path / "bundles"
    Retailer.objects.update_or_create(pk=1, defaults={"currency": "CNY", "time_zone": "UTC"})


@pytest.fixture
def served(settings):
    """The small bundle, served; its products in the range of the lake with three that it does not know."""
    said = {"parameters": {"left_out_departments": ["FUEL"]}, "best": "popularity"}
    bundle = replace(small_bundle(), manifest=said)
    write_bundle(settings.BUNDLE_ROOT / bundle.id, bundle)
    activate(settings.BUNDLE_ROOT, bundle.id)
    ids = [str(item) for item in bundle.item_ids]
    rows = [
        {"product_id": item, "name": str(bundle.goods.names[n]), "is_active": bool(bundle.goods.is_active[n])}
        for n, item in enumerate(ids)
    ]
    rows += [{"product_id": name, "name": name} for name in (RARE, UNSOLD)]
    rows.append({"product_id": FUEL, "name": FUEL, "department": "FUEL"})
    put("products", rows)
    put(
        "order_lines",
        [
            {
                "order_id": "o1",
                "line_no": n,
                "person_key": "a",
                "placed_at": at,
                "product_id": product,
                "paid_minor": 1,
            }
            for n, (product, at) in enumerate(
                [
                    (ids[0], AT - timedelta(days=80)),
                    (ids[1], AT - timedelta(days=5)),
                    (RARE, AT - timedelta(days=40)),
                ]
            )
        ],
    )
    return serving_bundle()


def slot(**rules):
    wanted = {
        "code": "home",
        "name": "Home",
        "arms": [{"name": "a", "strategy": "personal-frequency"}],
        "rules": rules,
    }
    return SlotInput.model_validate(wanted | {"places": 5})


def reasons(view):
    return {row.code: row.products for row in view.reasons}


def test_every_product_is_shown_or_has_a_reason(served):
    view = coverage(served, of="strategy:popularity", at=AT)
    items = served.lists["popularity"].items[:, :10]
    assert view.lists == 40
    assert view.shown == len(np.unique(items[items >= 0]))
    found = reasons(view)
    active = int(served.goods.is_active.sum())
    unsold_shown = int((~served.goods.is_active)[np.unique(items)].sum())
    assert found["inactive"] == int((~served.goods.is_active).sum()) - unsold_shown
    assert (found["few"], found["unsold"], found["left_out"]) == (1, 1, 1)
    assert view.range_products == active + 3
    assert sum(found.values()) == len(served.item_ids) + 3
    # One product of the bundle was first bought in the last four weeks.
    assert view.new_products == 1
    assert sum(row.products for row in view.thirds) == len(served.item_ids)
    assert sum(row.place_share for row in view.thirds) == pytest.approx(1, abs=1e-4)
    assert view.thirds[0].products < view.thirds[2].products
    assert view.most_shown[0].lists == max(np.bincount(items[items >= 0]))
    assert view.lorenz_shown[0] == 0
    assert view.lorenz_shown[-1] == 1
    assert view.gini_shown > view.gini_sold
    assert not {row.product_id for row in view.never_shown} & {
        str(served.item_ids[n]) for n in np.unique(items)
    }


def test_what_is_new_to_members_is_counted_member_by_member(served):
    view = coverage(served, of="strategy:personal-frequency", at=AT)
    new = total = 0
    for member in range(40):
        rows = served.purchases.rows
        own = set(served.purchases.item[rows[member] : rows[member + 1]].tolist())
        listed = [n for n in served.lists["personal-frequency"].items[member, :10].tolist() if n >= 0]
        new += sum(n not in own for n in listed)
        total += len(listed)
    assert view.new_to_member == pytest.approx(new / total, abs=1e-6)
    bought = np.bincount(
        served.purchases.item, weights=served.purchases.count, minlength=len(served.item_ids)
    )
    assert sales(served).tolist() == bought.astype(int).tolist()
    by_kind = coverage(served, of="strategy:personal-frequency", at=AT, by="kind")
    assert {row.name for row in by_kind.groups} == set(KINDS)
    assert sum(row.sales_share for row in by_kind.groups) == pytest.approx(1, abs=1e-4)


def test_a_slot_is_counted_by_its_rules_and_anew_after_a_change(served):
    create_slot(actor=SYSTEM, at=AT, slot=slot(minimum_ages={"beer": 18}, barred_kinds=["wine"]))
    before = coverage(served, of="slot:home", at=AT)
    assert (before.lists, before.places) == (40, 5)
    assert coverage(served, of="slot:home", at=AT) is before
    inactive = ~np.asarray(served.goods.is_active)
    wine = np.asarray(served.goods.kind) == KINDS.index("wine")
    beer = np.asarray(served.goods.kind) == KINDS.index("beer")
    found = reasons(before)
    assert found["barred"] == int((wine & ~inactive).sum())
    assert found["age"] == int((beer & ~inactive).sum())
    assert found["inactive"] == int(inactive.sum())
    change_slot(actor=SYSTEM, at=AT, code="home", slot=slot(), version=1)
    after = coverage(served, of="slot:home", at=AT)
    assert "barred" not in reasons(after)
    assert after.shown > before.shown


def test_a_live_slot_comes_first_and_unknown_ones_are_not_found(served):
    assert default_choice(served) == "strategy:popularity"
    create_slot(actor=SYSTEM, at=AT, slot=slot())
    assert default_choice(served) == "strategy:popularity"
    go_live(actor=SYSTEM, at=AT, code="home")
    assert default_choice(served) == "slot:home"
    assert coverage_choices(served)[0] == "slot:home"
    for of in ("slot:none", "strategy:none", "nonsense"):
        with pytest.raises(NotFound):
            coverage(served, of=of, at=AT)


def signed_in(role="marketer"):
    client = Client()
    client.force_login(User.objects.create(username=role, role=role, created_at=AT))
    return client


def test_page_and_api_say_the_same_and_what_to_do_without_a_bundle():
    client = signed_in("viewer")
    assert "Nothing is fitted yet" in client.get("/recommendations/coverage/").content.decode()
    assert client.get("/api/v1/recommendations/coverage").status_code == 404
    assert neighbours("p001") is None


def test_page_and_api_of_a_bundle(served):
    client = signed_in("viewer")
    page = client.get("/recommendations/coverage/", {"of": "strategy:personal-frequency"}).content.decode()
    for words in (
        "What of the range is shown?",
        "Bought too seldom to be learned",
        "The long tail",
        "Most shown",
    ):
        assert words in page
    assert client.get("/recommendations/coverage/", {"of": "slot:none"}).status_code == 404
    body = client.get("/api/v1/recommendations/coverage", {"of": "strategy:personal-frequency"}).json()
    assert body["shown"] == coverage(served, of="strategy:personal-frequency", at=AT).shown
    assert body["as_of"] == AS_OF.isoformat()
    assert client.get("/api/v1/recommendations/coverage", {"of": "slot:none"}).status_code == 404
    assert client.get("/api/v1/recommendations/coverage", {"by": "colour"}).status_code == 422


def test_neighbours_are_sold_today_and_say_how_many_buyers_they_share(served):
    found = neighbours("p002", limit=12)
    assert found.is_known
    for number in range(48):
        near = neighbours(f"p{number:03}", limit=12)
        for kind in ("similar", "complements"):
            items = [int(row.product_id[1:]) for row in getattr(near, kind)]
            held = [n for n in served.neighbours[kind].items[number].tolist() if n >= 0]
            assert items == [n for n in held if n % 9 != 8]
    first = found.similar[0]
    rows, item = served.purchases.rows, served.purchases.item
    owns = [set(item[rows[m] : rows[m + 1]].tolist()) for m in range(40)]
    other = int(first.product_id[1:])
    assert first.buyers == sum(other in own for own in owns)
    assert first.both == sum({2, other} <= own for own in owns)
    assert first.share == pytest.approx(first.both / sum(2 in own for own in owns))
    assert first.price_minor == 1000
    assert not neighbours("nobody").is_known


def test_the_page_of_a_product_shows_both_or_says_why_not(served):
    client = signed_in()
    page = client.get("/products/p002/").content.decode()
    assert "Similar products" in page
    assert "Bought together with it" in page
    assert "of its buyers bought this, too" in page
    assert "the models have not learned of it" in client.get(f"/products/{RARE}/").content.decode()
