"""The console's page of benefits, its editor, the card on a member's page, and the API."""

import json
import re
from datetime import timedelta

import pytest
from django.test import Client

from shuke.apps.loyalty.forms.benefits import read_cell, shown_cell
from shuke.apps.loyalty.queries.benefit_terms import benefit_draft, benefit_version_on
from shuke.apps.loyalty.queries.benefits import benefit_uses, benefits_of
from shuke.apps.loyalty.queries.plans import paid_terms, plan
from shuke.platform.accounts.operations import create_user
from shuke.platform.clock import business_date, now
from shuke.platform.permissions import SYSTEM
from tests.apps.loyalty.benefit_terms import TERMS, publish

# What pages ask runs on PostgreSQL in tests/security/test_doors.py and tests/test_api_schema.py; texts are the same.
pytestmark = pytest.mark.once

HERE = "/membership/benefits/"


def signed_in(role: str) -> Client:
    create_user(actor=SYSTEM, at=now(), username=role, password="a password of ten", role=role)
    client = Client()
    assert client.login(username=role, password="a password of ten")
    return client


def today():
    return business_date(now(), "Asia/Shanghai")


@pytest.fixture
def marketer(members, monkeypatch) -> Client:
    return signed_in("marketer")


@pytest.fixture
def ann(members) -> str:
    publish(TERMS, starts_on=today(), at=now())
    return members[0]


def test_an_empty_page_says_what_to_do_next(marketer):
    page = marketer.get(HERE).content.decode()
    for words in (
        "No benefits yet",
        "Begin with a discount",
        "No paid membership yet",
        "Nothing was used yet",
    ):
        assert words in page


def test_viewers_see_and_do_not_edit(ann):
    client = signed_in("viewer")
    page = client.get(HERE).content.decode()
    assert "Member price" in page
    assert "Add a benefit" not in page
    assert client.get(f"{HERE}edit/off/").status_code == 403
    assert client.post(f"{HERE}publish/").status_code == 403
    assert client.post(f"/members/{ann}/benefits/use/").status_code == 403


def test_a_benefit_is_written_published_and_changed(marketer, members):
    form = {
        "code": "member-price",
        "name_en": "Member price",
        "name_zh": "会员价",
        "value_0": "2.5",
        "period": "",
    }
    assert marketer.post(f"{HERE}new/?kind=discount", form).status_code == 302
    assert benefit_draft().benefits[0]["cells"] == {"*": {"numerator": 1, "denominator": 40}}
    assert "Draft: nobody has this yet" in marketer.get(HERE).content.decode()
    assert benefits_of(members[0], at=now()).discount == 0
    marketer.post(f"{HERE}publish/", {"starts_on": str(today())})
    assert benefits_of(members[0], at=now()).discount * 40 == 1
    assert "2.5% off" in marketer.get(HERE).content.decode()
    edit = f"{HERE}edit/member-price/"
    assert 'value="2.5"' in marketer.get(edit).content.decode()
    assert (
        marketer.post(edit, {**form, "value_0": "1/20", "count_0": "3", "period": "month"}).status_code == 302
    )
    assert benefits_of(members[0], at=now()).discount * 40 == 1
    page = marketer.get(f"{HERE}?draft=1").content.decode()
    assert "5% off" in page
    assert "3 a month" in page
    marketer.post(f"{HERE}discard/")
    assert benefit_draft() is None
    marketer.post(f"{HERE}edit/member-price/remove/")
    assert benefit_draft().benefits == []


@pytest.mark.parametrize("value", ["abc", "1/0", "0", "101"])
def test_what_cannot_be_is_said_on_the_form(marketer, value):
    answer = marketer.post(
        f"{HERE}new/?kind=discount", {"code": "x", "name_en": "X", "value_0": value, "period": ""}
    )
    assert answer.status_code == 422
    assert 'role="alert"' in answer.content.decode()
    assert benefit_draft() is None


@pytest.mark.parametrize(
    ("kind", "text", "cell"),
    [
        ("discount", "5", {"numerator": 1, "denominator": 20}),
        ("discount", "1/3", {"numerator": 1, "denominator": 3}),
        ("points", "1.5", {"numerator": 3, "denominator": 2}),
        ("points", "4/3", {"numerator": 4, "denominator": 3}),
        ("shipping", "99.90", {"from_minor": 9990}),
        ("trial", "3", {"count": 3}),
        ("birthday", "200", {"points": 200, "points_type": "points", "window": "week"}),
        ("birthday", "vdf_1", {"voucher": "vdf_1", "window": "week"}),
        ("adviser", "Anna", {"text": "Anna"}),
    ],
)
def test_cells_are_read_as_they_are_shown(kind, text, cell):
    row = {"points_type": "points", "window": "week"}
    assert read_cell(kind, text, currency="CNY", row=row) == cell
    again = read_cell(kind, shown_cell(kind, cell, currency="CNY"), currency="CNY", row=row)
    assert again == cell


