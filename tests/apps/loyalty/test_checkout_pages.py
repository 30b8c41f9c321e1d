"""The checkout in the console: what is shown, tried and set, and by whom."""

from typing import Any

import pytest
from django.test import Client

from shuke.apps.loyalty.models import CheckoutCall, Reservation
from shuke.apps.loyalty.operations import rename_points_type
from shuke.apps.loyalty.queries.checkout import points_rates
from shuke.platform.accounts.operations import create_user
from shuke.platform.clock import now
from shuke.platform.permissions import SYSTEM
from shuke.web.panels import timeline_kinds
from tests.apps.loyalty.checkout_desk import asked, bought, bring_back, fund, reserve
from tests.apps.loyalty.checkout_desk import key as call
from tests.apps.loyalty.conftest import START

# What pages ask runs on PostgreSQL in tests/security/test_doors.py and tests/test_api_schema.py; texts are the same.
pytestmark = pytest.mark.once

PAGES = "/membership/checkouts/"


def signed_in(role: str) -> Client:
    create_user(actor=SYSTEM, at=START, username=role, password="correct horse battery", role=role)
    client = Client()
    client.post("/sign-in/", {"username": role, "password": "correct horse battery"})
    return client


@pytest.fixture
def client(members) -> Client:
    return signed_in("marketer")


def basket(**values: Any) -> dict[str, Any]:
    return {"product_0": "bread", "pieces_0": "2", "price_0": "49.90", "fixed_1": "", **values}


def test_the_list_says_what_is_missing_and_what_is_held(client, members):
    empty = client.get(PAGES).content.decode()
    assert "No receipts yet" in empty
    assert "Say what points are worth" in empty
    fund(members[0], 900, at=now())
    from dataclasses import replace

    held = reserve(asked(points=500), members[0], call=replace(call(), at=now())).answer
    paid = bought(asked(), None, order_id="shop:1")
    page = client.get(PAGES).content.decode()
    assert held["reservation_id"] in page
    assert f"{PAGES}receipts/{paid['receipt_id']}/" in page


def test_a_receipt_shows_every_line_and_what_came_back(client, members):
    fund(members[0], 900)
    found = bought(asked(points=500, shipping_minor=600), members[0], order_id="shop:1")
    bring_back(found["receipt_id"], {3: 1})
    page = client.get(f"{PAGES}receipts/{found['receipt_id']}/").content.decode()
    for text in ("shop:1", "wine", "Paid with points", "CN¥146.05", "CN¥147.05", "CN¥92.71"):
        assert text in page
    rename_points_type(actor=SYSTEM, at=now(), code="gift", names={"en": "Stars", "zh-hans": "星星"})
    page = client.get(f"{PAGES}receipts/{found['receipt_id']}/").content.decode()
    assert "Paid with points: Stars" in page
    (kind,) = [kind for kind in timeline_kinds() if kind.name == "checkout"]
    told = kind.read(members[0], None, 10)
    assert sorted(item.what for item in told) == ["paid", "returned"]
    assert "CN¥147.05" in next(item.title for item in told if item.what == "paid")
    assert client.get(f"{PAGES}receipts/rct_nowhere/").status_code == 404


def test_a_basket_is_tried_and_nothing_is_written(client, members):
    fund(members[0], 900, at=now())
    assert client.get(f"{PAGES}try/").status_code == 200
    tried = client.post(
        f"{PAGES}try/", basket(member=members[0], points="500", codes="NOBODYS1", shipping="6")
    ).content.decode()
    for text in ("CN¥94.80", "CN¥100.80", "Nobody issued this code", "900 points are there"):
        assert text in tried
    assert (Reservation.objects.count(), CheckoutCall.objects.count()) == (0, 0)


@pytest.mark.parametrize(
    ("values", "text"),
    [
        ({"member": "nobody at all"}, "Nobody is found"),
        ({"price_0": ""}, "has no price yet"),
        ({"product_0": "", "price_0": ""}, "Name a product or a price"),
        ({"offer_0": "100"}, "more taken off than it costs"),
        ({"pieces_0": "0"}, "greater than or equal to 1"),
    ],
)
def test_what_cannot_be_tried_is_said(client, values, text):
    assert text in client.post(f"{PAGES}try/", basket(**values)).content.decode()


def test_what_points_are_worth_is_set_by_who_may(client, members):
    rate = {"points_type": "gift", "starts_on": "2026-01-05", "points": "100", "amount": "1.00"}
    rate |= {"minimum_points": "100", "maximum_percent": "50"}
    bad = client.post(f"{PAGES}rates/", {**rate, "amount": "0"})
    assert (bad.status_code, points_rates()) == (422, [])
    assert client.post(f"{PAGES}rates/", rate).status_code == 302
    (found,) = points_rates()
    assert (found.points, found.minor, found.maximum_percent) == (100, 100, 50)
    viewer = signed_in("viewer")
    assert viewer.get(f"{PAGES}rates/").status_code == 200
    assert viewer.post(f"{PAGES}rates/", rate).status_code == 403
    assert len(points_rates()) == 1
