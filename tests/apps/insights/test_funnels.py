"""Funnels over collected events: counted on the page, kept, counted by night, and saved as audiences."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from shuke.apps.audiences.operations import create_audience
from shuke.apps.audiences.queries import bench
from shuke.apps.audiences.schemas import parsed
from shuke.apps.insights.models import Funnel
from shuke.apps.insights.operations import count_funnel, delete_funnel, save_funnel
from shuke.apps.insights.pages.funnels import segment_rows
from shuke.apps.insights.queries import layer_names, scheme_name
from shuke.apps.insights.queries.funnel_words import segment_words
from shuke.apps.insights.queries.funnels import (
    counted_funnel,
    event_names,
    events_to_count,
    funnel_view,
    yesterday,
)
from shuke.apps.insights.schemas import FunnelBody, FunnelResult, FunnelSave, FunnelSegment
from shuke.apps.insights.tasks import make_funnel
from shuke.platform.errors import NotFound, Refused
from shuke.platform.permissions import SYSTEM
from shuke.platform.warehouse import lake
from tests.apps.insights.conftest import AT, TODAY, order
from tests.apps.insights.test_layers import YESTERDAY, signed_in

VIEW, ADD = "Product Viewed", "Product Added"
BODY = FunnelBody.model_validate(
    {
        "steps": [
            {"name": VIEW, "only": {"name": "category", "value": "Tea"}},
            {"name": ADD},
            {"kind": "order"},
        ],
        "window": 2,
        "days": 28,
        "by": "lifecycle",
    }
)
ASKED = {
    "step_1": f"event:{VIEW}", "property_1": "category", "operator_1": "is", "value_1": "Tea", "step_2": f"event:{ADD}",
    "step_3": "order", "window": "2", "unit": "days", "order": "ordered", "days": "28", "by": "lifecycle",
}  # fmt: skip


def event(number: int, person: str, name: str, *, hours_ago: float, category: str = "Tea") -> dict[str, Any]:
    """An event so many hours before the morning of today."""
    at = datetime.combine(TODAY, datetime.min.time(), UTC) - timedelta(hours=hours_ago)
    return {
        "message_id": f"e{number}", "source": "web", "type": "track", "name": name, "person_key": person,
        "occurred_at": at, "received_at": at, "properties": json.dumps({"category": category}),
        "local_month": f"{at:%Y-%m}", "local_date": at.date(), "local_hour": at.hour,
    }  # fmt: skip


@pytest.fixture(autouse=True)
def _morning(monkeypatch: pytest.MonkeyPatch) -> None:
    """Doors read the clock: it is the morning of the test's day."""
    for module in ("pages.funnels", "tasks", "api"):
        monkeypatch.setattr(f"shuke.apps.insights.{module}.now", lambda: AT)


@pytest.fixture
def visited(put: Any) -> None:
    """a buys within two days, b adds and leaves, c views other goods, d views last night; x is nobody's."""
    put("identity_map", [{"person_key": p, "member_id": f"mem_{p}"} for p in "abcd"])
    put("orders", [order("o1", "a", days_ago=9), order("o2", "b", days_ago=3)])
    put(
        "events",
        [
            event(1, "a", VIEW, hours_ago=230), event(2, "a", ADD, hours_ago=220),
            event(3, "b", VIEW, hours_ago=300), event(4, "b", ADD, hours_ago=299),
            event(5, "c", VIEW, hours_ago=100, category="Milk"), event(6, "c", ADD, hours_ago=99),
            event(7, "d", VIEW, hours_ago=10), event(8, "x", VIEW, hours_ago=50),
        ],
    )  # fmt: skip
    layers = [
        {"member_id": f"mem_{p}", "as_of": YESTERDAY, "scheme": "lifecycle", "layer": layer, "score": None}
        for p, layer in (("a", "loyal"), ("b", "loyal"), ("d", "new"))
    ]  # fmt: skip
    put("member_layers", layers)


