"""A voucher that costs points is not given away by a code that everybody may know."""

from typing import Any

import pytest

from shuke.apps.promotions.models import VoucherBatch, VoucherDefinition
from shuke.apps.promotions.operations import (
    begin_cancelling,
    change_definition,
    claim_code,
    create_definition,
    create_shared_code,
    issue_voucher,
    order_codes,
    publish_definition,
    reserve_vouchers,
)
from shuke.apps.promotions.queries import member_vouchers, voucher_quote
from shuke.apps.promotions.schemas import Basket, BasketLine
from shuke.platform.errors import Refused
from shuke.platform.permissions import SYSTEM
from tests.apps.loyalty.conftest import START
from tests.threads import at_once

BASIC: dict[str, Any] = {"kind": "amount", "amount_minor": 2000, "days_after_claim": 30}
PRICED = {**BASIC, "price": {"points_type": "gift", "points": 500}}
BASKET = Basket((BasketLine(1, "wine", 1, 9600),))


def kind(terms: dict[str, Any]) -> str:
    found = create_definition(actor=SYSTEM, at=START, name="Twenty", terms=terms)
    publish_definition(actor=SYSTEM, at=START, definition_id=found)
    return found


def share(definition: str, word: str = "WELCOME20") -> str:
    return create_shared_code(actor=SYSTEM, at=START, definition_id=definition, word=word)


def price(definition: str) -> int:
    change_definition(actor=SYSTEM, at=START, definition_id=definition, name="Twenty", terms=PRICED)
    return publish_definition(actor=SYSTEM, at=START, definition_id=definition)


def code_of(call) -> str:
    try:
        call()
    except Refused as refusal:
        return refusal.code
    return "done"


def quoted(word: str, member: str = ""):
    return voucher_quote(
        codes=[word], member_id=member, tier="", basket=BASKET, left=BASKET.list_amounts(), at=START
    )


def test_a_price_and_a_shared_code_exclude_each_other(members):
    priced = kind(PRICED)
    assert code_of(lambda: share(priced)) == "voucher_has_a_price"
    assert not VoucherBatch.objects.exists()
    free = kind(BASIC)
    batch = share(free)
    assert code_of(lambda: price(free)) == "shared_code_open"
    assert VoucherDefinition.objects.get(public_id=free).version == 1
    begin_cancelling(actor=SYSTEM, at=START, batch_id=batch, reason="a price")
    assert price(free) == 2
    # Codes in bulk and a present to one member are no word that everybody knows.
    order_codes(actor=SYSTEM, at=START, key="bulk", definition_id=priced, count=5)
    issue_voucher(actor=SYSTEM, at=START, key="gift", definition_id=priced, member_id=members[0])


def test_a_shared_code_from_before_gives_nothing_away(members):
    ann, bob, _cy = members
    free = kind(BASIC)
    share(free)
    claim_code(key="early", code="WELCOME20", member_id=bob, at=START)
    uses = quoted("WELCOME20").uses
    # As a home has it that was set up before the two excluded each other.
    VoucherBatch.objects.filter(kind="shared").update(state="cancelled")
    price(free)
    VoucherBatch.objects.filter(kind="shared").update(state="whole")
    assert code_of(lambda: claim_code(key="k", code="WELCOME20", member_id=ann, at=START)) == (
        "voucher_exchange_only"
    )
    assert member_vouchers(ann, at=START) == []
    assert [refusal.code for refusal in quoted("WELCOME20").refusals] == ["exchange_only"]
    # A till that was quoted before.
    assert (
        code_of(
            lambda: reserve_vouchers(key="r", uses=uses, member_id="", until=START.replace(hour=20), at=START)
        )
        == "voucher_exchange_only"
    )
    # Who claimed it in time has it still.
    assert [use.off_minor for use in quoted("WELCOME20", bob).uses] == [2000]


@pytest.mark.django_db(transaction=True)
def test_of_a_price_and_a_code_at_once_one_is_refused(members):
    free = kind(BASIC)
    change_definition(actor=SYSTEM, at=START, definition_id=free, name="Twenty", terms=PRICED)

    def one(number: int) -> str:
        if number:
            share(free)
        else:
            publish_definition(actor=SYSTEM, at=START, definition_id=free)
        return "done"

    found = at_once(one, 2, tills=2)
    assert found["done"] == 1
    assert set(found) - {"done"} <= {"shared_code_open", "voucher_has_a_price"}
