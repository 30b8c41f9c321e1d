"""The member's own page on a phone, in both languages, with everything that a brand's page must not have."""

from datetime import timedelta

import pytest
from playwright.sync_api import expect

from shuke.apps.loyalty.operations import award_points, define_points_type
from shuke.apps.loyalty.operations.benefit_terms import publish_benefits, save_benefit_draft
from shuke.apps.loyalty.operations.own_links import revoke_own_links
from shuke.apps.loyalty.queries.own_links import own_token
from shuke.apps.loyalty.rules.expiry import Expiry
from shuke.apps.loyalty.schemas import Request
from shuke.apps.members.operations import create_members
from shuke.apps.members.schemas import MemberProfile
from shuke.apps.promotions.operations import create_definition, issue_voucher, publish_definition
from shuke.platform.clock import now
from shuke.platform.permissions import SYSTEM
from tests.browser.conftest import WIDTHS, Console


@pytest.fixture
def ann(window: Console) -> str:
    """A member with points, a voucher and a benefit."""
    at = now()
    [ref] = create_members(at=at, source="test", profiles=[MemberProfile(name="Ann Lee")])
    define_points_type(actor=SYSTEM, at=at, code="points", name="Points", expiry=Expiry("rolling", months=12))
    award_points(
        request=Request(key="a", actor="till", at=at),
        member_id=ref.public_id,
        points_type="points",
        points=320,
        earned_at=at - timedelta(days=10),
    )
    terms = [
        {
            "code": "trial",
            "kind": "trial",
            "period": "month",
            "names": {"en": "Trial"},
            "cells": {"*": {"count": 2}},
        }
    ]
    save_benefit_draft(actor=SYSTEM, at=at, benefits=terms)
    publish_benefits(actor=SYSTEM, at=at, starts_on=at.date())
    voucher = {"kind": "amount", "amount_minor": 2000, "days_after_claim": 30}
    definition = create_definition(actor=SYSTEM, at=at, name="Twenty off", terms=voucher)
    publish_definition(actor=SYSTEM, at=at, definition_id=definition)
    issue_voucher(actor=SYSTEM, at=at, key="v", definition_id=definition, member_id=ref.public_id)
    return ref.public_id


def test_it_opens_on_a_phone_in_both_languages(window: Console, ann: str) -> None:
    width, height = WIDTHS["phone"]
    window.page.set_viewport_size({"width": width, "height": height})
    window.open(f"/my/{own_token(ann, at=now())}/?language=en")
    expect(window.page.get_by_role("heading", name="Points")).to_be_visible()
    window.page.locator("details.ticket summary").click()
    bars, squares = window.page.locator("svg.bars"), window.page.locator("svg.squares")
    expect(bars).to_be_visible()
    expect(squares).to_be_visible()
    # A scanner needs about a quarter of a millimetre for the narrowest bar, which is one pixel of a phone at least.
    assert bars.bounding_box()["width"] >= 180
    assert window.overflow() == 0
    window.page.get_by_role("link", name="中文").click()
    expect(window.page.locator("html")).to_have_attribute("lang", "zh-hans")
    expect(window.page.get_by_role("heading", name="积分", exact=True)).to_be_visible()
    assert window.overflow() == 0


def test_a_forged_and_a_revoked_link_are_refused(window: Console, ann: str) -> None:
    token = own_token(ann, at=now())
    changed = token[:-1] + ("A" if token[-1] != "A" else "B")
    assert window.open(f"/my/{changed}/").status == 404
    expect(window.page.get_by_role("heading", name="This link is closed")).to_be_visible()
    revoke_own_links(actor=SYSTEM, at=now(), member_id=ann)
    assert window.open(f"/my/{token}/").status == 404
    assert window.open(f"/my/{own_token(ann, at=now())}/").status == 200
    # The browser itself notes a page that answers 404; nothing else may have gone wrong.
    window.problems[:] = [text for text in window.problems if "404" not in text]
