"""Layers are kept night by night, compared with earlier days, shown, and saved as audiences."""

from __future__ import annotations

import html
import json
from datetime import timedelta
from typing import Any

import numpy as np
import pytest
from django.test import Client

from shuke.apps.audiences.queries import bench
from shuke.apps.audiences.schemas import parsed
from shuke.apps.insights.models import RfmVersion, Study
from shuke.apps.insights.operations import build_traits, run_study, save_rfm_scheme
from shuke.apps.insights.operations.needs import Kept, named_like
from shuke.apps.insights.queries import latest_build, latest_study
from shuke.apps.insights.queries.rfm import explained, rfm_preview, rfm_scheme
from shuke.platform.accounts.operations import create_user
from shuke.platform.errors import Refused
from shuke.platform.permissions import SYSTEM
from shuke.platform.warehouse import lake
from shuke.science.layer_rules import fixed_layers
from shuke.science.needs import NeedModel
from shuke.science.rfm_scheme import RfmScheme
from tests.apps.insights.conftest import AT, TODAY, order

YESTERDAY = TODAY - timedelta(days=1)
OWN = RfmScheme("thresholds", (7, 30, 60, 90), (2, 4, 8, 12), (1000, 5000, 10_000, 20_000))


@pytest.fixture
def answered(shop: None) -> Any:
    """The shop of conftest: a weekly, b twice and last 40 days ago, c new since 3 days, d never."""
    build_traits(at=AT, as_of=YESTERDAY)
    return run_study("layers", at=AT, as_of=YESTERDAY)


def kept(scheme: str, day: Any) -> dict[str, str]:
    with lake().read() as snapshot:
        rows = snapshot.table("member_layers")
        found = rows.filter(rows.scheme == scheme, rows.as_of == day).to_pyarrow().to_pylist()
    return {row["member_id"]: row["layer"] for row in found}


@pytest.mark.once
def test_a_life_of_layers(answered: Any) -> None:
    """Today, days that nobody kept, flows and the audience of a flow, and the next night."""
    month_ago = YESTERDAY - timedelta(days=28)
    assert kept("lifecycle", YESTERDAY) == {
        "mem_a": "loyal", "mem_b": "active", "mem_c": "new", "mem_d": "prospect",
    }  # fmt: skip
    assert kept("spend", YESTERDAY)["mem_d"] == "none"
    assert kept("value_lifecycle", YESTERDAY)["mem_a"].endswith("|loyal")
    assert kept("channel", YESTERDAY) == {}, "one channel divides nobody"
    assert kept("lifecycle", YESTERDAY - timedelta(days=91)) == {}, "of the first days nothing is said"
    # 28 days ago b had just bought for the second time and c was not there yet; built on that day it is the same.
    was = kept("lifecycle", month_ago)
    assert set(was) == {"mem_a", "mem_b"}
    build_traits(at=AT, as_of=month_ago)
    with lake().read() as snapshot:
        traits = snapshot.table("traits")
        layers = fixed_layers(traits.filter(traits.as_of == month_ago, traits.orders_total > 0))
        for scheme in ("rfm", "lifecycle", "spend", "value_lifecycle", "rhythm", "discount"):
            rows = layers[scheme].to_pyarrow().to_pylist()
            assert kept(scheme, month_ago) == {row["member_id"]: row["layer"] for row in rows}
    month = next(flow for flow in answered.result["flows"]["lifecycle"] if flow["days"] == 28)
    assert {(row["from_layer"], row["to_layer"]): row["members"] for row in month["rows"]} == {
        (was["mem_a"], "loyal"): 1, (was["mem_b"], "active"): 1, (None, "new"): 1, (None, "prospect"): 1,
    }  # fmt: skip
    moved = {
        "type": "moved", "scheme": "lifecycle", "from_layers": [was["mem_b"]], "to_layers": ["active"], "days": 28,
    }  # fmt: skip
    with bench(as_of=TODAY) as found:
        assert found.member_ids(parsed(moved)) == ["mem_b"]
    lake().replace("orders", lake_orders_without("c"))
    build_traits(at=AT + timedelta(days=1), as_of=TODAY)
    run_study("layers", at=AT + timedelta(days=1), as_of=TODAY)
    assert "mem_c" in kept("lifecycle", YESTERDAY), "the day as it was known then"
    assert kept("lifecycle", TODAY)["mem_c"] == "prospect"
    assert {study.as_of for study in Study.objects.filter(kind="layers")} == {YESTERDAY, TODAY}


