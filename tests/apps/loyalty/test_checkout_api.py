"""The checkout over the API: keys, replays, problems, and whose account it is."""

import json
import uuid
from typing import Any

import pytest
from django.test import Client

from shuke.apps.identity.operations import merge_members, resolve_person_keys
from shuke.apps.identity.queries import find_members, owners_of_keys
from shuke.platform.accounts.operations import create_user, issue_token
from shuke.platform.clock import now
from shuke.platform.permissions import SYSTEM
from tests.apps.loyalty.checkout_desk import basket, fund
from tests.apps.loyalty.conftest import START

PHONE = "+8613800138000"


class Till:
    """A till that speaks HTTP; each call has a key of its own unless it says one."""

    def __init__(self, *scopes: str) -> None:
        name = uuid.uuid4().hex[:8]
        owner = create_user(
            actor=SYSTEM, at=START, username=name, password="correct horse battery", role="administrator"
        )
        token = issue_token(actor=SYSTEM, at=START, owner_id=owner.id, name="till", scopes=list(scopes))
        self.client = Client(headers={"authorization": f"Bearer {token.secret}"})

    def post(self, path: str, body: Any = None, *, key: str | None = "") -> Any:
        headers = {} if key is None else {"Idempotency-Key": key or uuid.uuid4().hex}
        return self.client.post(
            f"/api/v1/checkout{path}", json.dumps(body), content_type="application/json", headers=headers
        )

    def get(self, path: str) -> Any:
        return self.client.get(f"/api/v1/checkout{path}")


@pytest.fixture
def till(members) -> Till:
    fund(members[0], 900, at=now())
    return Till("checkout.edit")


def wanted(member: str, **values: Any) -> dict[str, Any]:
    points = {"points_type": "gift", "points": 500}
    return {"basket": basket(), "member": {"member_id": member}, "points": points, **values}


def test_from_quote_to_return(till, members):
    body = wanted(members[0])
    quote = till.post("/evaluate", body, key=None).json()
    assert quote["goods_minor"] == 14105
    held = till.post("/reservations", {**body, "quote_hash": quote["quote_hash"]}, key="till-1:held")
    assert (held.status_code, held.headers.get("Idempotency-Replayed")) == (201, None)
    again = till.post("/reservations", {**body, "quote_hash": quote["quote_hash"]}, key="till-1:held")
    assert (again.status_code, again.json()) == (201, held.json())
    assert again.headers["Idempotency-Replayed"] == "true"
    path = f"/reservations/{held.json()['reservation_id']}"
    assert till.get(path).json()["state"] == "open"
    done = till.post(f"{path}/commit", {"order_id": "shop:1"})
    assert done.status_code == 201
    number = done.json()["receipt_id"]
    assert till.get(f"/receipts/{number}").json() == done.json()
    assert till.get("/receipts?order_id=shop:1").json()["receipt_id"] == number
    ended = till.post(f"{path}/release")
    assert (ended.status_code, ended.json()["code"]) == (409, "reservation_ended")
    back = till.post(f"/receipts/{number}/returns", {"lines": [{"line_no": 3, "quantity": 1}]})
    assert (back.status_code, back.json()["points_given_back"]) == (201, 329)
    assert till.get("/rates").json()[0]["points"] == 100


def test_what_is_wrong_is_named(till, members):
    lines = [{"line_no": 1, "list_minor": 5}, {"line_no": 2, "list_minor": 5, "quantity": 0}]
    answer = till.post("/evaluate", {"basket": basket(lines)}, key=None)
    assert answer.status_code == 422
    assert list(answer.json()["details"]) == ["body.basket.lines.1.quantity"]
    lines = [{"line_no": 9, "list_minor": 5, "offer_minor": 6}]
    answer = till.post("/evaluate", {"basket": basket(lines)}, key=None)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_basket")
    assert answer.json()["details"]["lines"] == [
        {"line_no": 9, "field": "offer_minor", "code": "offer_above_price"}
    ]
    misspelt = till.post("/evaluate", {"basket": basket(), "coupons": ["A"]}, key=None)
    assert misspelt.status_code == 422


@pytest.mark.parametrize("key", [None, "short", "with space in it", "x" * 121])
def test_a_call_that_changes_something_needs_a_key(till, members, key):
    body = {**wanted(members[0]), "quote_hash": "0" * 64}
    answer = till.post("/reservations", body, key=key)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid")
    assert "Idempotency-Key" in str(answer.json()["details"])


def test_another_body_under_the_key_is_a_conflict(till, members):
    body = wanted(members[0])
    body["quote_hash"] = till.post("/evaluate", body, key=None).json()["quote_hash"]
    assert till.post("/reservations", body, key="the-same-key").status_code == 201
    answer = till.post("/reservations", {**body, "seconds": 60}, key="the-same-key")
    assert (answer.status_code, answer.json()["code"]) == (409, "idempotency_conflict")


def test_the_new_quote_comes_with_the_refusal(till, members):
    body = {**wanted(members[0]), "quote_hash": "0" * 64}
    answer = till.post("/reservations", body)
    assert (answer.status_code, answer.json()["code"]) == (409, "quote_changed")
    body["quote_hash"] = answer.json()["details"]["quote"]["quote_hash"]
    assert till.post("/reservations", body).status_code == 201


def test_a_till_needs_the_right(members):
    other = Till("members.view")
    for answer in (other.post("/evaluate", {"basket": basket()}, key=None), other.get("/receipts/rct_1")):
        assert (answer.status_code, answer.json()["code"]) == (403, "not_permitted")


def test_a_member_is_known_by_card_or_phone_and_no_contact_is_repeated(till):
    resolve_person_keys(at=START, scope="global", kind="phone", values=[PHONE], source="test")
    cards = resolve_person_keys(at=START, scope="shop", kind="card", values=["6200-1"], source="test")
    phone_owner = find_members(PHONE)[0]
    card_owner = next(iter(owners_of_keys(cards.values()).values()))
    quoted = {}
    for kind, value in (("phone", "138 0013 8000"), ("card", "6200-1")):
        answer = till.post("/evaluate", {"basket": basket(), "member": {kind: value}}, key=None)
        assert value not in answer.content.decode()
        assert "13800138000" not in answer.content.decode()
        quoted[kind] = answer.json()["member_id"]
    assert quoted == {"phone": phone_owner, "card": card_owner}
    merge_members(actor=SYSTEM, at=START, survivor_id=card_owner, absorbed_id=phone_owner)
    for name in ({"phone": PHONE}, {"member_id": phone_owner}):
        answer = till.post("/evaluate", {"basket": basket(), "member": name}, key=None)
        assert answer.json()["member_id"] == card_owner


def test_a_member_who_is_not_one(till):
    for name, status, code in (
        ({"phone": "13800138009"}, 404, "member_not_found"),
        ({"member_id": "mem_nobody"}, 404, "member_not_found"),
        ({"card": "1", "phone": PHONE}, 422, "one_name"),
    ):
        answer = till.post("/evaluate", {"basket": basket(), "member": name}, key=None)
        assert (answer.status_code, answer.json()["code"]) == (status, code)
        assert "138" not in answer.content.decode()
    for scope in ("north", "south"):
        resolve_person_keys(at=START, scope=scope, kind="card", values=["77"], source="test")
    answer = till.post("/evaluate", {"basket": basket(), "member": {"card": "77"}}, key=None)
    assert (answer.status_code, answer.json()["code"]) == (409, "member_ambiguous")
