"""Many members at few vouchers, one member many times: never a point without its voucher, never a voucher too many."""

from collections import Counter

import pytest

from shuke.apps.loyalty.models import PointsTransaction, VoucherExchange, Wallet
from shuke.apps.loyalty.queries.verification import ledger_findings
from shuke.apps.members.operations import create_members
from shuke.apps.members.schemas import MemberProfile
from shuke.apps.promotions.models import Voucher, VoucherCounter
from shuke.apps.promotions.operations import prices, reserve_vouchers
from shuke.apps.promotions.queries import voucher, voucher_quote
from shuke.apps.promotions.schemas import Basket, BasketLine
from tests.apps.loyalty.conftest import START
from tests.apps.loyalty.test_exchanges import DAY, available, back, exchange, fund, priced
from tests.apps.loyalty.test_races import at_once, many_awards

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]
BASKET = Basket((BasketLine(1, "bread", 1, 5_000),), currency="CNY")


def rush(kind: str, crowd: list[str]) -> Counter[str]:
    return at_once(lambda n: exchange(crowd[n], kind, key=f"rush-{n}"), len(crowd))


def a_crowd(size: int) -> list[str]:
    refs = create_members(at=START, source="test", profiles=[MemberProfile() for _ in range(size)])
    ids = [ref.public_id for ref in refs]
    many_awards(ids, count=size, points=600)
    return ids


def test_a_hundred_members_at_ten_vouchers_are_ten_exchanges(members):
    kind, crowd = priced(limits={"claims": 10}), a_crowd(100)
    assert rush(kind, crowd) == {"created": 10, "offer_sold_out": 90}
    assert Counter(Wallet.objects.values_list("available", flat=True)) == {100: 10, 600: 90}
    assert PointsTransaction.objects.filter(kind="commit", reason="exchange").count() == 10
    holders = Voucher.objects.filter(state="claimed").values_list("member__public_id", flat=True)
    assert set(holders) == set(VoucherExchange.objects.values_list("member__public_id", flat=True))
    assert (len(holders), sum(VoucherCounter.objects.values_list("used", flat=True))) == (10, 10)
    assert ledger_findings() == []


def test_one_member_at_once_with_one_key_and_with_points_for_one(members):
    ann, kind = members[0], priced()
    fund(ann, 900)
    assert at_once(lambda _n: exchange(ann, kind, key="same"), 8) == {"created": 1, "replayed": 7}
    assert available(ann) == 400
    fund(ann, 100, name="more")
    assert at_once(lambda n: exchange(ann, kind, key=f"other-{n}"), 8) == {
        "created": 1,
        "points_insufficient": 7,
    }
    assert (available(ann), Voucher.objects.count(), VoucherExchange.objects.count()) == (0, 2, 2)
    assert ledger_findings() == []


def test_a_voucher_goes_to_the_till_or_comes_back_never_both(members):
    ann, kind = members[0], priced(limits={"claims": 9})
    fund(ann, 4_500)
    made = [exchange(ann, kind, key=f"m-{n}") for n in range(6)]
    quotes = []
    for one in made:
        codes = [voucher(one.answer["voucher_id"], unmask=True).code]
        quotes.append(
            voucher_quote(codes=codes, member_id=ann, tier="", basket=BASKET, left={1: 5_000}, at=START)
        )

    def act(n: int) -> object:
        if n % 3:
            return back(made[n // 3], key=f"b-{n}")
        return reserve_vouchers(
            key=f"till-{n}", uses=quotes[n // 3].uses, member_id=ann, until=START + 2 * DAY, at=START
        )

    outcomes = at_once(act, 18)
    gone = VoucherExchange.objects.filter(state="taken_back").count()
    assert outcomes["created"] == 6
    assert Voucher.objects.filter(state="cancelled").count() == gone
    assert Voucher.objects.filter(state="reserved").count() == 6 - gone
    assert available(ann, at=START + DAY) == 4_500 - 500 * (6 - gone)
    assert sum(VoucherCounter.objects.values_list("used", flat=True)) == 6 - gone
    assert ledger_findings() == []


def test_without_counting_claims_too_many_are_sold(members, monkeypatch):
    kind, crowd = priced(limits={"claims": 1}), a_crowd(4)
    monkeypatch.setattr(prices, "take", lambda *_args, **_values: [])
    assert rush(kind, crowd) == {"created": 4}
