"""API and pages: rights, faults with their place, paging, languages."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from shuke.apps.audiences.models import Audience
from shuke.platform.permissions import Actor
from tests.apps.audiences.conftest import PASSWORD, person

API = "/api/v1/audiences"
AtLeast = Callable[[int], dict[str, Any]]


def signed_in(name: str) -> Client:
    client = Client()
    assert client.login(username=name, password=PASSWORD)
    return client


def send(client: Client, path: str, body: Any, method: str = "post") -> Any:
    return getattr(client, method)(f"{API}{path}", json.dumps(body), content_type="application/json")


@pytest.fixture
def client(shop: list[str], marketer: Actor) -> Client:
    return signed_in("mara")


def test_a_life_of_an_audience_by_api(client: Client, at_least: AtLeast) -> None:
    created = send(client, "", {"name": "Regulars", "conditions": at_least(9)})
    assert created.status_code == 201
    audience = created.json()
    path = f"/{audience['id']}"
    assert audience["sizes"][0]["size"] == 3
    body = {"name": "Regulars", "conditions": at_least(5), "note": "wider", "version": 1}
    assert send(client, path, body, "put").json()["version"] == 2
    assert send(client, path, body, "put").status_code == 409
    page = client.get(f"{API}{path}/member-ids?limit=2&offset=1").json()
    assert (page["items"], page["total"], page["version"]) == (["m06", "m07"], 7, 2)
    assert client.get(f"{API}{path}/member-ids?version=1").json()["total"] == 3
    members = client.get(f"{API}{path}/members?limit=2").json()
    assert [row["member_id"] for row in members["items"]] == ["m11", "m10"]
    assert members["items"][0]["name"] == "A*****"
    assert [row["number"] for row in client.get(f"{API}{path}/versions").json()] == [2, 1]
    assert client.get(f"{API}{path}/profile").json()["size"] == 7
    assert send(client, f"{path}/evaluate", None).json()["size"] == 7
    copy = send(client, f"{path}/duplicate", None)
    assert (copy.status_code, copy.json()["name"]) == (201, "Copy of Regulars")
    assert client.delete(f"{API}{path}").status_code == 204
    listed = client.get(API).json()
    assert [row["name"] for row in listed["items"]] == ["Copy of Regulars"]


def test_a_draft_answers_size_words_and_members(client: Client, at_least: AtLeast) -> None:
    found = send(client, "/evaluate", {"conditions": {"type": "all", "children": [at_least(10)]}}).json()
    assert (found["size"], found["members_total"]) == (2, 12)
    assert [line["text"] for line in found["description"]] == [
        "All of these hold:",
        "Orders in the last year is at least 10",
    ]
    assert len(found["members"]) == 2


def test_faults_name_the_condition(client: Client, at_least: AtLeast) -> None:
    tree = {
        "type": "all",
        "children": [at_least(1), {"type": "purchase", "window": {"type": "last_days", "days": 0}}],
    }
    answer = send(client, "/evaluate", {"conditions": tree})
    assert answer.status_code == 422
    fault = answer.json()["details"]["faults"][0]
    assert (fault["path"], fault["input"], fault["code"]) == ([1], "days", "out_of_range")


def test_the_catalogue_speaks_both_languages(client: Client) -> None:
    person("li", "marketer", "zh-hans")
    english = client.get(f"{API}/fields").json()
    chinese = signed_in("li").get(f"{API}/fields").json()
    names = {field["name"]: field for field in english["traits"]}
    assert names["lifecycle_stage"]["choices"][0] == {"value": "prospect", "label": "Prospect"}
    assert english["lists"]["category"] == [
        {"value": "Soap", "label": "Soap"},
        {"value": "Tea", "label": "Tea"},
    ]
    assert chinese["labels"]["types"]["purchase"] == "购买"
    for kind in ("traits", "lists", "labels"):
        assert set(map(str, english[kind])) != set()
        assert len(english[kind]) == len(chinese[kind])


def test_known_values_are_searched(client: Client) -> None:
    assert client.get(f"{API}/values/product?text=green").json() == [{"value": "tea", "label": "Green tea"}]
    assert client.get(f"{API}/values/nothing?text=a").status_code == 404


def test_viewers_may_look_and_not_save(client: Client, viewer: Actor, at_least: AtLeast) -> None:
    audience_id = send(client, "", {"name": "Regulars", "conditions": at_least(9)}).json()["id"]
    vera = signed_in("vera")
    assert vera.get(f"{API}/{audience_id}").status_code == 200
    assert send(vera, "/evaluate", {"conditions": at_least(1)}).status_code == 200
    assert send(vera, "", {"name": "Mine", "conditions": at_least(1)}).status_code == 403
    assert vera.delete(f"{API}/{audience_id}").status_code == 403
    for path in ("new/", f"{audience_id}/edit/"):
        assert vera.get(f"/audiences/{path}").status_code == 403
    for path in ("archive", "duplicate", "refresh"):
        assert vera.post(f"/audiences/{audience_id}/{path}/").status_code == 403
    assert "New audience" not in vera.get("/audiences/").content.decode()
    assert Client().get(f"{API}/{audience_id}").status_code == 401
    assert Client().get("/audiences/").status_code == 302


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_pages_show_in_both_languages(client: Client, at_least: AtLeast, language: str) -> None:
    person("li", "marketer", language)
    client = signed_in("li")
    assert client.get("/audiences/").status_code == 200
    audience_id = send(client, "", {"name": "Regulars", "conditions": at_least(9)}).json()["id"]
    text = client.get(f"/audiences/{audience_id}/").content.decode()
    assert ("Share of revenue" if language == "en" else "销售额占比") in text
    for path in (
        "",
        "new/",
        "new/?template=birthday",
        f"{audience_id}/edit/",
        f"{audience_id}/members/",
        "?status=archived",
        "?q=zzz",
    ):
        assert client.get(f"/audiences/{path}").status_code == 200, path


def test_a_refused_save_keeps_what_was_built(client: Client, at_least: AtLeast) -> None:
    given = {"name": " ", "note": "n", "conditions": json.dumps(at_least(4)), "version": ""}
    answer = client.post("/audiences/new/", given)
    assert answer.status_code == 422
    assert '"value": 4' in answer.content.decode()
    assert not Audience.objects.exists()


@pytest.mark.parametrize(
    "body", ["", "[]", "null", '{"conditions": 5}', "[" * 100_000, '{"conditions": {"type": "\\u0000"}}']
)
def test_nonsense_is_refused_not_a_fault(client: Client, body: str) -> None:
    assert client.post("/audiences/draft/", body, content_type="application/json").status_code == 422
    assert client.post(f"{API}/evaluate", body, content_type="application/json").status_code in (400, 422)
