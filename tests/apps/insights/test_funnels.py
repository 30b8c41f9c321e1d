"""Funnels over collected events: counted on the page, kept, counted by night, and saved as audiences."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from shuke.apps.audiences.queries import bench
from shuke.apps.audiences.schemas import parsed
from shuke.apps.insights.models import Funnel
from shuke.apps.insights.operations import count_funnel, delete_funnel, save_funnel
from shuke.apps.insights.queries import layer_names, scheme_name
from shuke.apps.insights.queries.funnels import counted_funnel, event_names, funnel_view, yesterday
from shuke.apps.insights.schemas import FunnelBody, FunnelSave
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
