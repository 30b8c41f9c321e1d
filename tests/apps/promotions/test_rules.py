"""What vouchers take off: the worked table of docs/algorithms/vouchers.md, and what must hold for any basket."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shuke.apps.promotions.rules.baskets import Basket, BasketLine
from shuke.apps.promotions.rules.codes import derived_codes, normalised_code
from shuke.apps.promotions.rules.evaluation import Candidate, best_combination, time_reason
from shuke.apps.promotions.rules.spreading import spread
from shuke.apps.promotions.rules.terms import FaultyTerms, as_data, terms_of
from shuke.apps.promotions.rules.validity import life, renewed_through
from tests.apps.promotions.conftest import BASKET, START

pytestmark = pytest.mark.once
SHANGHAI = "Asia/Shanghai"


def candidate(name: str, *, ends: datetime | None = None, left: int | None = None, **terms: Any) -> Candidate:
    terms = {"days_after_claim": 30, **terms}
    return Candidate(name, f"d-{name}", 1, name, terms_of(terms), START, ends, left)


def quoted(*candidates: Candidate, basket: Basket = BASKET, tier: str = ""):
    return best_combination(candidates, basket=basket, left=basket.list_amounts(), tier=tier)


def test_the_worked_table():
    from_hundred = candidate("a", kind="amount", amount_minor=2000, conditions={"minimum_minor": 10_000})
    ((use,), _) = quoted(from_hundred)
    assert (use.off_minor, use.lines) == (2000, {1: 683, 2: 2, 3: 1315})
    wine = candidate(
        "b", kind="percent", percent_hundredths=1500, cap_minor=1000, conditions={"products": ["wine"]}
    )
    ((use,), _) = quoted(wine)
    assert (use.off_minor, use.lines) == (1000, {3: 1000})
    ((use,), _) = quoted(candidate("c", kind="amount", amount_minor=20_000))
    assert (use.off_minor, use.lines) == (14_605, {1: 4990, 2: 15, 3: 9600})
    ((use,), _) = quoted(candidate("d", kind="shipping"))
    assert (use.off_minor, use.shipping_off_minor) == (0, 600)
    ((use,), _) = quoted(candidate("e", kind="percent", percent_hundredths=1500))
    # 15 % of 146.05 is 21.9075.
    assert use.off_minor == 2191


def test_classes_add_up_in_their_order_each_on_what_is_left():
    lines = candidate("l", kind="amount", amount_minor=4600, conditions={"products": ["wine"]})
    tenth = candidate("p", kind="percent", percent_hundredths=1000)
    basket = candidate("b", kind="amount", amount_minor=9000, conditions={"minimum_minor": 9000})
    uses, reasons = quoted(basket, tenth, lines)
    assert [use.voucher_id for use in uses] == ["l", "p", "b"]
    # 146.05 − 46.00 = 100.05; a tenth of it, half up, is 10.01; 90.04 are left and reach 90.00.
    assert [use.off_minor for use in uses] == [4600, 1001, 9000]
    assert reasons == {}


def test_of_one_class_the_one_that_takes_most_counts_and_at_a_tie_the_one_that_ends_sooner():
    soon, late = START + timedelta(days=1), START + timedelta(days=9)
    ten = candidate("z", kind="amount", amount_minor=1000, ends=soon)
    twenty = candidate("a", kind="amount", amount_minor=2000, ends=late)
    same = candidate("b", kind="amount", amount_minor=2000, ends=soon)
    uses, reasons = quoted(ten, twenty, same)
    assert [use.voucher_id for use in uses] == ["b"]
    assert {key: reason.code for key, reason in reasons.items()} == {
        "z": "not_combinable",
        "a": "not_combinable",
    }


def test_a_lonely_voucher_counts_only_if_it_takes_more_than_the_others_together():
    ten, eight = (
        candidate("t", kind="amount", amount_minor=1000),
        candidate("s", kind="percent", percent_hundredths=600),
    )
    alone = candidate("x", kind="amount", amount_minor=1500, stack_class="alone")
    assert {use.voucher_id for use in quoted(ten, eight, alone)[0]} == {"t", "s"}
    more = candidate("x", kind="amount", amount_minor=1900, stack_class="alone")
    assert [use.voucher_id for use in quoted(ten, eight, more)[0]] == ["x"]


def test_a_gift_is_free_in_the_basket_or_handed_over():
    there = candidate("g", kind="gift", gift_product_id="milk")
    ((use,), _) = quoted(there)
    assert (use.off_minor, use.lines, use.gift_product_id) == (15, {2: 15}, "milk")
    ((use,), _) = quoted(candidate("g", kind="gift", gift_product_id="mug"))
    assert (use.off_minor, use.gift_product_id) == (0, "mug")


@pytest.mark.parametrize(
    ("code", "terms", "tier", "left"),
    [
        ("minimum_not_reached", {"conditions": {"minimum_minor": 14_606}}, "", None),
        ("wrong_products", {"conditions": {"brands": ["Other"]}}, "", None),
        ("wrong_store", {"conditions": {"stores": ["S1"]}}, "", None),
        ("wrong_channel", {"conditions": {"channels": ["web"]}}, "", None),
        ("wrong_tier", {"conditions": {"tiers": ["gold"]}}, "silver", None),
        ("budget_used_up", {}, "", 1999),
        ("budget_used_up", {}, "", 0),
    ],
)
def test_why_a_voucher_does_not_apply(code, terms, tier, left):
    found = candidate("v", kind="amount", amount_minor=2000, left=left, **terms)
    uses, reasons = quoted(found, tier=tier)
    assert uses == ()
    assert reasons["v"].code == code


def test_the_first_reason_in_the_stated_order_is_named():
    found = candidate(
        "v",
        kind="amount",
        amount_minor=1,
        conditions={"minimum_minor": 99_999, "stores": ["S1"], "tiers": ["g"]},
    )
    assert quoted(found)[1]["v"].code == "minimum_not_reached"
    assert quoted(found)[1]["v"].details["missing_minor"] == 99_999 - 14_605


def test_goods_that_allow_no_discount_count_for_nothing():
    card = BasketLine(9, "gift card", 1, 50_000, allows_discount=False)
    basket = Basket((*BASKET.lines, card))
    found = candidate("v", kind="amount", amount_minor=2000, conditions={"minimum_minor": 20_000})
    assert quoted(found, basket=basket)[1]["v"].code == "minimum_not_reached"
    ((use,), _) = quoted(candidate("v", kind="amount", amount_minor=99_999), basket=basket)
    assert use.off_minor == 14_605


def test_days_weekdays_and_lives_are_those_of_the_time_zone():
    days = candidate(
        "v",
        kind="amount",
        amount_minor=1,
        conditions={"first_day": "2026-01-05", "last_day": "2026-01-09", "weekdays": [1, 5]},
    )
    reasons = {
        "2026-01-04 15:59": "not_yet_valid",
        "2026-01-05 00:00": "not_yet_valid",  # valid_from is noon
        "2026-01-05 04:00": None,
        "2026-01-06 04:00": "not_yet_valid",
        "2026-01-09 15:59": None,
        "2026-01-09 16:00": "expired",
    }
    for text, code in reasons.items():
        at = datetime.fromisoformat(text).replace(tzinfo=UTC)
        reason = time_reason(days, at=at, time_zone=SHANGHAI)
        assert (reason and reason.code) == code, text


def test_a_life_ends_with_the_day_and_never_after_the_last_day():
    terms = terms_of({"kind": "amount", "amount_minor": 1, "days_after_claim": 7})
    begins, ends = life(terms, begins_at=START, is_held=True, time_zone=SHANGHAI)
    assert begins == START
    assert ends == datetime(2026, 1, 12, 15, 59, 59, 999_999, tzinfo=UTC)
    assert life(terms, begins_at=START, is_held=False, time_zone=SHANGHAI) == (START, None)
    until = terms_of({**as_data(terms), "conditions": {"last_day": date(2026, 1, 8)}})
    assert life(until, begins_at=START, is_held=True, time_zone=SHANGHAI)[1] == datetime(
        2026, 1, 8, 15, 59, 59, 999_999, tzinfo=UTC
    )


def test_a_renewed_voucher_lives_as_many_days_as_were_left():
    ends = datetime(2026, 1, 12, 15, 59, 59, 999_999, tzinfo=UTC)
    again = renewed_through(
        valid_through=ends,
        redeemed_at=START + timedelta(days=3),
        at=START + timedelta(days=20),
        time_zone=SHANGHAI,
    )
    assert again == datetime(2026, 1, 29, 15, 59, 59, 999_999, tzinfo=UTC)


@pytest.mark.parametrize(
    ("terms", "field"),
    [
        ({"kind": "cash"}, "kind"),
        ({"kind": "amount", "amount_minor": 0, "days_after_claim": 1}, "amount_minor"),
        ({"kind": "percent", "percent_hundredths": 10_001, "days_after_claim": 1}, "percent_hundredths"),
        ({"kind": "gift", "days_after_claim": 1}, "gift_product_id"),
        ({"kind": "shipping"}, "last_day"),
        ({"kind": "shipping", "limits": {"uses": 0}}, "uses"),
        ({"kind": "shipping", "conditions": {"weekdays": [8]}, "days_after_claim": 1}, "weekdays"),
        (
            {"kind": "shipping", "conditions": {"first_day": "2026-02-01", "last_day": "2026-01-01"}},
            "last_day",
        ),
        ({"kind": "shipping", "colour": "red"}, "colour"),
        ({"kind": "shipping", "conditions": {"colour": ["red"]}}, "terms"),
        ({"kind": "amount", "amount_minor": "20", "days_after_claim": 1}, "amount_minor"),
    ],
)
def test_terms_that_cannot_be_promised_are_refused(terms, field):
    with pytest.raises(FaultyTerms) as found:
        terms_of(terms)
    assert field in found.value.faults


def test_terms_survive_being_stored():
    terms = terms_of(
        {
            "kind": "percent",
            "percent_hundredths": 1250,
            "cap_minor": 500,
            "days_after_claim": 3,
            "conditions": {"first_day": "2026-01-01", "stores": ["a", "b", "a"], "weekdays": [1]},
            "limits": {"uses": 5, "budget_minor": 100},
            "gifting": {"is_allowed": True, "new_within_days": 30},
        }
    )
    assert terms_of(as_data(terms)) == terms
    assert terms.conditions.stores == ("a", "b")


def test_codes_follow_from_the_secret_and_the_number_alone():
    secret = bytes(range(32))
    codes = derived_codes(secret, range(3_000))
    assert codes == derived_codes(secret, range(3_000))
    assert len(set(codes)) == 3_000
    assert all(normalised_code(code) == code for code in codes)
    assert not set(codes) & set(derived_codes(secret[:-1] + b"x", range(3_000)))


WEIGHTS = st.dictionaries(st.integers(1, 30), st.integers(0, 10**9), max_size=8)


@given(amount=st.integers(0, 10**10), weights=WEIGHTS)
def test_parts_sum_to_the_whole_and_stay_below_their_lines(amount, weights):
    parts = spread(amount, over=weights)
    assert sum(parts.values()) == min(amount, sum(weights.values()))
    assert all(0 < part <= weights[number] for number, part in parts.items())


@st.composite
def baskets(draw):
    line = st.builds(
        BasketLine,
        line_no=st.just(1),
        product_id=st.sampled_from(["bread", "milk", "wine"]),
        quantity=st.integers(1, 5),
        list_minor=st.integers(0, 30_000),
        allows_discount=st.booleans(),
    )
    drawn = draw(st.lists(line, min_size=1, max_size=6))
    lines = [replace(each, line_no=number) for number, each in enumerate(drawn, 1)]
    return Basket(tuple(lines), shipping_minor=draw(st.integers(0, 2_000)))


@st.composite
def wallets(draw):
    found = []
    for number in range(draw(st.integers(0, 5))):
        kind = draw(st.sampled_from(["amount", "percent", "gift", "shipping"]))
        terms = {
            "kind": kind,
            "amount_minor": draw(st.integers(1, 20_000)),
            "percent_hundredths": draw(st.integers(1, 10_000)),
            "cap_minor": draw(st.one_of(st.none(), st.integers(1, 5_000))),
            "gift_product_id": "milk",
            "conditions": {
                "minimum_minor": draw(st.integers(0, 20_000)),
                "products": draw(st.sampled_from([[], ["wine"], ["bread", "milk"]])),
            },
        }
        if draw(st.booleans()):
            terms["stack_class"] = draw(st.sampled_from(["lines", "percent", "basket", "alone"]))
        found.append(candidate(f"v{number}", left=draw(st.one_of(st.none(), st.integers(0, 9_999))), **terms))
    return found


@given(basket=baskets(), found=wallets(), order=st.randoms(use_true_random=False))
def test_never_more_than_is_left_and_no_order_changes_the_totals(basket, found, order):
    uses, reasons = quoted(*found, basket=basket)
    left, shipping = basket.list_amounts(), basket.shipping_minor
    for use in uses:
        assert sum(use.lines.values()) == use.off_minor
        for number, off in use.lines.items():
            assert off > 0
            left[number] -= off
        shipping -= use.shipping_off_minor
    assert min(left.values()) >= 0
    assert shipping >= 0
    assert {use.voucher_id for use in uses} | set(reasons) == {c.voucher_id for c in found}
    assert not {use.voucher_id for use in uses} & set(reasons)
    shuffled = list(found)
    order.shuffle(shuffled)
    lines = list(basket.lines)
    order.shuffle(lines)
    again, _ = quoted(*shuffled, basket=Basket(tuple(lines), shipping_minor=basket.shipping_minor))
    assert [(u.voucher_id, u.off_minor, dict(u.lines), u.shipping_off_minor) for u in again] == [
        (u.voucher_id, u.off_minor, dict(u.lines), u.shipping_off_minor) for u in uses
    ]


def test_a_minimum_is_reached_by_just_that_and_the_last_moment_counts():
    fits = candidate("a", kind="amount", amount_minor=1, conditions={"minimum_minor": 14_605})
    lacks = candidate("b", kind="amount", amount_minor=1, conditions={"minimum_minor": 14_606})
    assert len(quoted(fits)[0]) == 1
    assert quoted(lacks)[1]["b"].details["missing_minor"] == 1
    last = candidate("c", kind="amount", amount_minor=1, ends=START)
    assert time_reason(last, at=START, time_zone=SHANGHAI) is None
    late = time_reason(last, at=START + timedelta(microseconds=1), time_zone=SHANGHAI)
    assert late is not None
    assert late.code == "expired"