def lake_orders_without(person: str) -> Any:
    with lake().read() as snapshot:
        orders = snapshot.table("orders")
        return orders.filter(orders.person_key != person).to_pyarrow()


def test_a_young_shop_is_told_to_wait(put: Any) -> None:
    put("identity_map", [{"person_key": "a", "member_id": "mem_a"}])
    put("orders", [order("1", "a", days_ago=5)])
    build_traits(at=AT, as_of=YESTERDAY)
    refused = run_study("layers", at=AT, as_of=YESTERDAY).refusal
    assert refused is not None
    assert refused.text == "Orders of 5 days are known; layers say something from 28 days on."


def needs_of(*rows: list[float]) -> NeedModel:
    weights = np.array(rows)
    return NeedModel(("tea", "milk", "soap", "nails"), weights / weights.sum(axis=1)[:, None], np.ones(4))


@pytest.mark.once
def test_a_need_found_again_keeps_its_code_and_a_new_one_gets_a_number_never_used() -> None:
    first = named_like(needs_of([9, 1, 0, 0], [0, 0, 9, 1], [0, 9, 0, 0]), None, found_on=TODAY)
    assert first.codes == ("need_1", "need_2", "need_3")
    # The order has changed, milk is gone, nails are new; a category that came later changes nothing.
    later = NeedModel(
        ("soap", "nails", "tea", "milk", "ink"),
        np.array([[0.0, 0.9, 0.0, 0.1, 0.0], [0.9, 0.1, 0.0, 0.0, 0.0], [0.0, 0.0, 0.9, 0.1, 0.0]]),
        np.ones(5),
    )
    again = named_like(later, first, found_on=TODAY)
    assert again.codes == ("need_4", "need_2", "need_1")
    assert named_like(later, again, found_on=TODAY).next_number == 5
    assert Kept(later, again.codes, TODAY, 5).names()["need_2"] == "soap + nails"


def test_own_borders_score_the_next_build_and_each_build_explains_itself(shop: None) -> None:
    build_traits(at=AT, as_of=YESTERDAY)
    before = explained("mem_b")
    assert before is not None
    assert before.scheme.method == "quantiles"
    assert [(c.segment, c.members) for c in rfm_preview(OWN).segments if c.members != c.would_be] != []
    save_rfm_scheme(actor=SYSTEM, at=AT, scheme=OWN, version=0)
    build_traits(at=AT, as_of=YESTERDAY)
    after = explained("mem_b")
    assert after is not None
    assert after.scheme == OWN
    assert (after.recency_days, after.frequency, after.monetary_minor) == (39, 2, 10_000)
    why = after.explanation
    assert (why.recency_score, why.frequency_score, why.monetary_score) == (3, 2, 4)
    with lake().read() as snapshot:
        traits = snapshot.table("traits")
        row = traits.filter(traits.member_id == "mem_b").to_pyarrow().to_pylist()[0]
    assert (row["recency_score"], row["frequency_score"], row["monetary_score"]) == (3, 2, 4)
    assert row["rfm_segment"] == why.segment
    assert explained("mem_d") is None
    build = latest_build()
    assert build is not None
    assert build.scheme == json.loads(json.dumps(OWN.as_data()))


