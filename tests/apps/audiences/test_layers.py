"""Audiences of layers: counted on the newest day, named in words, and filled in from another page."""

from __future__ import annotations

import html
import json
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from shuke.apps.audiences.models import Audience
from shuke.platform.clock import now
from shuke.platform.permissions import Actor
from shuke.platform.warehouse import lake
from shuke.tables import TABLES
from tests.apps.audiences.conftest import PASSWORD
from tests.apps.audiences.worlds import arrow

IN_LOYAL = {"type": "layer", "scheme": "lifecycle", "layers": ["loyal"]}
MOVED = {
    "type": "moved",
    "scheme": "lifecycle",
    "from_layers": ["new"],
    "to_layers": ["loyal", "active"],
    "days": 28,
}


@pytest.fixture
def client(shop: list[str], marketer: Actor) -> Client:
    """m00 to m03 were new 28 days ago; of these m00 became loyal and m01 active, m02 stayed, m03 was erased."""
    today = now().date()
    days: dict[int, dict[str, str]] = {
        40: {"m00": "lost"},
        28: {"m00": "new", "m01": "new", "m02": "new", "m03": "new"},
        10: {"m00": "at_risk", "m04": "loyal"},
        0: {"m00": "loyal", "m01": "active", "m02": "new", "m05": "loyal"},
    }
    for days_ago, members in days.items():
        rows: list[dict[str, Any]] = [
            {
                "member_id": member,
                "scheme": "lifecycle",
                "as_of": today - timedelta(days=days_ago),
                "layer": layer,
            }
            for member, layer in members.items()
        ]
        lake().append(
            "member_layers", arrow("member_layers", rows).cast(TABLES["member_layers"].arrow_schema)
        )
    found = Client()
    assert found.login(username="mara", password=PASSWORD)
    return found


def evaluated(client: Client, tree: dict[str, Any]) -> Any:
    body = json.dumps({"conditions": {"type": "all", "children": [tree]}})
    return client.post("/api/v1/audiences/evaluate", body, content_type="application/json")


def words(client: Client, tree: dict[str, Any]) -> tuple[int, str]:
    found = evaluated(client, tree).json()
    return found["size"], found["description"][1]["text"]


def test_layers_are_counted_on_the_newest_day_and_said_in_words(client: Client) -> None:
    assert words(client, IN_LOYAL) == (2, "Lifecycle: is in the layer Loyal")
    assert words(client, {**IN_LOYAL, "did": False}) == (10, "Lifecycle: is not in the layer Loyal")
    assert words(client, MOVED) == (2, "Lifecycle: moved from New to Loyal, Active within 28 days")
    assert words(client, {**MOVED, "days": 29})[0] == 0, "before that only a day on which nobody was new"


def test_a_layer_that_does_not_exist_is_named_with_what_may_be_meant(client: Client) -> None:
    fault = evaluated(client, {**IN_LOYAL, "layers": ["loyall"]}).json()["details"]["faults"][0]
    assert (fault["code"], fault["input"], fault["suggestions"]) == ("unknown_layer", "layers", ["loyal"])
    fault = evaluated(client, {**MOVED, "scheme": "lifecycles"}).json()["details"]["faults"][0]
    assert (fault["code"], fault["input"], fault["suggestions"]) == (
        "unknown_scheme",
        "scheme",
        ["lifecycle"],
    )
    # A stage in which nobody is today exists all the same.
    assert evaluated(client, {**IN_LOYAL, "layers": ["at_risk"]}).json()["size"] == 0


def test_the_builder_offers_schemes_with_their_layers(client: Client) -> None:
    schemes = client.get("/api/v1/audiences/fields").json()["schemes"]
    assert [(scheme["name"], scheme["label"]) for scheme in schemes] == [("lifecycle", "Lifecycle")]
    assert {"value": "at_risk", "label": "At risk"} in schemes[0]["choices"]


def tree_in(page: str) -> Any:
    block = page.split('id="builder-tree" type="application/json">')[1].split("</script>", maxsplit=1)[0]
    return json.loads(html.unescape(block))


def test_another_page_opens_the_builder_filled_in(client: Client) -> None:
    tree = {"type": "all", "children": [IN_LOYAL]}
    given = {"name": "Loyal <members>", "conditions": json.dumps(tree)}
    answer = client.post("/audiences/propose/", given)
    assert answer.status_code == 200
    page = answer.content.decode()
    assert tree_in(page)["children"][0]["layers"] == ["loyal"]
    assert 'value="Loyal &lt;members&gt;"' in page
    assert 'action="/audiences/new/"' in page
    assert not Audience.objects.exists(), "a proposal saves nothing"
    assert client.get("/audiences/propose/").headers["Location"] == "/audiences/new/"


@pytest.mark.parametrize(
    "conditions",
    ["", "{", "[1]", '{"type": "layer"}', '{"type": "nobody knows"}', "[" * 100_000],
    ids=["nothing", "broken", "list", "incomplete", "unknown", "deep"],
)
def test_conditions_that_cannot_be_read_leave_the_builder_empty(client: Client, conditions: str) -> None:
    answer = client.post("/audiences/propose/", {"name": "x", "conditions": conditions})
    assert answer.status_code == 409
    page = answer.content.decode()
    assert "The conditions that were handed over cannot be read." in page
    assert tree_in(page) == {"type": "all", "children": []}


def test_who_may_not_save_an_audience_cannot_open_a_proposal(client: Client, viewer: Actor) -> None:
    other = Client()
    assert other.login(username=viewer.name, password=PASSWORD)
    assert other.post("/audiences/propose/", {"conditions": json.dumps(IN_LOYAL)}).status_code == 403
