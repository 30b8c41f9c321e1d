"""Whoever issues is told when what is out could take off more than the budget has left."""

from datetime import timedelta
from fractions import Fraction

import pytest
from django.test import Client
from django.utils.translation import override

from shuke.apps.promotions import operations, queries
from shuke.apps.promotions.models import Voucher, VoucherReservation
from shuke.apps.promotions.rules.exposure import Exposure, Out
from shuke.platform.accounts.operations import create_user
from shuke.platform.clock import now
from shuke.platform.permissions import SYSTEM
from tests.apps.promotions.conftest import BASKET, START, defined


@pytest.mark.once
def test_the_table_of_the_document():
    found = []
    for share, count in ((None, 30), (None, 31), (Fraction(20, 60), 90), (Fraction(20, 60), 91)):
        average = None if share is None else Fraction(2000)
        one = Exposure(60_000, [Out(count, 2000)], share=share, average_minor=average)
        found.append((one.worst_minor, one.expected_minor, one.verdict))
    assert found == [
        (60_000, None, "fits"),
        (62_000, None, "may_be_exceeded"),
        (180_000, 60_000, "may_be_exceeded"),
        (182_000, 60_667, "will_be_exceeded"),
    ]
    percent = Exposure(60_000, [Out(1, None)])
    assert (percent.worst_minor, percent.verdict) == (None, "may_be_exceeded")
    assert Exposure(60_000, [Out(0, None), Out(2, 2000)]).verdict == "fits"


@pytest.fixture
def client(members) -> Client:
    create_user(actor=SYSTEM, at=now(), username="mia", password="a password of ten", role="marketer")
    found = Client()
    assert found.login(username="mia", password="a password of ten")
    return found


def test_whoever_issues_is_told_and_the_page_says_so(client, members):
    kind = defined(limits={"budget_minor": 10_000, "uses": 100})
    address = f"/api/v1/vouchers/definitions/{kind}"

    def issue(key: str) -> list[dict]:
        body = {"key": key, "member_id": members[0]}
        answer = client.post(f"{address}/issue", body, content_type="application/json")
        assert answer.status_code == 201
        return answer.json()["warnings"]

    assert [issue(f"k{number}") for number in range(5)] == [[]] * 5
    (told,) = issue("k5")
    assert told["code"] == "budget_may_be_exceeded"
    assert told["exposure"]["worst_minor"] == 12_000
    assert "up to CN¥120.00; the budget has CN¥100.00 left" in told["message"]
    # What a purchase holds or has used is in the budget already.
    code, at = queries.member_vouchers(members[0], at=now())[0].code, now()
    uses = held_uses(code, members[0])
    assert [use.off_minor for use in uses] == [2000]
    until = at + timedelta(hours=1)
    operations.reserve_vouchers(key="r", uses=uses, member_id=members[0], until=until, at=at)
    view = client.get(address).json()["exposure"]
    assert (view["live"], view["left_minor"], view["worst_minor"]) == (5, 8_000, 10_000)
    # Codes that are being made count, and the share of those that ended says what is expected.
    operations.order_codes(actor=SYSTEM, at=START, key="b", definition_id=kind, count=1)
    assert client.get(address).json()["exposure"]["live"] == 6
    batch = operations.order_codes(actor=SYSTEM, at=START, key="e", definition_id=defined(), count=40)
    operations.make_codes(batch_id=batch)
    Voucher.objects.filter(batch__public_id=batch).update(state="expired")
    text = client.get(f"/vouchers/{kind}/").content.decode()
    assert "alert-warning" in text
    assert "By the share used so far (0.0 %) CN¥0.00 are expected." in text
    with override("zh-hans"):
        (warning,) = queries.budget_warnings(kind)
    assert "最多可减" in warning.message


def held_uses(code: str, member: str):
    return queries.voucher_quote(
        codes=[code], member_id=member, tier="", basket=BASKET, left=BASKET.list_amounts(), at=now()
    ).uses


def test_without_a_budget_there_is_nothing_to_say(members):
    kind = defined()
    assert queries.definition(kind).exposure is None
    assert queries.budget_warnings(kind) == []


def test_none_used_of_many_that_ended_is_an_answer_whatever_others_brought(members):
    kind, other = defined(limits={"budget_minor": 10_000}), defined(name="Other")
    used = {
        "state": "redeemed",
        "reservation": VoucherReservation.objects.create(uses=[], until=START, created_at=START),
    }
    for name, values in ((kind, {"state": "expired"}), (other, used)):
        batch = operations.order_codes(actor=SYSTEM, at=START, key=name, definition_id=name, count=30)
        operations.make_codes(batch_id=batch)
        Voucher.objects.filter(batch__public_id=batch).update(**values)
    assert queries.definition(kind).exposure.redemption_rate == 0
