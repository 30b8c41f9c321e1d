"""Limits of vouchers after a return, and of members who were found to be one person."""

from typing import Any

import pytest

from shuke.apps.identity.operations import merge_members, unmerge_members
from shuke.apps.loyalty.queries.verification import ledger_findings
from shuke.apps.promotions.models import MemberVoucherCount, VoucherCounter, VoucherReservation
from shuke.apps.promotions.operations import claim_voucher, issue_voucher, reserve_vouchers
from shuke.apps.promotions.queries import member_offers, member_vouchers, voucher_quote
from shuke.platform.errors import Refused
from shuke.platform.permissions import SYSTEM
from tests.apps.loyalty.checkout_desk import asked, bought, bring_back
from tests.apps.loyalty.conftest import START
from tests.apps.promotions.conftest import BASKET, defined
from tests.threads import at_once

LIMITS = {"uses": 100, "uses_per_member": 5, "budget_minor": 100_000}


def used() -> dict[str, int]:
    """What is used of each limit, of everybody and of members."""
    found: dict[str, int] = {}
    for what, number in VoucherCounter.objects.values_list("what", "used"):
        found[what] = found.get(what, 0) + number
    own = MemberVoucherCount.objects.filter(what="uses").values_list("count", flat=True)
    return {"member": sum(own), **found}


def purchase(member: str, **terms: Any) -> str:
    """The receipt of bread, milk and wine, two bottles, with 20.00 off."""
    kind = defined(conditions={"minimum_minor": 0}, limits=LIMITS, **terms)
    issue_voucher(actor=SYSTEM, at=START, key="v", definition_id=kind, member_id=member)
    lines = (
        {"line_no": 1, "product_id": "bread", "list_minor": 4990},
        {"line_no": 2, "product_id": "milk", "list_minor": 15},
        {"line_no": 3, "product_id": "wine", "list_minor": 9600, "quantity": 2},
    )
    code = member_vouchers(member, at=START)[0].code
    receipt = bought(asked(lines, codes=[code]), member)
    assert used() == {"member": 1, "uses": 1, "budget": 2000}
    return receipt["receipt_id"]


@pytest.mark.parametrize(("policy", "uses"), [("if_valid", 0), ("no", 1)])
def test_a_return_frees_the_money_of_what_came_back_and_the_use_with_the_voucher(members, policy, uses):
    """The table of the document; the wine comes back bottle by bottle."""
    receipt = purchase(members[0], give_back=policy)
    bring_back(receipt, {3: 1})
    assert used() == {"member": 1, "uses": 1, "budget": 2000 - 657}
    bring_back(receipt, {3: 1})
    assert used() == {"member": 1, "uses": 1, "budget": 685}
    bring_back(receipt, {1: 1, 2: 1})
    assert used() == {"member": uses, "uses": uses, "budget": 0}
    assert all(taking["what"] != "budget" for taking in VoucherReservation.objects.get().taken)
    assert ledger_findings() == []


def claim(member: str, kind: str, key: str) -> str:
    try:
        return claim_voucher(key=key, definition_id=kind, member_id=member, at=START)
    except Refused as refusal:
        return refusal.code


def use_of(member: str):
    code = member_vouchers(member, at=START)[0].code
    return voucher_quote(
        codes=[code], member_id=member, tier="", basket=BASKET, left=BASKET.list_amounts(), at=START
    ).uses


def hold(member: str, *, key: str, voucher=None) -> None:
    uses, later = voucher or use_of(member), START.replace(hour=20)
    reserve_vouchers(key=key, uses=uses, member_id=member, until=later, at=START)


def test_merged_members_claim_and_use_as_one_and_each_again_afterwards(members):
    ann, bob = members[:2]
    kind = defined(is_claimable=True, limits={"claims_per_member": 2, "uses_per_member": 1})
    for member in (ann, bob):
        assert claim(member, kind, f"first {member}").startswith("vch")
    own = use_of(ann)
    hold(bob, key="r1")
    merged = merge_members(actor=SYSTEM, at=START, survivor_id=ann, absorbed_id=bob)
    (offer,) = member_offers(ann, at=START)
    assert (offer.taken, offer.why) == (2, "taken")
    # Whichever of the two is named.
    assert claim(ann, kind, "a2") == claim(bob, kind, "b2") == "voucher_limit_reached"
    with pytest.raises(Refused, match="often as one may"):
        hold(ann, key="r2", voucher=own)
    unmerge_members(actor=SYSTEM, at=START, merge_id=merged)
    assert claim(ann, kind, "a3").startswith("vch")
    assert claim(bob, kind, "b3").startswith("vch")
    assert claim(bob, kind, "b4") == "voucher_limit_reached"
    hold(ann, key="r3", voucher=own)


@pytest.mark.django_db(transaction=True)
@pytest.mark.slow
def test_two_names_of_one_person_do_not_get_more_at_once(members):
    ann, bob, cy = members
    kind = defined(is_claimable=True, limits={"claims_per_member": 3})
    merge_members(actor=SYSTEM, at=START, survivor_id=bob, absorbed_id=ann)
    merge_members(actor=SYSTEM, at=START, survivor_id=bob, absorbed_id=cy)
    found = at_once(lambda n: claim((ann, bob, cy)[n % 3], kind, f"k{n}")[:3], 12, tills=6)
    assert len(member_vouchers(bob, at=START)) == 3, found
    assert sum(MemberVoucherCount.objects.values_list("count", flat=True)) == 3
