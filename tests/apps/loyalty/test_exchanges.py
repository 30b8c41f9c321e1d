"""Points for vouchers: both change hands or neither, once for a key, and back to the lots they came from."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from shuke.apps.loyalty.models import PointsTransaction, VoucherExchange
from shuke.apps.loyalty.operations import award_points
from shuke.apps.loyalty.operations.checkout import Call
from shuke.apps.loyalty.operations.exchanging import exchange_points, take_back_exchange
from shuke.apps.loyalty.operations.finance import set_points_cost
from shuke.apps.loyalty.privacy import erase, export
from shuke.apps.loyalty.queries.exchanges import member_exchanges, priced_for
from shuke.apps.loyalty.queries.finance import finance_report
from shuke.apps.loyalty.queries.statements import points_statement, points_wallet
from shuke.apps.loyalty.queries.verification import ledger_findings
from shuke.apps.loyalty.rules.exchanges import back_through
from shuke.apps.loyalty.schemas import Request
from shuke.apps.loyalty.schemas.exchanges import ExchangeRequest
from shuke.apps.promotions.models import Voucher, VoucherBatch, VoucherCounter, VoucherEvent
from shuke.apps.promotions.operations import (
    cancel_voucher,
    claim_offer,
    claim_voucher,
    create_definition,
    offer_gift,
    publish_definition,
    reserve_vouchers,
    take_gift,
)
from shuke.apps.promotions.queries import member_vouchers, voucher, voucher_quote
from shuke.apps.promotions.rules.terms import FaultyTerms, terms_of
from shuke.apps.promotions.schemas import Basket, BasketLine
from shuke.platform.errors import Invalid, NotFound, Refused
from shuke.platform.permissions import SYSTEM
from tests.apps.loyalty.conftest import START

DAY = timedelta(days=1)
PRICE = {"points_type": "gift", "points": 500, "back_days": 7}
BASIC = {"kind": "amount", "amount_minor": 2000, "days_after_claim": 30, "is_claimable": True}


def priced(*, price: dict[str, Any] | None = None, **terms: Any) -> str:
    """A published voucher of 20.00 off for 500 points, which may be taken back for a week."""
    given = {**BASIC, "price": {**PRICE, **(price or {})}, **terms}
    found = create_definition(actor=SYSTEM, at=START, name="Twenty off", terms=given)
    publish_definition(actor=SYSTEM, at=START, definition_id=found)
    return found


def fund(member: str, points: int, *, ends: datetime | None = None, name: str = "fund") -> None:
    award_points(
        request=Request(key=f"{name}:{member}", actor="test", at=START),
        member_id=member,
        points_type="gift",
        points=points,
        expires_at=ends or START + 300 * DAY,
    )


def call(key: str, *, at: datetime = START) -> Call:
    return Call(key=f"exchange-{key}", actor="till", at=at)


def exchange(member: str, kind: str, *, key: str = "one", points: int = 500, at: datetime = START, **more):
    wanted = ExchangeRequest(definition_id=kind, points=points)
    return exchange_points(call=call(key, at=at), member_id=member, request=wanted, **more)


def back(made, *, key: str = "back", at: datetime = START + DAY, **more):
    found = made.answer["exchange_id"]
    return take_back_exchange(call=call(key, at=at), exchange_id=found, **more)


def available(member: str, *, at: datetime = START) -> int:
    return points_wallet(member, points_type="gift", at=at).balances.available


def everything() -> tuple[int, ...]:
    models = (PointsTransaction, VoucherExchange, Voucher, VoucherEvent, VoucherBatch)
    counted = sum(VoucherCounter.objects.values_list("used", flat=True))
    return (*(model.objects.count() for model in models), counted)


def refusal(code: str, task) -> dict[str, Any]:
    """What a refused task says; nothing of points and vouchers may have changed."""
    before = everything()
    with pytest.raises(Refused) as raised:
        task()
    assert raised.value.code == code
    assert everything() == before
    return dict(raised.value.details)


def test_points_and_voucher_change_hands_once_for_a_key(members):
    ann, kind = members[0], priced(limits={"claims": 10, "claims_per_member": 2})
    fund(ann, 1_200)
    made = exchange(ann, kind)
    again = exchange(ann, kind)
    assert (made.outcome, again.outcome) == ("created", "replayed")
    assert again.answer == made.answer
    assert available(ann) == 700
    [held] = member_vouchers(ann, at=START)
    assert held.voucher_id == made.answer["voucher_id"]
    assert (held.state, held.is_usable_now) == ("claimed", True)
    line = points_statement(ann, points_type="gift")[0][0]
    assert (line.kind, line.reason, line.source) == ("commit", "exchange", made.answer["exchange_id"])
    assert line.entries == {"available": -500, "redeemed": 500}
    refusal("idempotency_conflict", lambda: exchange(ann, kind, points=400))
    exchange(ann, kind, key="two")
    assert available(ann) == 200
    fund(ann, 2_000, name="more")
    refusal("offer_taken", lambda: exchange(ann, kind, key="three"))
    assert len(member_exchanges(ann, at=START)) == 2
    assert ledger_findings() == []


def test_a_refusal_says_what_is_missing_and_changes_nothing(members):
    ann, bob, cy = members
    few = priced(limits={"claims": 1})
    opens = (START + 3 * DAY).date().isoformat()
    later, gold = priced(price={"first_day": opens}), priced(conditions={"tiers": ["gold"]})
    over = priced(price={"last_day": (START - DAY).date().isoformat()})
    staffs = priced(is_claimable=False)
    fund(ann, 380)
    short = refusal("points_insufficient", lambda: exchange(ann, few))
    assert (short["missing"], short["available"], short["needed"]) == (120, 380, 500)
    assert (
        refusal("points_insufficient", lambda: exchange(cy, few))["missing"] == 500
    )  # who never had a point
    fund(ann, 1_000, name="more")
    assert refusal("price_changed", lambda: exchange(ann, few, points=499))["points"] == 500
    assert refusal("offer_not_yet", lambda: exchange(ann, later))["first_day"] == date.fromisoformat(opens)
    refusal("offer_other_tier", lambda: exchange(ann, gold))
    refusal("offer_over", lambda: exchange(ann, over))
    refusal("offer_not_found", lambda: exchange(ann, staffs))
    refusal("member_not_found", lambda: exchange("mbr_nobody", few))
    fund(bob, 500)
    exchange(bob, few)
    refusal("offer_sold_out", lambda: exchange(ann, few, key="late"))
    assert exchange(ann, later, key="open", at=START + 3 * DAY).outcome == "created"
    assert exchange(ann, staffs, key="desk", staff=SYSTEM).outcome == "created"
    seen = {one.definition_id: one for one in priced_for(ann, at=START)}
    assert seen[few].why == "sold_out"
    assert (seen[later].why, seen[later].missing) == ("not_yet", 0)
    [after] = [one for one in priced_for(ann, at=START + 3 * DAY) if one.definition_id == later]
    assert (after.why, after.available, after.missing) == ("", 380, 120)
    assert not {staffs, over} & set(seen)
    assert ledger_findings() == []


def test_what_has_a_price_is_never_claimed_for_nothing(members):
    kind = priced()
    refusal(
        "voucher_has_a_price",
        lambda: claim_voucher(key="free", definition_id=kind, member_id=members[0], at=START),
    )
    with pytest.raises(NotFound):
        claim_offer(member_id=members[0], definition_id=kind, turn=0, at=START)
    assert member_vouchers(members[0], at=START) == []


def test_taken_back_each_point_lies_where_it_was(members):
    ann, kind = members[0], priced(limits={"claims": 1, "claims_per_member": 1})
    fund(ann, 300, ends=START + 3 * DAY, name="soon")
    fund(ann, 400, ends=START + 90 * DAY, name="late")
    before = points_wallet(ann, points_type="gift", at=START).lots
    made = exchange(ann, kind)
    taken = back(made)
    assert back(made).outcome == "replayed"
    assert (taken.answer["state"], taken.answer["returned"], taken.answer["expired"]) == (
        "taken_back",
        500,
        0,
    )
    assert points_wallet(ann, points_type="gift", at=START + DAY).lots == before
    assert member_vouchers(ann, at=START + DAY) == []
    refusal("exchange_taken_back", lambda: back(made, key="again"))
    # The place within the limits is free, and this time the points that end soon end while they are spent.
    made = exchange(ann, kind, key="second", at=START + DAY)
    taken = back(made, key="late", at=START + 4 * DAY)
    assert (taken.answer["returned"], taken.answer["expired"]) == (200, 300)
    assert available(ann, at=START + 4 * DAY) == 400
    assert VoucherCounter.objects.get().used == 0
    assert ledger_findings() == []


def test_what_was_used_held_given_or_is_over_stays_exchanged(members):
    ann, bob, _ = members
    kind = priced(gifting={"is_allowed": True})
    fund(ann, 4_000)
    made = {
        name: exchange(ann, kind, key=name) for name in ("held", "given", "gone", "over", "mine", "final")
    }
    ids = {name: one.answer["voucher_id"] for name, one in made.items()}
    line = BasketLine(1, "bread", 1, 5_000)
    codes = [voucher(ids["held"], unmask=True).code]
    quote = voucher_quote(
        codes=codes, member_id=ann, tier="", basket=Basket((line,), currency="CNY"), left={1: 5_000}, at=START
    )
    reserve_vouchers(key="till", uses=quote.uses, member_id=ann, until=START + 9 * DAY, at=START)
    take_gift(secret=offer_gift(voucher_id=ids["given"], member_id=ann, at=START), member_id=bob, at=START)
    cancel_voucher(actor=SYSTEM, at=START, voucher_id=ids["gone"], reason="x")
    for name, state in (("held", "reserved"), ("given", "gifted"), ("gone", "cancelled")):
        assert refusal("voucher_not_returnable", lambda n=name: back(made[n]))["state"] == state
    late = START + 8 * DAY
    assert back_through(START, days=7, time_zone="Asia/Shanghai") < late
    refusal("exchange_final", lambda: back(made["final"], at=late))
    assert back(made["final"], key="desk", at=late, staff=SYSTEM, reason="goodwill").answer["returned"] == 500
    refusal("voucher_expired", lambda: back(made["over"], at=START + 40 * DAY, staff=SYSTEM))
    with pytest.raises(NotFound):
        back(made["mine"], member_id=bob)
    assert back(made["mine"], key="own", member_id=ann).outcome == "created"
    never = exchange(ann, priced(price={"back_days": None}), key="never")
    refusal("exchange_final", lambda: back(never, key="x"))
    rows = {row.exchange_id: row for row in member_exchanges(ann, at=START)}
    assert [rows[made[n].answer["exchange_id"]].is_open for n in ("held", "given", "over")] == [
        False,
        False,
        True,
    ]
    assert ledger_findings() == []


@pytest.mark.once
def test_terms_that_would_sell_what_the_till_refuses_are_faulty():
    def faults(**terms: Any) -> dict[str, str]:
        try:
            terms_of({**BASIC, "price": PRICE, **terms})
        except FaultyTerms as error:
            return error.faults
        return {}

    assert faults() == {}
    assert faults(limits={"uses": 10}) == {"claims": "unbacked"}
    assert faults(limits={"uses": 10, "claims": 11}) == {"claims": "unbacked"}
    assert faults(limits={"uses": 10, "claims": 10}) == {}
    assert faults(limits={"uses_per_member": 1}) == {"claims_per_member": "unbacked"}
    assert faults(limits={"uses_per_member": 1, "claims_per_member": 1}) == {}
    # 50 vouchers of 20.00 are 1,000.00.
    assert faults(limits={"budget_minor": 100_000, "claims": 51}) == {"budget_minor": "unbacked"}
    assert faults(limits={"budget_minor": 100_000, "claims": 50}) == {}
    percent = {"kind": "percent", "percent_hundredths": 1_000, "limits": {"budget_minor": 100, "claims": 1}}
    assert faults(**percent) == {"budget_minor": "unbacked"}
    assert faults(**percent, cap_minor=100) == {}
    assert set(faults(price={**PRICE, "points": 0, "points_type": "", "back_days": 366})) == {
        "price_points", "price_points_type", "price_back_days",
    }  # fmt: skip
    days = {"first_day": "2026-02-01", "last_day": "2026-01-31"}
    assert faults(price={**PRICE, **days}) == {"price_last_day": "before_first_day"}
    assert faults(price={**PRICE, "cents": 1}) == {"terms": "unreadable"}


def test_a_price_is_of_points_that_can_be_spent(members):
    with pytest.raises(Invalid) as raised:
        priced(price={"points_type": "nothing"})
    assert raised.value.details == {"price_points_type": "unknown"}


@pytest.mark.once
def test_back_through_is_the_last_moment_of_that_day():
    at = datetime(2026, 1, 5, 15, 59, tzinfo=UTC)  # 23:59 in Shanghai
    found = [back_through(at, days=days, time_zone="Asia/Shanghai") for days in (None, 0, 7)]
    assert found[0] is None
    assert found[1] == datetime(2026, 1, 5, 15, 59, 59, 999_999, tzinfo=UTC)
    assert found[2] == datetime(2026, 1, 12, 15, 59, 59, 999_999, tzinfo=UTC)


def test_finance_counts_it_as_redeemed_and_back_again(members):
    ann = members[0]
    set_points_cost(
        actor=SYSTEM,
        at=START,
        points_type="gift",
        valid_from=START.date().replace(day=1),
        points=100,
        minor=100,
    )
    fund(ann, 900)
    made = exchange(ann, priced())

    def redeemed(at: datetime) -> tuple[int, int]:
        month = finance_report(points_type="gift", at=at).months[-1]
        return month.movements["redeemed"].points, month.closing.points

    assert redeemed(START + timedelta(hours=1)) == (-500, 400)
    back(made)
    assert redeemed(START + DAY + timedelta(hours=1)) == (0, 900)


def test_a_member_gets_it_all_and_erasure_leaves_only_points(members):
    ann = members[0]
    fund(ann, 900)
    made = exchange(ann, priced())
    [told] = export(ann)["voucher_exchanges"]
    assert (told["points"], told["voucher_id"]) == (500, made.answer["voucher_id"])
    erase(ann, START + DAY)
    [row] = VoucherExchange.objects.all()
    assert (row.member_id, row.points) == (None, 500)
    assert export(ann)["voucher_exchanges"] == []
    refusal("answer_forgotten", lambda: exchange(ann, row.definition_id))
    refusal("exchange_not_found", lambda: back(made, key="late"))


def test_an_exchange_opens_the_wallets_once(members):
    """The ledger of the call goes on to its steps, as at the checkout."""
    ann, kind = members[0], priced()
    fund(ann, 2_000)
    exchange(ann, kind)  # makes what is made once
    with CaptureQueriesContext(connection) as buying:
        made = exchange(ann, kind, key="two")
    with CaptureQueriesContext(connection) as returning:
        back(made)

    def opened(found: CaptureQueriesContext) -> int:
        sent = [query["sql"] or "" for query in found.captured_queries]
        return sum('"loyalty_wallet"."debt"' in one and one.startswith("SELECT") for one in sent)

    # The statement that locks them all; to take one back, the transaction that was paid with is read with its wallet.
    assert (opened(buying), opened(returning)) == (1, 1)
