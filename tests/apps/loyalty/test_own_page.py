"""The member's own page: signed, ending, revocable links; nothing stored, indexed or logged of it."""

import base64
import logging
import re
from datetime import timedelta

import pytest
from django.test import Client

from shuke.apps.compliance.operations import request_erasure, run_erasures
from shuke.apps.loyalty.operations import award_points
from shuke.apps.loyalty.operations.own_links import revoke_own_links
from shuke.apps.loyalty.pages import own
from shuke.apps.loyalty.queries.own_links import LIFETIME, own_member, own_token
from shuke.apps.loyalty.rules.barcodes import code128, qr_code
from shuke.apps.loyalty.schemas import Request
from shuke.apps.promotions.operations import create_definition, issue_voucher, publish_definition
from shuke.apps.promotions.queries import member_vouchers
from shuke.platform.clock import now
from shuke.platform.errors import NotFound
from shuke.platform.permissions import SYSTEM
from tests.apps.loyalty.benefit_terms import TERMS, publish

DAY = timedelta(days=1)


@pytest.fixture
def ann(members) -> str:
    at = now()
    publish(TERMS, starts_on=at.date() + DAY, at=at)
    for points, days in ((320, 20), (45, 2)):
        request = Request(key=f"a{points}", actor="till", at=at)
        award_points(
            request=request,
            member_id=members[0],
            points_type="points",
            points=points,
            earned_at=at - days * DAY,
        )
    return members[0]


def shown(member_id, *, language="en", token=None):
    token = token or own_token(member_id, at=now())
    return Client().get(f"/my/{token}/", {"language": language})


def test_it_shows_points_with_their_days_in_both_languages(ann):
    page = shown(ann).content.decode()
    for words in (
        "My membership",
        ">320<",
        "Good through",
        "Usable from",
        "+45",
        "No vouchers right now",
        "History",
    ):
        assert words in page
    chinese = shown(ann, language="zh-hans").content.decode()
    for words in ("我的会员", "到期", "起可用", "暂无优惠券", "明细"):
        assert words in chinese
    assert 'lang="zh-hans"' in chinese


def test_a_voucher_shows_its_code_as_bars_and_squares(ann):
    at = now()
    terms = {"kind": "amount", "amount_minor": 2000, "days_after_claim": 30}
    definition = create_definition(actor=SYSTEM, at=at, name="Twenty off", terms=terms)
    publish_definition(actor=SYSTEM, at=at, definition_id=definition)
    issue_voucher(actor=SYSTEM, at=at, key="v", definition_id=definition, member_id=ann)
    page = shown(ann).content.decode()
    [voucher] = member_vouchers(ann, at=at)
    assert voucher.printed_code in page
    assert code128(voucher.code).path in page
    assert qr_code(voucher.code).path in page


def test_nobody_stores_or_indexes_it_and_it_has_no_name_in_it(ann):
    answer = shown(ann)
    assert "no-store" in answer["Cache-Control"]
    assert answer["X-Robots-Tag"] == "noindex, nofollow"
    assert answer["Referrer-Policy"] == "no-referrer"
    token = own_token(ann, at=now())
    # As a word, and in what the token says: tokens hold any letters.
    assert not re.search(r"\bAnn\b", answer.content.decode())
    assert b"Ann" not in base64.urlsafe_b64decode(f"{token.split('.')[0]}==")
    assert not any(word in answer.content.decode() for word in ("<script", "style=", "onclick"))


def forged(token: str) -> str:
    """The same token with its last sign changed."""
    return token[:-1] + ("A" if token[-1] != "A" else "B")


def test_forged_expired_revoked_and_erased_links_are_refused_with_the_same_words(ann, members, monkeypatch):
    at = now()
    good = own_token(ann, at=at)
    old = own_token(ann, at=at - LIFETIME)
    assert own_member(good, at=at + LIFETIME - DAY).id == ann
    revoked = own_token(members[1], at=at)
    revoke_own_links(actor=SYSTEM, at=at, member_id=members[1])
    gone = own_token(members[2], at=at)
    request_erasure(actor=SYSTEM, at=at, member_id=members[2])
    run_erasures(at=at)
    payload, mark = good.split(".")
    other = own_token(members[1], at=at).split(".")[0]
    pages = [shown("", token=token) for token in (forged(good), f"{other}.{mark}", "x", old, revoked, gone)]
    assert {page.status_code for page in pages} == {404}
    assert len({page.content for page in pages}) == 1
    assert all("no-store" in page["Cache-Control"] for page in pages)
    assert shown("", token=good).status_code == 200
    assert shown(members[1]).status_code == 200  # a new link opens it again
    with pytest.raises(NotFound):
        own_member(payload, at=at)


