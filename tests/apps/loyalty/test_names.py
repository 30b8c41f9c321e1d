"""Names in both languages: everybody reads their own, old bodies and old rows go on, and nobody's key breaks."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils.translation import override

from shuke.apps.loyalty.models import PointsType
from shuke.apps.loyalty.operations import define_points_type, rename_points_type
from shuke.apps.loyalty.operations.tiers import create_tier_program, publish_tier_version, try_tier_draft
from shuke.apps.loyalty.queries.tiers import tier_names, tier_programs
from shuke.apps.loyalty.queries.types import points_types
from shuke.apps.loyalty.schemas.tiers import TierTermsView
from shuke.apps.promotions.operations import (
    change_definition,
    copy_definition,
    create_definition,
    issue_voucher,
    publish_definition,
    reserve_vouchers,
)
from shuke.apps.promotions.queries import definition, definitions_page, member_vouchers, voucher_quote
from shuke.apps.promotions.schemas import Basket, BasketLine
from shuke.platform.accounts.models import User
from shuke.platform.accounts.operations import create_user, issue_token
from shuke.platform.clock import now
from shuke.platform.errors import Invalid
from shuke.platform.permissions import SYSTEM

NAMES = {"en": "Twenty off", "zh-hans": "立减二十元"}
TERMS = {"kind": "amount", "amount_minor": 2000, "days_after_claim": 30}
LADDER = {
    "tiers": [
        {"code": "gold", "name": "Gold", "names": {"zh-hans": "金卡"}, "reach": 100, "keep": 100},
        {"code": "old", "name": "Legacy", "reach": 200, "keep": 200},
    ],
    "counter": {"kind": "orders"},
    "window": {"kind": "rolling", "days": 90},
    "up": "at_once",
    "down": "none",
    "grace_days": 0,
}


def made(**more) -> str:
    found = create_definition(actor=SYSTEM, at=now(), name="", names=NAMES, terms={**TERMS, **more})
    publish_definition(actor=SYSTEM, at=now(), definition_id=found)
    return found


def in_both(read) -> list[str]:
    found = []
    for language in ("en", "zh-hans"):
        with override(language):
            found.append(read())
    return found


def test_vouchers_are_named_in_the_readers_language_everywhere(members):
    at, kind = now(), made()
    issue_voucher(actor=SYSTEM, at=at, key="v", definition_id=kind, member_id=members[0])
    assert in_both(lambda: definition(kind).name) == list(NAMES.values())
    assert in_both(lambda: member_vouchers(members[0], at=at)[0].name) == list(NAMES.values())
    assert [definitions_page(text=text)[1] for text in ("twenty", "二十", "thirty")] == [1, 1, 0]
    copied = copy_definition(actor=SYSTEM, at=at, definition_id=kind)
    assert in_both(lambda: definition(copied).name) == ["Copy of Twenty off", "立减二十元 的副本"]


def test_a_body_without_names_keeps_them_unless_it_renames(members):
    kind = made()
    same = {"actor": SYSTEM, "at": now(), "definition_id": kind, "terms": TERMS}
    change_definition(**same, name="立减二十元")  # what a Chinese reader was told, sent back
    assert definition(kind).names == NAMES
    change_definition(**same, name="Thirty off")
    assert definition(kind).names == {}
    assert in_both(lambda: definition(kind).name) == ["Thirty off"] * 2
    with pytest.raises(Invalid, match="en, zh-hans"):
        change_definition(**same, name="x", names={"fr": "Vingt"})


def test_a_repeated_reservation_in_another_language_is_the_same(members):
    at, kind = now(), made()
    issue_voucher(actor=SYSTEM, at=at, key="v", definition_id=kind, member_id=members[0])
    code = member_vouchers(members[0], at=at)[0].code
    basket = Basket((BasketLine(1, "p", 1, 9_000),), currency="CNY")

    def held():
        quote = voucher_quote(
            codes=[code], member_id=members[0], tier="", basket=basket, left={1: 9_000}, at=at
        )
        return quote.uses

    first, second = in_both(held)
    assert first[0].name != second[0].name
    given = {"key": "r", "member_id": members[0], "until": at + timedelta(minutes=9), "at": at}
    assert reserve_vouchers(uses=first, **given).outcome == "created"
    assert reserve_vouchers(uses=second, **given).outcome == "replayed"


def test_points_and_tiers_fall_back_to_the_name_that_there_is(db):
    at, today = now(), now().date()
    define_points_type(actor=SYSTEM, at=at, code="old", name="Old points")
    define_points_type(actor=SYSTEM, at=at, code="p", names={"zh-hans": "积分", "en": "Points"})
    assert in_both(lambda: [kind.name for kind in points_types()]) == [
        ["Old points", "Points"],
        ["Old points", "积分"],
    ]
    rename_points_type(actor=SYSTEM, at=at, code="old", names={"zh-hans": " 旧积分 "})
    assert in_both(lambda: points_types()[0].name) == ["旧积分"] * 2
    with pytest.raises(Invalid):
        rename_points_type(actor=SYSTEM, at=at, code="old", names={"en": " "})
    assert PointsType.objects.get(code="old").name == "旧积分"
    terms = TierTermsView.model_validate(LADDER)
    program = create_tier_program(
        actor=SYSTEM, at=at, today=today, names={"en": "Club", "zh-hans": "俱乐部"}, terms=terms
    )
    trial = try_tier_draft(actor=SYSTEM, at=at, today=today, program_id=program.id)
    publish_tier_version(
        actor=SYSTEM, at=at, today=today, program_id=program.id, trial_id=trial.id, valid_from=today
    )
    assert in_both(lambda: list(tier_names().values())) == [["金卡", "Legacy"]] * 2
    assert in_both(lambda: tier_programs(today=today)[0].name) == ["Club", "俱乐部"]


def test_the_console_and_the_api_give_both_and_read_one(db, lake_home):
    user = create_user(actor=SYSTEM, at=now(), username="a", password="correct horse 9", role="administrator")
    client = Client()
    client.force_login(User.objects.get(public_id=user.id))
    body = {
        "name_en": "Points", "name_zh": "积分", "code": "p", "policy": "never", "months": 0,
        "activation_days": 0, "return_policy": "debt",
    }  # fmt: skip
    assert client.post("/membership/points/types/new/", body).status_code == 302
    assert client.post("/membership/points/types/p/names/", {"name_en": ""}).status_code == 422
    renamed = {"name_en": "Coins", "name_zh": "金币"}
    assert client.post("/membership/points/types/p/names/", renamed).status_code == 302
    assert client.get("/membership/points/types/none/names/").status_code == 404
    ladder = {
        "name_en": "Club", "name_zh": "俱乐部", "counter": "orders", "window": "rolling", "days": 90,
        "up": "at_once", "down": "none", "grace_days": 0, "valid_from": now().date().isoformat(),
        "tiers-TOTAL_FORMS": 1, "tiers-INITIAL_FORMS": 0, "tiers-0-name_zh": "金卡", "tiers-0-reach": 5,
    }  # fmt: skip
    assert client.post("/membership/tiers/new/", ladder).status_code == 302
    page = client.get("/membership/points/", headers={"accept-language": "zh-hans"}).content.decode()
    assert "Coins" in page or "金币" in page
    scopes = ("vouchers.view", "vouchers.edit")
    token = issue_token(actor=SYSTEM, at=now(), owner_id=user.id, name="t", scopes=scopes).secret
    call = {"headers": {"authorization": f"Bearer {token}"}, "content_type": "application/json"}
    old = {"name": "Plain", "terms": TERMS}
    answer = client.post("/api/v1/vouchers/definitions", old, **call).json()
    assert (answer["name"], answer["names"]) == ("Plain", {})
    both = {"names": NAMES, "terms": TERMS}
    headers = {**call["headers"], "accept-language": "zh-hans"}
    answer = client.post("/api/v1/vouchers/definitions", both, **{**call, "headers": headers}).json()
    assert answer["names"] == NAMES
    assert client.post("/api/v1/vouchers/definitions", {"terms": TERMS}, **call).status_code == 422
