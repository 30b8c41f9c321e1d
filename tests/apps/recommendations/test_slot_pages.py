"""The pages of slots: the list, the set-up, and the preview beside it."""

import re
from dataclasses import replace

import numpy as np
import pytest
from django.utils.translation import override

from shuke.apps.recommendations.adapters.bundle_files import activate, write_bundle
from shuke.apps.recommendations.operations.slots import create_slot, go_live
from shuke.apps.recommendations.pages.slot_words import step_word
from shuke.apps.recommendations.queries.slots import slot, slots
from shuke.apps.recommendations.schemas import SlotInput
from shuke.platform.permissions import SYSTEM
from tests.apps.recommendations.slot_shop import AT, form_of, serve_bundle, signed_in

# What pages ask runs on PostgreSQL in tests/security/test_doors.py and tests/test_api_schema.py; texts are the same.
pytestmark = pytest.mark.once

HERE = "/recommendations/"


@pytest.fixture
def home(db, lake_home, tmp_path, settings):
    settings.BUNDLE_ROOT = tmp_path / "bundles"
    return settings.BUNDLE_ROOT


@pytest.fixture
def bundle(home):
    return serve_bundle(home)


@pytest.fixture
def marketer(home):
    return signed_in("marketer")


def made(**given) -> SlotInput:
    arms = [{"name": "usual", "strategy": "personal-frequency"}]
    wanted = SlotInput.model_validate({"code": "for-you", "name": "For you", "arms": arms} | given)
    return create_slot(actor=SYSTEM, at=AT, slot=wanted)


def listed(response) -> list[str]:
    return re.findall(r"slot-place.*?<b>(.*?)</b>", response.content.decode(), re.DOTALL)


def test_an_empty_page_offers_ready_made_slots_and_says_that_nothing_is_fitted(marketer):
    page = marketer.get(HERE).content.decode()
    for words in ("No slots yet", "For you", "You may also need", "Running low?", "Nothing is fitted yet"):
        assert words in page
    begun = marketer.get(f"{HERE}slots/new/?ready=bring-back").content.decode()
    assert 'value="Running low?"' in begun
    assert re.search(r'<option value="replenishment-due"[^>]* selected>', begun)


def test_a_slot_is_saved_as_a_draft_goes_live_and_is_paused(marketer):
    sent = form_of(
        arm_strategy=["personal-frequency", "popularity"], arm_name=["", ""], arm_weight=["9", "1"]
    )
    assert marketer.post(f"{HERE}slots/new/", sent).status_code == 302
    view = slot("for-you")
    assert [(arm.name, arm.weight) for arm in view.arms] == [("personal-frequency", 9), ("popularity", 1)]
    assert (view.state, view.rules.only_in_stock, view.fallbacks) == ("draft", False, ["popularity"])
    page = marketer.post(f"{HERE}slots/for-you/live/", follow=True).content.decode()
    assert "An experiment compares its strategies" in page
    assert slot("for-you").experiment_id
    assert "Answers, 7 days" in marketer.get(HERE).content.decode()
    marketer.post(f"{HERE}slots/for-you/pause/")
    assert slot("for-you").state == "paused"
    refused = marketer.post(f"{HERE}slots/for-you/delete/", follow=True).content.decode()
    assert "Pause it instead." in refused


def test_what_is_wrong_stands_at_its_field_and_what_was_typed_stays(marketer):
    sent = form_of(new_places="9", pinned_products=["p001"], barred_products=["p001"])
    answer = marketer.post(f"{HERE}slots/new/", sent)
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "no more can be kept for new products" in page
    assert "Pinned and never shown at the same time: p001" in page
    assert page.count('value="p001"') == 2
    assert slots() == []
    assert marketer.post(f"{HERE}slots/new/", form_of(arm_weight=["many"])).status_code == 422
    assert marketer.post(f"{HERE}slots/new/", form_of(code="New Slot")).status_code == 422


def test_lists_are_kept_as_they_were_picked(marketer, bundle):
    sent = form_of(
        **{
            "pinned_products": ["p003", "nobody-knows"],
            "barred_kinds": ["wine"],
            "age_kinds": ["beer"],
            "age_years": ["18"],
            "boost-0-name": "Tea weeks",
            "boost-0-percent": "150",
            "boost-0-kinds": ["tea"],
            "boost-1001-percent": "50",
            "boost-1001-name": "",
            "boost-1001-products": ["p002"],
        }
    )
    page = marketer.post(f"{HERE}slots/new/", sent, follow=True).content.decode()
    rules = slot("for-you").rules
    assert rules.pinned_products == ["p003", "nobody-knows"]
    assert (rules.barred_kinds, rules.minimum_ages) == (["wine"], {"beer": 18})
    assert [(boost.name, boost.percent) for boost in rules.boosts] == [("Tea weeks", 150), ("1001", 50)]
    assert "The catalogue does not know:" in page
    assert "nobody-knows" in page
    assert "cheese no. 3" in page