def test_a_link_that_is_not_signed_for_this_page_does_not_open_it(ann):
    from shuke.apps.compliance.queries.preferences import preference_token

    assert shown("", token=preference_token(ann)).status_code == 404


def test_it_is_limited_and_the_log_has_no_token(ann, monkeypatch, caplog):
    monkeypatch.setattr(own, "CALLS_PER_MINUTE", 2)
    monkeypatch.setattr(own, "REFUSALS_PER_MINUTE", 1)
    # A minute of its own: other tests ask for the page of the same member.
    moment = now() + DAY
    monkeypatch.setattr(own, "now", lambda: moment)
    token, stranger = own_token(ann, at=moment), Client(REMOTE_ADDR="192.0.2.77")
    with caplog.at_level(logging.DEBUG):
        assert [shown("", token=token).status_code for _ in range(3)] == [200, 200, 429]
        assert [stranger.get(f"/my/x{n}/").status_code for n in range(2)] == [404, 429]
    told = [str(vars(record)) for record in caplog.records if record.name.startswith("shuke")]
    assert told
    assert not any(token in text for text in told)


def test_opening_it_changes_nothing(ann, django_assert_max_num_queries):
    token = own_token(ann, at=now())
    with django_assert_max_num_queries(60) as seen:
        assert Client().get(f"/my/{token}/").status_code == 200
    assert not [
        q["sql"] for q in seen.captured_queries if q["sql"].split()[0] in {"INSERT", "UPDATE", "DELETE"}
    ]
    assert Client().post(f"/my/{token}/").status_code == 405


# --- the drawings, read back without the libraries that made them ---


def modules_of(drawing) -> str:
    """The bars as 0 and 1, with quiet zones."""
    found = ["0"] * drawing.width
    for part in drawing.path.split("M")[1:]:
        start, rest = part.split(" ", 1)
        length = int(rest.split("h")[1].split("v")[0])
        found[int(start) : int(start) + length] = "1" * length
    return "".join(found)


@pytest.mark.parametrize("text", ["A", "FGRTEA4DEFQE9", "1234567890123", "3479ACDEFGHJK"])
def test_bars_have_quiet_zones_a_start_a_stop_and_eleven_modules_a_sign(text):
    bars = modules_of(code128(text))
    assert bars.startswith("0" * 10 + "11010")
    assert bars.endswith("1100011101011" + "0" * 10)
    body = bars[10:-10][:-13]
    assert len(body) % 11 == 0
    signs = [body[n : n + 11] for n in range(0, len(body), 11)]
    assert all(sign[0] == "1" and sign[-1] == "0" and sign.count("1") % 2 == 0 for sign in signs)


def test_squares_have_their_three_finders_and_their_quiet_zone():
    code = qr_code("FGRTEA4DEFQE9")
    dark = set()
    for part in code.path.split("M")[1:]:
        x, rest = part.split(" ", 1)
        y, length = rest.split("h")[0], int(rest.split("h")[1].split("v")[0])
        dark |= {(int(x) + step, int(y)) for step in range(length)}
    assert min(min(point) for point in dark) == 4
    side = code.width - 8
    for left, top in ((4, 4), (4 + side - 7, 4), (4, 4 + side - 7)):
        ring = {(left + x, top + y) for x in range(7) for y in range(7) if x in (0, 6) or y in (0, 6)}
        assert ring <= dark
    assert code.width == code.height


@pytest.mark.parametrize("text", ["", "积分", "a\nb"])
def test_what_bars_cannot_hold_is_refused(text):
    with pytest.raises(ValueError, match="ASCII"):
        code128(text)