def test_a_life_of_a_funnel(visited: None) -> None:
    """Counted, kept, an audience of who fell out, another definition, another person, deleted."""
    as_of = yesterday(AT)
    result = counted_funnel(BODY, as_of=as_of).result
    assert [(one.members, one.left) for one in result.steps] == [(3, 0), (2, 1), (1, 0)]
    assert (result.began, result.done, result.open, result.unknown) == (3, 1, 1, 1)
    assert [(one.code, one.members, one.parts[-1]) for one in result.segments] == [
        ("loyal", 2, 0.5),
        ("new", 1, 0.0),
    ]
    assert [(one.name, one.events) for one in event_names(today=as_of)] == [(VIEW, 5), (ADD, 3)]
    funnel = save_funnel(actor=SYSTEM, at=AT, saved=FunnelSave(name="Tea", definition=BODY))
    count_funnel(at=AT, funnel_id=funnel.id)
    kept = funnel_view(funnel.id)
    assert kept.result == result
    scheme = f"funnel:{funnel.id}"
    assert scheme_name(scheme) == "Funnel: Tea"
    assert layer_names(scheme)["left_2"] == "Left after step 2: Product added to cart"
    fell = {"type": "layer", "scheme": scheme, "layers": ["left_2"], "did": True}
    with bench(as_of=TODAY) as found:
        assert found.faults(parsed(fell)) == []
        assert found.member_ids(parsed(fell)) == ["mem_b"]
    with pytest.raises(Refused, match="Somebody else"):
        save_funnel(actor=SYSTEM, at=AT, saved=FunnelSave(name="Tea", definition=BODY), funnel_id=funnel.id)
    any_order = BODY.model_copy(update={"order": "any", "by": ""})
    changed = save_funnel(
        actor=SYSTEM,
        at=AT,
        saved=FunnelSave(name="Tea", version=1, definition=any_order),
        funnel_id=funnel.id,
    )
    assert changed.version == 2
    count_funnel(at=AT, funnel_id=funnel.id)
    assert funnel_view(funnel.id).result.began == 4, "in any order whoever did any step began"
    delete_funnel(actor=SYSTEM, at=AT, funnel_id=funnel.id)


@pytest.mark.django_db(transaction=True)
def test_a_deleted_funnel_leaves_no_layers(visited: None) -> None:
    funnel = save_funnel(actor=SYSTEM, at=AT, saved=FunnelSave(name="Tea", definition=BODY))
    count_funnel(at=AT, funnel_id=funnel.id)
    delete_funnel(actor=SYSTEM, at=AT, funnel_id=funnel.id)
    count_funnel(at=AT, funnel_id=funnel.id)
    with lake().read() as snapshot:
        schemes = set(snapshot.table("member_layers").to_pyarrow()["scheme"].to_pylist())
    assert schemes == {"lifecycle"}
    with pytest.raises(NotFound):
        delete_funnel(actor=SYSTEM, at=AT, funnel_id=funnel.id)


@pytest.mark.once
def test_pages_count_keep_and_say_what_is_wrong(visited: None) -> None:
    client = signed_in("administrator")
    assert "No funnel is kept yet" in client.get("/insights/funnels/").content.decode()
    page = client.get("/insights/funnels/new/", ASKED).content.decode()
    assert "Of 3 members who began, 1 (33%) came through." in page
    assert "1 more people began whom nothing ties to a member" in page
    assert "Save as audience" not in page, "what is not kept has no layers"
    for changes, message in (
        ({"step_2": "", "step_3": ""}, "Choose two steps or more"),
        ({"operator_1": "at_least"}, "Step 1: say which property"),
        ({"value_1": ""}, "Step 1: say which property"),
        ({"step_2": f"event:{VIEW}", "order": "any"}, "can be a step twice only"),
        ({"window": "0"}, "Time allowed"), ({"window": "400"}, "Time allowed"), ({"window": "x"}, "Time allowed"),
    ):  # fmt: skip
        assert message in client.get("/insights/funnels/new/", ASKED | changes).content.decode()
    saved = client.post("/insights/funnels/save/", ASKED | {"name": "Tea"})
    row = Funnel.objects.get()
    assert saved.headers["Location"] == f"/insights/funnels/{row.pk}/"
    assert FunnelBody.model_validate(row.definition) == BODY
    Funnel.objects.update(result=None)
    assert "is being counted" in client.get(saved.headers["Location"]).content.decode()
    make_funnel.func(row.pk)
    page = client.get(saved.headers["Location"]).content.decode()
    assert page.count("left_2") == 1
    assert "Left after: Product added to cart" in page
    viewer = signed_in("viewer", "zh-hans")
    seen = viewer.get(saved.headers["Location"]).content.decode()
    assert "止步于" not in seen, "who may not save audiences sees no button"
    assert "浏览商品" in seen
    assert viewer.post(f"/insights/funnels/{row.pk}/delete/").status_code == 403
    edit = client.get("/insights/funnels/new/", {"funnel": row.pk}).content.decode()
    assert 'value="Tea"' in edit
    assert client.get("/insights/funnels/999999/").status_code == 404