def test_who_saves_an_older_version_is_told_who_changed_it(marketer):
    made()
    assert marketer.post(f"{HERE}slots/for-you/", form_of(places="5", version="1")).status_code == 302
    answer = marketer.post(f"{HERE}slots/for-you/", form_of(places="4", version="1"))
    assert answer.status_code == 422
    assert "marketer changed this slot meanwhile" in answer.content.decode()
    assert slot("for-you").places == 5


def test_viewers_see_the_set_up_and_its_preview_and_change_nothing(home, bundle):
    made()
    client = signed_in("viewer")
    page = client.get(f"{HERE}slots/for-you/").content.decode()
    assert '<fieldset class="stack" disabled>' in page
    assert "Save" not in re.findall(r"<button[^>]*type=\"submit\"[^>]*>(.*?)</button>", page, re.DOTALL)
    member = bundle.member_ids[0]
    assert len(listed(client.post(f"{HERE}preview/", {"saved": "for-you", "for_member": member}))) == 10
    for path in ("slots/new/", "slots/for-you/live/", "slots/for-you/pause/", "slots/for-you/delete/"):
        assert client.post(HERE + path, form_of()).status_code == 403
    assert client.post(f"{HERE}slots/for-you/", form_of(version="1")).status_code == 403


def test_a_preview_follows_settings_that_are_not_saved(marketer, bundle):
    member = bundle.member_ids[0]
    before = listed(marketer.post(f"{HERE}preview/", form_of(for_member=member)))
    assert len(before) == 6
    kind = before[0].split()[0]
    after = listed(marketer.post(f"{HERE}preview/", form_of(for_member=member, barred_kinds=[kind])))
    assert len(after) == 6
    assert not any(name.startswith(f"{kind} ") for name in after)
    pinned = marketer.post(f"{HERE}preview/", form_of(for_member=member, pinned_products=["p047"]))
    assert listed(pinned)[0] == "rice no. 47"
    assert "Pinned" in pinned.content.decode()
    assert slots() == []


def test_a_preview_says_why_and_what_was_left_out_and_what_boosts_cost(marketer, bundle):
    member = bundle.member_ids[0]
    sent = form_of(
        for_member=member,
        barred_kinds=["tea"],
        cap="1",
        **{"boost-0-name": "Rice", "boost-0-percent": "900", "boost-0-kinds": ["rice"]},
    )
    page = marketer.post(f"{HERE}preview/", sent).content.decode()
    assert "Never shown here" in page
    assert re.search(r"“Rice” changes \d places? and gives up [\d.]+ % of the relevance", page)
    assert "Moved by" in page
    assert "Boost" in page
    assert "What they buy often" in page


def test_a_preview_of_a_faulty_set_up_says_what_to_mend(marketer, bundle):
    page = marketer.post(f"{HERE}preview/", form_of(arm_weight=["0"])).content.decode()
    assert "Mend this to see the list" in page
    assert "All weights are zero" in page


def test_a_preview_needs_no_name_and_names_the_field_that_is_wrong(marketer, bundle):
    sent = form_of(for_member=bundle.member_ids[0], name=" ", code="")
    assert len(listed(marketer.post(f"{HERE}preview/", sent))) == 6
    page = marketer.post(f"{HERE}preview/", sent | {"places": "0", "code": "A B"}).content.decode()
    assert "Places: " in page
    assert "Code: Use 2 to 40 small Latin letters" in page
    assert marketer.post(f"{HERE}slots/new/", sent).status_code == 422


def test_what_a_background_step_does_is_told_in_the_readers_language():
    with override("zh-hans"):
        assert step_word("What runs out about now", context="bundle") == "快用完该补货的"
        assert step_word("Judging the rankers", context="bundle") != "Judging the rankers"
        assert step_word("", context="bundle") == ""


def test_before_a_bundle_a_preview_offers_to_fit(marketer):
    page = marketer.post(f"{HERE}preview/", form_of()).content.decode()
    assert "Nothing is fitted yet" in page
    assert 'href="/recommendations/bundles/"' in page


def test_previews_of_products_baskets_and_segments(marketer, bundle):
    similar = form_of(about="product", arm_strategy=["similar"], for_product="p005")
    assert len(listed(marketer.post(f"{HERE}preview/", similar))) == 6
    basket = form_of(about="basket", arm_strategy=["complements"])
    page = marketer.post(f"{HERE}preview/", basket | {"for_basket-products": ["p005", "p006"]})
    assert len(listed(page)) == 6
    assert "Often bought together with" in page.content.decode()
    segment = form_of(about="segment", arm_strategy=["popularity"], for_segment="regular")
    assert len(listed(marketer.post(f"{HERE}preview/", segment))) == 6


