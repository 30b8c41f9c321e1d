"""Receivers lie encrypted beside their order, identify nobody, and go when buyer or receiver asks."""

from datetime import UTC, datetime

import pytest

from shuke.apps.commerce.models import OrderReceiver
from shuke.apps.commerce.operations import keep_receivers
from shuke.apps.commerce.queries import receiver_of
from shuke.apps.commerce.schemas import Receiver
from shuke.apps.identity.operations import register_members
from shuke.apps.identity.queries import person_keys_of
from shuke.apps.identity.schemas import MemberRegistration
from shuke.apps.members.models import Member
from shuke.apps.members.schemas import MemberProfile
from shuke.platform.crypto import keyed_hash
from shuke.platform.privacy import erasers, exporters

AT = datetime(2026, 6, 1, 12, tzinfo=UTC)


def member_with_phone(phone: str) -> str:
    row = MemberRegistration(
        row_no=1, identifiers={"phone": phone}, profile=MemberProfile(name="Ann"), attributes={}, consents={}
    )
    register_members(at=AT, account="acc_1", source="test", registrations=[row])
    return Member.objects.latest("pk").public_id


def receiver(order: str, person_key: str, phone: str = "139 0013 9000", name: str = "王小明") -> Receiver:
    return Receiver(
        order_id=order, person_key=person_key, name=name, phone=phone, address="北京市朝阳区建国路1号"
    )


def keep(*receivers: Receiver) -> int:
    return keep_receivers(at=AT, source="test", region="CN", receivers=receivers)


@pytest.fixture
def home(db, settings, tmp_path):
    settings.SHUKE_HOME = tmp_path


def test_the_same_receivers_again_change_nothing(home):
    assert keep(receiver("a:1", "per_1"), receiver("a:2", "per_1")) == 2
    before = OrderReceiver.objects.values_list("pk", "name_encrypted", "updated_at")
    rows = list(before)
    assert keep(receiver("a:1", "per_1"), receiver("a:2", "per_1")) == 0
    assert list(before.all()) == rows
    assert keep(receiver("a:1", "per_1", name="李四")) == 1
    assert OrderReceiver.objects.count() == 2


def test_nothing_readable_is_stored_and_the_page_shows_masks(home):
    keep(receiver("a:1", "per_1"))
    row = OrderReceiver.objects.get()
    stored = b"".join(
        bytes(value) for value in (row.name_encrypted, row.phone_encrypted, row.address_encrypted)
    )
    assert "王小明".encode() not in stored
    assert b"13900139000" not in stored
    assert row.phone_hash != keyed_hash("+8613900139000", purpose="identifier:phone"), "it equals no identity"
    shown = receiver_of("a:1")
    assert (shown.name, shown.phone, shown.address) == ("王**", "139******00", "北京市朝阳区…")
    assert receiver_of("a:9") is None


def test_erasing_the_buyer_erases_the_receivers_of_their_orders(home):
    buyer, other = member_with_phone("13800138000"), member_with_phone("13700137000")
    keep(receiver("a:1", person_keys_of(buyer)[0]), receiver("a:2", person_keys_of(other)[0]))
    assert [item["name"] for item in exporters()["commerce"](buyer)] == ["王小明"]
    erasers()["commerce"](buyer, AT)
    assert list(OrderReceiver.objects.values_list("order_id", flat=True)) == ["a:2"]
    assert exporters()["commerce"](buyer) == []


def test_erasing_a_receiver_takes_them_out_of_the_orders_of_others(home):
    buyer, friend = member_with_phone("13800138000"), member_with_phone("13900139000")
    keep(receiver("a:1", person_keys_of(buyer)[0]), receiver("a:2", "anonymous", phone="139****9000"))
    erasers()["commerce"](friend, AT)
    assert list(OrderReceiver.objects.values_list("order_id", flat=True)) == ["a:2"], (
        "a mask is nobody's number"
    )