def test_nobody_overwrites_borders_unseen(db: None) -> None:
    save_rfm_scheme(actor=SYSTEM, at=AT, scheme=OWN, version=0)
    with pytest.raises(Refused, match="meanwhile"):
        save_rfm_scheme(actor=SYSTEM, at=AT, scheme=RfmScheme(), version=0)
    with pytest.raises(Refused, match="in use"):
        save_rfm_scheme(actor=SYSTEM, at=AT, scheme=OWN, version=1)
    assert rfm_scheme().number == RfmVersion.objects.count() == 1


def signed_in(role: str, language: str = "en") -> Client:
    password = "correct-horse-battery"
    create_user(
        actor=SYSTEM, at=AT, username=role, password=password, role=role, display_name=role, language=language
    )
    client = Client()
    assert client.login(username=role, password=password)
    return client


def borders(**changes: str) -> dict[str, str]:
    typed = {
        f"recency_days_{score}": str(days) for score, days in zip((5, 4, 3, 2), OWN.recency_days, strict=True)
    }
    for name, unit in (("frequency", 1), ("monetary_minor", 100)):
        values = zip((2, 3, 4, 5), getattr(OWN, name), strict=True)
        typed |= {f"{name}_{score}": str(value / unit if unit > 1 else value) for score, value in values}
    return {"method": "thresholds", "version": "0", **typed, **changes}


def test_the_page_of_borders_tries_saves_and_says_what_is_wrong(shop: None) -> None:
    client = signed_in("administrator")
    build_traits(at=AT, as_of=YESTERDAY)
    page = client.get("/insights/layers/scores/").content.decode()
    assert 'name="recency_days_5"' in page
    tried = client.post("/insights/layers/scores/", borders()).content.decode()
    assert "would be" in tried
    assert not RfmVersion.objects.exists(), "trying saves nothing"
    for changes, message in (
        ({"recency_days_4": "3"}, "cannot ask for fewer days"),
        ({"frequency_5": "x"}, "Orders: fill in"),
        ({"monetary_minor_3": "1.005"}, "Money: fill in"),
        ({"monetary_minor_5": "1e99"}, "Money: fill in"),
        ({"frequency_2": "NaN"}, "Orders: fill in"),
    ):
        answer = client.post("/insights/layers/scores/", borders(save="1", **changes))
        assert answer.status_code == 422
        assert message in answer.content.decode()
    assert client.post("/insights/layers/scores/", borders(save="1", version="7")).status_code == 409
    saved = client.post("/insights/layers/scores/", borders(save="1"))
    assert saved.headers["Location"] == "/insights/layers/"
    assert rfm_scheme().scheme == OWN
    assert signed_in("viewer").get("/insights/layers/scores/").status_code == 403


@pytest.mark.once
def test_the_page_shows_every_scheme_and_hands_over_its_members(answered: Any) -> None:
    client = signed_in("administrator")
    for scheme in ("lifecycle", "spend", "rfm", "nonsense"):
        answer = client.get("/insights/layers/", {"scheme": scheme, "days": "28", "measure": "average_minor"})
        assert answer.status_code == 200
    page = answer.content.decode()
    assert "Who moves where" in page
    assert "Middle spend × Loyal" in page
    handed = [part.split('"', maxsplit=1)[0] for part in page.split('name="conditions" value="')[1:]]
    sizes = {}
    with bench(as_of=TODAY) as found:
        for conditions in handed:
            tree = parsed(json.loads(html.unescape(conditions)))
            assert found.faults(tree) == []
            sizes[conditions] = len(found.member_ids(tree))
    assert min(sizes.values()) == 1, "each saves those whom its row counts"
    page = signed_in("viewer", "zh-hans").get("/insights/layers/").content.decode()
    assert "会员流向" in page
    assert "中消费 × 忠诚" in page
    assert 'name="conditions"' not in page, "who may not save audiences sees no button"


def test_before_the_first_answer_the_page_says_what_to_do(shop: None) -> None:
    client = signed_in("administrator")
    assert "Import orders" in client.get("/insights/layers/").content.decode()
    build_traits(at=AT, as_of=YESTERDAY)
    assert "Compute now" in client.get("/insights/layers/").content.decode()
    assert latest_study("layers") is None