def test_a_preview_writes_nothing(marketer, bundle, lake_home):
    from shuke.platform.outbox.models import OutboxRow

    before = OutboxRow.objects.count()
    marketer.post(f"{HERE}preview/", form_of(for_member=bundle.member_ids[0]))
    assert OutboxRow.objects.count() == before


def test_goods_are_found_by_words_and_kinds(marketer, bundle):
    found = marketer.post(f"{HERE}goods/", {"into": "barred", "q_barred": "tea 8"}).content.decode()
    assert "tea no. 8" in found
    assert 'name="barred_products" value="p008"' in found
    boost = marketer.post(f"{HERE}goods/", {"into": "boost-1001", "q_boost-1001": "P008"}).content.decode()
    assert 'name="boost-1001-products" value="p008"' in boost
    assert (
        "Nothing is called so"
        in marketer.post(f"{HERE}goods/", {"into": "pinned", "q_pinned": "zz"}).content.decode()
    )
    odd = marketer.post(f"{HERE}goods/", {"into": "<script>", "q_<script>": "tea"}).content.decode()
    assert "tea no." not in odd
    assert "<script>" not in odd


def test_members_are_found_with_their_names_masked(marketer, bundle):
    page = marketer.post(f"{HERE}people/", {"q_member": "Person 07"}).content.decode()
    assert "P********" in page
    assert "Person" not in page
    another = marketer.post(f"{HERE}people/", {"another": "1"}).content.decode()
    assert re.search(r'value="(\w+)" checked', another)[1] in bundle.member_ids
    assert "No member is found" in marketer.post(f"{HERE}people/", {"q_member": "Nobody"}).content.decode()


def test_another_member_is_never_the_one_who_is_shown(marketer, home, bundle):
    both = [str(member_id) for member_id in bundle.member_ids[:2]]
    pair = replace(bundle, id="pair", member_ids=np.array(both * 20))
    write_bundle(home / pair.id, pair)
    activate(home, pair.id)
    shown = both[0]
    for _time in range(12):
        page = marketer.post(f"{HERE}people/", {"another": "1", "for_member": shown}).content.decode()
        found = re.search(r'value="(\w+)" checked', page)[1]
        assert found in both
        assert found != shown
        shown = found


def test_a_live_slot_says_so_and_does_not_let_its_kind_change(marketer):
    made()
    go_live(actor=SYSTEM, at=AT, code="for-you")
    page = marketer.get(f"{HERE}slots/for-you/").content.decode()
    assert "Save and answer by it" in page
    assert re.search(r'<select name="about"[^>]* disabled', page)
    assert marketer.post(f"{HERE}slots/for-you/", form_of(about="basket", version="1")).status_code == 302
    assert slot("for-you").about == "member"


def test_the_api_sets_slots_up_and_shows_why(home, bundle):
    client = signed_in("marketer")
    here = "/api/v1/recommendations/slots"
    body = {
        "code": "for-you",
        "name": "For you",
        "arms": [{"name": "usual", "strategy": "personal-frequency"}],
        "rules": {"barred_products": ["nobody-knows"], "barred_kinds": ["tea"]},
    }
    made_one = client.post(here, body, content_type="application/json")
    assert (made_one.status_code, made_one.json()["unknown"]) == (201, ["nobody-knows", "tea"])
    assert client.post(f"{here}/for-you/live").json()["state"] == "live"
    member = bundle.member_ids[0]
    shown = client.get(f"{here}/for-you/preview?member={member}").json()
    assert len(shown["items"]) == 10
    assert {item["reason"] for item in shown["dropped"]} == {"do_not_recommend"}
    assert shown["dropped_count"] >= len(shown["dropped"])
    put = client.put(f"{here}/for-you", body | {"places": 3, "version": 1}, content_type="application/json")
    assert (put.json()["places"], put.json()["version"]) == (3, 2)
    late = client.put(f"{here}/for-you", body | {"places": 4, "version": 1}, content_type="application/json")
    assert (late.status_code, late.json()["details"]["changed_by"]) == (409, "marketer")
    odd = client.post(here, body | {"code": "x1", "fallbacks": ["luck"]}, content_type="application/json")
    assert odd.status_code == 422
    assert "luck" in odd.json()["details"]["fields"]["fallbacks"][0]
    assert client.post(f"{here}/for-you/pause").json()["state"] == "paused"
    assert client.get(f"/api/v1/recommendations/for-you?member={member}").status_code == 409
    assert client.delete(f"{here}/for-you").status_code == 409
    assert [row["code"] for row in client.get(here).json()] == ["for-you"]


def test_no_slot_can_take_a_word_of_the_addresses():
    from shuke.apps.recommendations.rules.setup import RESERVED
    from shuke.config.api import api

    paths = [path.removeprefix("/api/v1/recommendations/") for path in api.get_openapi_schema()["paths"]]
    words = {path.split("/")[0] for path in paths if not path.startswith("/")}
    assert {word for word in words if "{" not in word} <= RESERVED
    assert "slots" in words
