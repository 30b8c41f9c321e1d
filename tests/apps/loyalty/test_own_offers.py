"""Members take vouchers, enter codes and pass vouchers on by themselves: once a click, within the limits."""

import re

import pytest
from django.test import Client

from shuke.apps.loyalty.pages import own, own_offers
from shuke.apps.loyalty.queries.own_links import own_token
from shuke.apps.promotions.models import Voucher
from shuke.apps.promotions.operations import (
    cancel_voucher,
    claim_voucher,
    create_definition,
    create_shared_code,
    end_definition,
    publish_definition,
)
from shuke.apps.promotions.queries import member_offers, member_vouchers
from shuke.platform.clock import now
from shuke.platform.permissions import SYSTEM

BASIC = {"kind": "amount", "amount_minor": 2000, "days_after_claim": 30, "is_claimable": True}


def opened(name="Twenty off", **terms) -> str:
    at = now()
    found = create_definition(actor=SYSTEM, at=at, name=name, terms={**BASIC, **terms})
    publish_definition(actor=SYSTEM, at=at, definition_id=found)
    return found


def page_of(member_id: str, *, language="en") -> str:
    return f"/my/{own_token(member_id, at=now())}/offers/?language={language}"


def taking(member_id: str, definition_id: str, *, turn=0, client=None):
    body = {"offer": definition_id, "turn": turn}
    return (client or Client()).post(page_of(member_id), body)


def held(member_id: str) -> int:
    return len(member_vouchers(member_id, at=now()))


def test_two_clicks_and_two_tabs_give_one_voucher(members):
    kind = opened(limits={"claims_per_member": 3})
    seen = Client().get(page_of(members[0])).content.decode()
    assert "Twenty off" in seen
    assert 'name="turn" value="0"' in seen
    answers = [taking(members[0], kind) for _click in range(3)]
    assert [answer.status_code for answer in answers] == [302] * 3
    assert len({answer["Location"].partition("&taken=")[2] for answer in answers}) == 1
    assert held(members[0]) == 1
    after = Client().get(answers[0]["Location"]).content.decode()
    assert "It is yours" in after
    assert "1 of 3 taken by you" in after
    assert 'name="turn" value="1"' in after
    taking(members[0], kind, turn=1)
    taking(members[0], kind, turn=999)  # a turn that no page said is the next one
    assert held(members[0]) == 3
    last = taking(members[0], kind, turn=3)
    assert last.status_code == 409
    assert "as often as one may" in last.content.decode()
    assert held(members[0]) == 3


def test_it_says_what_is_left_and_why_not_in_both_languages(members):
    at = now()
    few = opened("Only one", limits={"claims": 1})
    once = opened("Once each", limits={"claims_per_member": 1, "budget_minor": 50_000})
    tiered = opened("For gold", conditions={"tiers": ["gold"]})
    over = opened("Gone", conditions={"last_day": "2020-01-01"})
    ended = opened("Ended")
    end_definition(actor=SYSTEM, at=at, definition_id=ended)
    claim_voucher(key="other", definition_id=few, member_id=members[1], at=at)
    claim_voucher(key="mine", definition_id=once, member_id=members[0], at=at)
    found = {offer.definition_id: offer.why for offer in member_offers(members[0], at=at)}
    assert found == {few: "sold_out", once: "taken", tiered: "other_tier"}
    assert {offer.why for offer in member_offers(members[0], at=at, tier="gold")} == {"", "sold_out", "taken"}
    page = Client().get(page_of(members[0])).content.decode()
    for words in (
        "All of these are taken",
        "as often as one may",
        "another tier",
    ):
        assert words in page
    # What is left of a budget is the retailer's own business.
    assert "¥500" not in page
    chinese = Client().get(page_of(members[0], language="zh-hans")).content.decode()
    for words in ("领券中心", "已被领完", "仅限其他等级", "输入券码或好友赠送码"):
        assert words in chinese
    for kind in (few, once, tiered):
        assert taking(members[0], kind).status_code == 409
    for kind in (over, ended, "vdf_nothing"):
        assert "not on offer any more" in taking(members[0], kind).content.decode()
    assert held(members[0]) == 1


