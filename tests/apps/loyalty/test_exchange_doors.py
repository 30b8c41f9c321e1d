"""Points for vouchers at the member's own page, at the desk and over the API."""

import re

import pytest
from django.test import Client

from shuke.apps.loyalty.models import VoucherExchange
from shuke.apps.loyalty.operations import award_points
from shuke.apps.loyalty.queries.own_links import own_token
from shuke.apps.loyalty.queries.statements import points_wallet
from shuke.apps.loyalty.schemas import Request
from shuke.apps.promotions.models import Voucher
from shuke.apps.promotions.operations import create_definition, publish_definition
from shuke.platform.accounts.models import User
from shuke.platform.accounts.operations import create_user, issue_token
from shuke.platform.clock import now
from shuke.platform.permissions import PERMISSIONS, SYSTEM

# What pages ask runs on PostgreSQL in tests/security/test_doors.py and tests/test_api_schema.py; texts are the same.
pytestmark = pytest.mark.once

PRICE = {"points_type": "gift", "points": 500, "back_days": 7}


def priced(name: str = "Twenty off", **terms) -> str:
    given = {
        "kind": "amount",
        "amount_minor": 2000,
        "days_after_claim": 30,
        "is_claimable": True,
        "price": PRICE,
    }
    found = create_definition(actor=SYSTEM, at=now(), name=name, terms={**given, **terms})
    publish_definition(actor=SYSTEM, at=now(), definition_id=found)
    return found


def fund(member: str, points: int) -> None:
    asked = Request(key=f"fund:{member}", actor="test", at=now())
    award_points(request=asked, member_id=member, points_type="gift", points=points)


def available(member: str) -> int:
    return points_wallet(member, points_type="gift", at=now()).balances.available


def page_of(member: str, language: str = "en") -> str:
    return f"/my/{own_token(member, at=now())}/offers/?language={language}"


def form_of(page: str, field: str) -> dict[str, str]:
    """The hidden fields of the first form that has that one."""
    forms = re.findall(r"<form.*?</form>", page, re.DOTALL)
    [form, *_more] = [one for one in forms if f'name="{field}"' in one]
    return dict(re.findall(r'name="(\w+)" value="([^"]*)"', form))


def test_a_member_exchanges_and_takes_back_on_their_own_page(members):
    ann, bob, _ = members
    priced()
    dear = priced("Dear", price={**PRICE, "points": 5_000, "back_days": None})
    fund(ann, 1_240)
    where, client = page_of(ann), Client()
    seen = client.get(where).content.decode()
    for words in ("500 Gift points", "You have 1,240; 740 stay.", "within 7 days", "3,760 more are needed"):
        assert words in seen
    assert not any(word in seen for word in ("<script", "style=", "onclick"))
    form = form_of(seen, "exchange")
    answers = [client.post(where, form) for _click in range(2)]
    assert [answer.status_code for answer in answers] == [302, 302]
    assert answers[0]["Location"] == answers[1]["Location"]
    assert (available(ann), Voucher.objects.count()) == (740, 1)
    after = client.get(answers[0]["Location"]).content.decode()
    assert "It is yours" in after
    assert "can be taken back through" in after
    chinese = client.get(page_of(ann, "zh-hans")).content.decode()
    for words in ("积分兑换", "还差 4,260", "撤销兑换"):
        assert words in chinese
    short = client.post(where, {"exchange": dear, "points": "5000", "key": "abcd"})
    assert short.status_code == 409
    assert "4,260 more are needed: it costs 5,000" in short.content.decode()
    for bad in ("", "-1", "0", "x", "9" * 30, "\x00"):
        assert client.post(where, {"exchange": dear, "points": bad, "key": "\x00"}).status_code == 409
    form = form_of(after, "back")
    assert client.post(page_of(bob), form).status_code == 409  # not bob's
    back = client.post(where, form)
    assert client.post(where, form)["Location"] == back["Location"]
    assert "500 came back" in client.get(back["Location"]).content.decode()
    assert (available(ann), Voucher.objects.get().state) == (1_240, "cancelled")


def test_a_page_without_prices_has_no_exchange(members):
    page = Client().get(page_of(members[0])).content.decode()
    assert 'id="exchange' not in page


def client_of(role: str) -> Client:
    view = create_user(actor=SYSTEM, at=now(), username=role, password="correct horse 9", role=role)
    client = Client()
    client.force_login(User.objects.get(public_id=view.id))
    return client


def test_staff_exchanges_at_the_desk_also_what_members_cannot(members):
    ann = members[0]
    kind = priced(is_claimable=False)
    fund(ann, 800)
    client = client_of("marketer")
    page = client.get(f"/members/{ann}/").content.decode()
    assert f'value="{kind}|500"' in page
    assert "Twenty off" not in Client().get(page_of(ann)).content.decode()
    body = {"offer": f"{kind}|500", "key": "abc123"}
    for _click in range(2):
        assert client.post(f"/members/{ann}/exchanges/", body).status_code == 302
    assert available(ann) == 300
    [row] = VoucherExchange.objects.all()
    assert client_of("viewer").post(f"/members/{ann}/exchanges/", body).status_code == 403
    again = client.post(f"/members/{ann}/exchanges/", {**body, "key": "other"}, follow=True)
    assert "200 more are needed" in again.content.decode()
    assert "Choose a voucher first" in client.post(
        f"/members/{ann}/exchanges/", {"offer": ""}, follow=True
    ).content.decode()  # fmt: skip
    back = f"/members/{ann}/exchanges/{row.public_id}/back/"
    told = client.post(back, {"key": "back1"}, follow=True).content.decode()
    assert "500 points came back" in told
    assert "taken back" in told
    assert available(ann) == 800


def till() -> Client:
    owner = create_user(
        actor=SYSTEM, at=now(), username="till", password="correct horse 9", role="administrator"
    )
    token = issue_token(actor=SYSTEM, at=now(), owner_id=owner.id, name="till", scopes=PERMISSIONS)
    return Client(headers={"authorization": f"Bearer {token.secret}"})


def test_the_api_gives_the_same_code_for_the_same_key(members):
    shop = till()
    ann, kind = members[0], priced(limits={"claims": 5})
    fund(ann, 900)
    path = f"/api/v1/members/{ann}/exchanges"
    [offer] = shop.get(f"{path}/offers").json()
    assert (offer["definition_id"], offer["price"]["points"], offer["missing"]) == (kind, 500, 0)
    body = {"definition_id": kind, "points": 500}
    assert shop.post(path, body, content_type="application/json").status_code == 422  # no key
    first, second = (
        shop.post(path, body, content_type="application/json", headers={"Idempotency-Key": "order-0001"})
        for _sent in range(2)
    )
    assert (first.status_code, second.status_code) == (201, 201)
    assert first.json() == second.json()
    assert len(first.json()["code"].replace("-", "").replace(" ", "")) == 13
    assert second.headers["Idempotency-Replayed"] == "true"
    short = shop.post(path, body, content_type="application/json", headers={"Idempotency-Key": "order-0002"})
    assert short.status_code == 409
    assert (short.json()["code"], short.json()["details"]["missing"]) == ("points_insufficient", 100)
    [row] = shop.get(path).json()
    assert (row["voucher_state"], row["is_open"], "code" in row) == ("claimed", True, False)
    back = f"/api/v1/exchanges/{row['exchange_id']}/take-back"
    done = [shop.post(back, headers={"Idempotency-Key": "back-00001"}).json() for _sent in range(2)]
    assert done[0] == done[1]
    assert (done[0]["state"], done[0]["returned"], available(ann)) == ("taken_back", 500, 900)
