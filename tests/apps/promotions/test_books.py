"""What limits, vouchers and purchases must agree on: each disagreement is found, a sound house has none."""

from datetime import timedelta

import pytest
from django.db.models import F

from shuke.apps.promotions import operations
from shuke.apps.promotions.models import (
    Voucher,
    VoucherBatch,
    VoucherCounter,
    VoucherReservation,
)
from shuke.apps.promotions.queries import voucher_findings
from shuke.platform.permissions import SYSTEM
from tests.apps.promotions.conftest import START, defined
from tests.apps.promotions.test_flow import held, issued

pytestmark = pytest.mark.django_db
LIMITS = {"uses": 50, "uses_per_member": 3, "budget_minor": 100_000, "claims": 5, "claims_per_member": 1}


@pytest.fixture
def house(members):
    """Of one limited voucher: one is held, one used, one came back, one was let go, two are claimed; and a batch."""
    twenty = defined(is_claimable=True, limits=LIMITS)
    for number, key in enumerate(("held", "used", "back", "let go")):
        held(members[number % 2], issued(members[number % 2], twenty, key=key)[1], key=key)
    for key in ("used", "back"):
        operations.redeem_vouchers(key=key, order_id=f"o:{key}", at=START)
    operations.return_vouchers(key="back", order_id="o:back", is_whole=True, at=START)
    operations.release_vouchers(key="let go", at=START)
    for member_id in members[:2]:
        operations.claim_voucher(key=member_id, definition_id=twenty, member_id=member_id, at=START)
    bulk = operations.order_codes(
        actor=SYSTEM, at=START, key="codes", definition_id=defined(name="Bulk"), count=3
    )
    operations.make_codes(batch_id=bulk)


def renew(members) -> None:
    """A voucher whose time was over when its purchase came back: a new one takes its place."""
    short = defined(name="Short", days_after_claim=1, give_back="renew", limits={"uses": 5})
    held(members[2], issued(members[2], short, key="renew")[1], key="renew")
    operations.redeem_vouchers(key="renew", order_id="o:renew", at=START)
    back = operations.return_vouchers(
        key="renew", order_id="o:renew", is_whole=True, at=START + timedelta(days=9)
    )
    assert back[0].outcome == "renewed"


def test_a_sound_house_has_no_findings(house, members):
    renew(members)
    assert list(voucher_findings()) == []


BREAKS = {
    "a use too many": (
        lambda: VoucherCounter.objects.filter(what="uses", shard=0).update(used=F("used") + 1),
        "its uses say 3, its purchases 2",
    ),
    "money that nobody took": (
        lambda: VoucherCounter.objects.filter(what="budget", used__gt=0).update(used=F("used") - 1),
        "its purchases 4000",
    ),
    "a limit is gone": (
        lambda: VoucherCounter.objects.filter(what="uses").delete(),
        "took 2 of its uses, which are not counted",
    ),
    "claims that nobody made": (
        lambda: VoucherCounter.objects.filter(what="claims").update(used=3),
        "its claims say 3, its vouchers 2",
    ),
    "held by what is over": (
        lambda: VoucherReservation.objects.filter(key="held").update(state="redeemed"),
        "is held by a purchase that is over",
    ),
    "used by what was not made": (
        lambda: VoucherReservation.objects.filter(key="used").update(state="held"),
        "is used by a purchase that was not made",
    ),
    "a purchase lost its voucher": (
        lambda: Voucher.objects.filter(reservation__key="held").update(state="claimed", reservation=None),
        "reservation held holds no voucher",
    ),
    "another amount": (
        lambda: Voucher.objects.filter(reservation__key="used").update(off_minor=1999),
        "took off 1999, which no step of it says",
    ),
    "a purchase that came back still holds a use": (
        lambda: VoucherReservation.objects.filter(key="back").update(
            taken=VoucherReservation.objects.get(key="used").taken
        ),
        "its uses say 2, its purchases 3",
    ),
    "a code is missing": (
        lambda: VoucherBatch.objects.filter(kind="bulk").update(made=4),
        "says 4 vouchers, there are 3",
    ),
}


@pytest.mark.parametrize("case", BREAKS)
def test_each_disagreement_is_found(house, case):
    break_it, sentence = BREAKS[case]
    break_it()
    assert sentence in "; ".join(voucher_findings())