@pytest.fixture
def crowd(put: Any) -> None:
    """200 members viewed; of the 80 of city A 48 ordered in time, of the 120 others 30; 5 are of town B, too."""
    put("identity_map", [{"person_key": f"p{n}", "member_id": f"mem_{n}"} for n in range(200)])
    put("events", [event(n, f"p{n}", VIEW, hours_ago=240) for n in range(200)])
    bought = [n for n in range(200) if (n < 48 if n < 80 else n < 110)]
    put("orders", [order(f"o{n}", f"p{n}", days_ago=10) for n in bought])
    told = [("city", "A", range(80)), ("town", "B", [*range(75, 80), *range(105, 145)])]
    put(
        "member_attributes",
        [
            {"person_key": f"p{n}", "attribute": name, "value": value, "source": "shop",
             "observed_at": AT - timedelta(days=300)}
            for name, value, members in told
            for n in members
        ],
    )  # fmt: skip


def audience_of(attribute: str, value: str) -> str:
    tree = {"type": "attribute", "name": attribute, "operator": "eq", "value": value}
    return create_audience(actor=SYSTEM, at=AT, as_of=TODAY, name=f"Those of {value}", conditions=tree)


@pytest.mark.once
def test_audiences_side_by_side(crowd: None) -> None:
    """Overlapping ones too; each against all others who began, and one that is gone is left out."""
    first, second = audience_of("city", "A"), audience_of("town", "B")
    body = FunnelBody.model_validate(
        {
            "steps": [{"name": VIEW}, {"kind": "order"}],
            "window": 2,
            "by": "audience",
            "audiences": [first, second, first, "gone"],
        }
    )
    assert body.audiences == [first, second, "gone"]
    result = counted_funnel(body, as_of=yesterday(AT)).result
    found = {one.code: one for one in result.segments}
    assert {code: (one.members, one.settled) for code, one in found.items()} == {
        first: (80, 80), second: (45, 45), "": (80, 80),
    }  # fmt: skip
    assert (found[first].part, found[first].others) == (0.6, 0.25)
    assert found[first].difference == pytest.approx(0.35)
    assert 0.2 < (found[first].lower or 0) < 0.35 < (found[first].upper or 0) < 0.5
    assert (found[first].q_value or 1) < 1e-4
    assert found[""].q_value is None, "who is in none of them is no group of its own"
    names = {first: "Those of A", second: "Those of B"}
    words = segment_words(result.segments, names)
    assert [sentence[:43] for sentence in words] == [
        "“Those of B” comes through less often than ", "“Those of A” comes through more often than ",
    ]  # fmt: skip
    assert "60% against 25%, +35 points (95 % interval +2" in words[1]
    assert FunnelBody.model_validate(body.model_dump() | {"by": "tier"}).audiences == []


@pytest.mark.once
def test_pages_tell_audiences_apart(crowd: None) -> None:
    client = signed_in("administrator")
    first, second = audience_of("city", "A"), audience_of("town", "B")
    asked = {"step_1": f"event:{VIEW}", "step_2": "order", "window": "2", "unit": "days", "order": "ordered",
             "days": "28", "by": "audience"}  # fmt: skip
    page = client.get("/insights/funnels/new/", asked).content.decode()
    assert "Choose the audiences that the members are to be told apart by." in page
    chosen = asked | {"audience_1": first, "audience_2": second, "audience_3": "gone"}
    page = client.get("/insights/funnels/new/", chosen).content.decode()
    assert "“Those of A” comes through more often than the others" in page
    assert "+35 (+2" in page
    assert "1 audience is not there any more" in page
    assert f'<option value="{second}" selected>Those of B</option>' in page
    saved = client.post("/insights/funnels/save/", chosen | {"name": "By audience"})
    row = Funnel.objects.get()
    assert row.definition["audiences"] == [first, second, "gone"]
    make_funnel.func(row.pk)
    page = signed_in("viewer", "zh-hans").get(saved.headers["Location"]).content.decode()
    assert "“Those of A”完成的比例高于其他人" in page