def test_without_a_number_for_a_member_one_is_given_at_a_time(members):
    kind = opened()
    assert taking(members[0], kind).status_code == 302
    assert taking(members[0], kind, turn=1).status_code == 409
    [voucher] = member_vouchers(members[0], at=now())
    cancel_voucher(actor=SYSTEM, at=now(), voucher_id=voucher.voucher_id, reason="x")
    assert taking(members[0], kind, turn=1).status_code == 302
    assert held(members[0]) == 1


def test_a_code_gives_one_and_guessing_is_stopped(members, monkeypatch):
    moment = now()
    for module in (own, own_offers):
        monkeypatch.setattr(module, "now", lambda: moment)  # guesses are counted by the minute
    kind = opened()
    create_shared_code(actor=SYSTEM, at=now(), definition_id=kind, word="WELCOME20")
    client, where = Client(), page_of(members[0])
    taken = [client.post(where, {"code": word}) for word in ("welcome 20", "WELCOME20")]
    assert [answer.status_code for answer in taken] == [302, 302]
    assert held(members[0]) == 1
    wrong = [client.post(where, {"code": f"NOBODY{n}"}).content.decode() for n in range(11)]
    assert "Nobody issued this code" in wrong[0]
    assert "Too many wrong codes" in wrong[-1]
    assert "Too many wrong codes" in client.post(where, {"code": "x" * 24}).content.decode()
    assert client.post(where, {"code": "\x00"}).status_code == 409


def test_a_voucher_goes_to_a_friend_with_a_code_shown_once(members):
    kind = opened(gifting={"is_allowed": True})
    taking(members[0], kind)
    [mine] = member_vouchers(members[0], at=now())
    where = f"/my/{own_token(members[0], at=now())}/gifts/{mine.voucher_id}/"
    assert where in Client().get(f"/my/{own_token(members[0], at=now())}/").content.decode()
    assert 'id="gift-code"' not in Client().get(where).content.decode()
    secrets = [
        re.search(r'id="gift-code">([^<]+)<', Client().post(where).content.decode())[1] for _ in range(2)
    ]
    client, friends = Client(), page_of(members[1])
    assert client.post(friends, {"code": secrets[0]}).status_code == 409  # the second click made a new one
    assert client.post(friends, {"code": secrets[1]}).status_code == 302
    assert client.post(friends, {"code": secrets[1]}).status_code == 302  # a second click of the friend's
    assert (held(members[0]), held(members[1])) == (0, 1)
    assert Client().get(where).status_code == 404
    stranger = f"/my/{own_token(members[2], at=now())}/gifts/{mine.voucher_id}/"
    assert Client().post(stranger).status_code == 404


def test_the_forms_need_their_token_and_a_good_link(members):
    kind = opened()
    strict, where = Client(enforce_csrf_checks=True), page_of(members[0])
    assert taking(members[0], kind, client=strict).status_code == 403
    form = strict.get(where)
    token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', form.content.decode())[1]
    body = {"offer": kind, "turn": 0, "csrfmiddlewaretoken": token}
    assert strict.post(where, body, headers={"origin": "null"}).status_code == 403
    assert strict.post(where, body, headers={"origin": "http://testserver"}).status_code == 302
    # “no-referrer” would make browsers send “Origin: null”, which the token's check refuses.
    assert form["Referrer-Policy"] == "same-origin"
    assert "no-store" in form["Cache-Control"]
    for method in ("get", "post"):
        assert getattr(Client(), method)(where.replace("/my/", "/my/x")).status_code == 404
    assert Voucher.objects.count() == 1


@pytest.mark.once
def test_opening_it_changes_nothing_and_asks_little(members, django_assert_max_num_queries):
    for number in range(5):
        opened(f"Kind {number}", limits={"claims": 9, "claims_per_member": 1})
    where = page_of(members[0])
    with django_assert_max_num_queries(30) as seen:
        page = Client().get(where).content.decode()
    assert not any(word in page for word in ("<script", "style=", "onclick"))
    assert not [q for q in seen.captured_queries if q["sql"].split()[0] in {"INSERT", "UPDATE", "DELETE"}]