def test_a_use_is_recorded_once_and_given_back_on_the_members_page(ann, marketer):
    page = marketer.get(f"/members/{ann}/").content.decode()
    assert "Trial" in page
    key = re.search(r'name="key" value="(key_\w+)"', page)[1]
    form = {"key": key, "code": "trial", "quantity": "1", "note": "cheese"}
    for _ in range(2):
        marketer.post(f"/members/{ann}/benefits/use/", form)
    assert benefits_of(ann, at=now()).entitlement("trial").left == 1
    [use] = benefit_uses(ann)
    assert use.note == "cheese"
    for _ in range(2):
        marketer.post(f"/members/{ann}/benefits/return/", {"key": use.key, "code": "trial", "returned": "0"})
    assert benefits_of(ann, at=now()).entitlement("trial").left == 2
    assert "1 given back" in marketer.get(f"/members/{ann}/").content.decode()
    marketer.post(f"/members/{ann}/benefits/use/", {**form, "key": "k2", "quantity": "9"})
    assert "used up" in marketer.get(f"/members/{ann}/").content.decode()


def test_a_membership_is_put_on_sale_sold_and_refunded(ann, marketer):
    form = {"code": "card", "name_en": "Card", "price": "199", "months": "12", "refund_full_days": "14"}
    assert (
        marketer.post(
            "/membership/plans/new/", {**form, "refund_after": "pro_rata", "is_on_sale": "on"}
        ).status_code
        == 302
    )
    assert plan("card").price_minor == 19900
    sale = f"/members/{ann}/paid-membership/"
    for _ in range(2):
        marketer.post(sale, {"plan": "card", "act": "buy", "key": "one"})
    assert len(paid_terms(ann, today=today())) == 1
    assert "CN¥199.00" in marketer.get(HERE).content.decode()
    marketer.post(sale, {"plan": "card", "act": "refund", "key": "two"})
    assert paid_terms(ann, today=today())[0].state == "refunded"
    assert "Refunded" in marketer.get(f"/members/{ann}/").content.decode()


def test_staff_copy_the_members_link_and_take_all_links_back(ann, marketer):
    link = re.search(r'id="own-link">[^<]*(/my/[^<]+)<', marketer.get(f"/members/{ann}/").content.decode())[1]
    assert Client().get(link).status_code == 200
    marketer.post(f"/members/{ann}/own-page/revoke/")
    assert Client().get(link).status_code == 404
    assert 'id="own-link"' not in signed_in("viewer").get(f"/members/{ann}/").content.decode()


def test_the_api(ann, marketer):
    def call(method, path, body=None):
        token = marketer.cookies.get("csrftoken")
        headers = {"X-CSRFToken": token.value if token else ""}
        answer = getattr(marketer, method)(
            f"/api/v1{path}",
            json.dumps(body) if body else None,
            content_type="application/json",
            headers=headers,
        )
        return answer.status_code, answer.json()

    assert call("get", f"/members/{ann}/benefits")[1]["entitlements"][0]["left"] == 2
    use = {"key": "api-use-1", "code": "trial"}
    assert call("post", f"/members/{ann}/benefits/uses", use)[1]["outcome"] == "created"
    assert call("post", f"/members/{ann}/benefits/uses", use)[1]["outcome"] == "replayed"
    status, problem = call(
        "post", f"/members/{ann}/benefits/uses", {**use, "key": "api-use-2", "quantity": 2}
    )
    assert (status, problem["code"]) == (409, "benefit_used_up")
    back = {"key": "api-use-1", "return_key": "api-back-1", "uses": {"trial": 1}}
    assert call("post", "/benefits/uses/return", back)[1]["returned"] == {"trial": 1}
    assert call("get", "/benefits/usage")[0] == 200
    draft = [{"code": "t", "kind": "trial", "names": {"en": "T"}, "cells": {"*": {"count": 1}}}]
    assert call("put", "/benefits/draft", {"benefits": draft})[1]["state"] == "draft"
    tomorrow = str(today() + timedelta(days=1))
    assert call("post", "/benefits/draft/publish", {"starts_on": tomorrow})[1]["state"] == "published"
    assert benefit_version_on(today()).number == 1
    assert call("put", "/plans/card", {"names": {"en": "Card"}, "price_minor": 900})[1]["months"] == 12
    sale = {"key": "api-sale-1", "plan": "card", "act": "buy"}
    assert call("post", f"/members/{ann}/memberships", sale)[1]["amount_minor"] == 900
    assert call("get", f"/members/{ann}/memberships")[1][0]["is_running"]
    assert call("get", "/plans/figures")[1][0]["members"] == 1