@pytest.mark.once
def test_tiers_have_names_and_come_from_the_lowest(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is stored are codes by size; a tier that is not there any more keeps its own code."""
    names = {"prg_1:silver": "银卡", "prg_1:gold": "金卡"}
    monkeypatch.setattr("shuke.apps.insights.queries.funnel_segments._tiers", [lambda: names])
    codes = ["prg_1:gold", "", "prg_1:gone", "prg_1:silver"]
    segments = [
        FunnelSegment(code=code, members=9 - place, parts=[1.0, 0.5]) for place, code in enumerate(codes)
    ]
    result = FunnelResult(
        as_of=YESTERDAY, first_day=YESTERDAY, began=30, done=15, open=0, unknown=0, readings=[],
        steps=[], segments=segments,
    )  # fmt: skip
    body = FunnelBody.model_validate(BODY.model_dump() | {"by": "tier"})
    assert [row["name"] for row in segment_rows(result, body)] == ["银卡", "金卡", "gone", "in none of them"]


@pytest.mark.once
def test_too_many_events_are_counted_in_the_background(
    visited: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """8 events and 2 orders are looked at: one fewer allowed, and nobody waits for them."""
    assert events_to_count(BODY, as_of=yesterday(AT)) == 10
    client = signed_in("administrator")
    asked = json.dumps(BODY.model_dump())
    for most, status, words in (
        (10, 200, "Of 3 members who began"),
        (9, 409, "Keep the funnel: it is counted in the"),
    ):
        for module in ("queries", "pages"):
            monkeypatch.setattr(f"shuke.apps.insights.{module}.funnels.MOST_EVENTS", most)
        page = client.get("/insights/funnels/new/", ASKED).content.decode()
        assert words in page
        assert "Keep this funnel" in page
        answer = client.post("/api/v1/insights/funnels/count", asked, content_type="application/json")
        assert answer.status_code == status
    saved = client.post("/insights/funnels/save/", ASKED | {"name": "Large"})
    told: list[tuple[int, int]] = []
    count_funnel(
        at=AT,
        funnel_id=Funnel.objects.get().pk,
        report=lambda done, total, _label: told.append((done, total)),
    )
    assert told == [(0, 3), (1, 3), (2, 3), (3, 3)]
    assert "Of 3 members who began" in client.get(saved.headers["Location"]).content.decode()
    waiting = client.get(f"{saved.headers['Location']}progress/")
    assert (waiting.status_code, waiting.get("HX-Refresh")) == (204, "true")
    assert client.get("/insights/funnels/999999/progress/").status_code == 404


@pytest.mark.once
def test_the_api_counts_and_keeps_the_same_funnels(visited: None) -> None:
    client = signed_in("administrator")
    body = BODY.model_dump()

    def send(method: str, path: str, data: dict[str, Any]) -> Any:
        return getattr(client, method)(
            f"/api/v1/insights/funnels{path}", json.dumps(data), content_type="application/json"
        )

    counted = send("post", "/count", body)
    assert (counted.status_code, counted.json()["done"]) == (200, 1)
    made = send("post", "", {"name": "Tea", "definition": body})
    assert made.status_code == 201
    number = made.json()["id"]
    assert (
        send("put", f"/{number}", {"name": "Tea 2", "version": 1, "definition": body}).json()["version"] == 2
    )
    assert send("put", f"/{number}", {"name": "Tea 3", "version": 1, "definition": body}).status_code == 409
    assert send("post", "/count", body | {"steps": body["steps"][:1]}).status_code == 422
    assert send("post", "/count", body | {"window": 9000, "unit": "hours"}).status_code == 422
    assert client.delete(f"/api/v1/insights/funnels/{number}").status_code == 204
    assert client.get(f"/api/v1/insights/funnels/{number}").status_code == 404
