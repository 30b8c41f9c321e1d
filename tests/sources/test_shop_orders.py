"""What the rows of every shop keep, whatever the shop says."""

import json
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shuke.sources.batches import Page
from shuke.sources.contract import Rejection
from shuke.sources.digests import digest
from shuke.sources.order_lines import (
    ADJUSTMENT,
    ADJUSTMENT_NO,
    FEES_FROM_NO,
    balanced,
    coin_of,
    fee_line,
    order_rows,
    payment_after_refunds,
    product_line,
)
from shuke.sources.oscar.orders import shared
from shuke.sources.records import (
    UnusableRecordError,
    amount,
    identifier,
    loads,
    moment,
    moment_text,
    parts,
    pieces,
    plain,
)

CENT = Decimal("0.01")
money = st.decimals(0, 10_000, places=2)


@st.composite
def lines(draw):
    found = []
    for number in range(draw(st.integers(0, 5))):
        listed, paid, voucher = draw(money), draw(money), draw(money)
        found.append(
            product_line(number + 1, f"p{number}", quantity=1, listed=listed, paid=paid, voucher=voucher)
        )
    fees = draw(st.lists(st.decimals(-50, 50, places=2), max_size=2))
    return found + [fee_line(FEES_FROM_NO + number, fee) for number, fee in enumerate(fees)]


@settings(max_examples=50, deadline=None)
@given(lines(), money, money)
def test_lines_and_shipping_always_add_up_to_the_total(found, shipping, total):
    kept = balanced(found, shipping=shipping, total=total, coin=CENT)
    assert sum(line.paid for line in kept) + shipping == total
    for line in kept:
        assert line.listed - line.discount - line.voucher == line.paid
        assert min(line.listed, line.discount, line.voucher) >= 0
    numbers = [line.line_no for line in kept]
    assert len(set(numbers)) == len(numbers)
    assert numbers[: len(found)] == [line.line_no for line in found], "lines keep their numbers"


@settings(max_examples=50, deadline=None)
@given(money, st.lists(money, max_size=6))
def test_shares_lose_nothing_and_take_no_more_than_there_is(total, weights):
    parts_ = shared(total, weights, coin=CENT)
    assert sum(parts_) == min(total, sum(weights))
    assert all(0 <= part <= weight for part, weight in zip(parts_, weights, strict=True))


def test_rounding_stays_on_a_line_and_a_gift_card_is_seen():
    three = [
        product_line(n, "p", quantity=1, listed=Decimal("3.33"), paid=Decimal("3.33")) for n in (1, 2, 3)
    ]
    rounded = balanced(three, shipping=Decimal(0), total=Decimal("10.00"), coin=CENT)
    assert sorted(line.paid for line in rounded) == [Decimal("3.33"), Decimal("3.33"), Decimal("3.34")]
    card = balanced(three, shipping=Decimal(0), total=Decimal("4.99"), coin=CENT)[-1]
    assert (card.product_id, card.line_no, card.paid) == (ADJUSTMENT, ADJUSTMENT_NO, Decimal("-5.00"))


def test_yen_have_no_cents():
    line = [product_line(1, "p", quantity=1, listed=Decimal(100), paid=Decimal(100))]
    assert len(balanced(line, shipping=Decimal(0), total=Decimal(101), coin=coin_of("JPY"))) == 1
    assert len(balanced(line, shipping=Decimal(0), total=Decimal(101), coin=coin_of("EUR"))) == 2


def test_a_price_raised_by_hand_is_the_list_price():
    line = product_line(1, "p", quantity=1, listed=Decimal(5), paid=Decimal(8))
    assert (line.listed, line.discount) == (8, 0)


def test_rows_carry_what_is_said_of_the_order():
    rows = order_rows(
        {"order_no": "1"}, [product_line(1, "p", quantity=2, listed=Decimal("1E+1"), paid=Decimal(9))]
    )
    assert rows == [{
        "order_no": "1", "line_no": "1", "product_id": "p", "sku": None, "quantity": "2", "list_amount": "10",
        "discount": "1", "voucher": "0", "paid": "9", "is_gift": "false",
    }]  # fmt: skip


@pytest.mark.parametrize(
    ("status", "refunded", "expected"),
    [("paid", "0", "paid"), ("paid", "3", "partially_refunded"), ("paid", "10", "refunded"),
     ("refunded", "3", "partially_refunded"), ("pending", "3", "pending"), ("void", "10", "void")],
)  # fmt: skip
def test_refunds_decide_the_payment_status(status, refunded, expected):
    assert payment_after_refunds(status, refunded=Decimal(refunded), total=Decimal(10)) == expected


@pytest.mark.parametrize(
    "value", ["many", "NaN", "Infinity", "1e999999", "1" * 40, True, [], {}, "0x10", "1e-99"]
)
def test_what_is_no_amount_is_refused(value):
    with pytest.raises(UnusableRecordError):
        amount({"total": value}, "total")


def test_floats_of_an_answer_are_exact():
    assert amount(loads('{"total": 0.1}'), "total") * 3 == Decimal("0.3")
    assert plain(amount({"total": "-0"}, "total")) == "0"


@pytest.mark.parametrize("text", ["NaN", "[" * 100_000, "{", "", '{"a": Infinity}', b"\xff\xfe{"])
def test_what_is_no_json_is_refused(text):
    with pytest.raises(ValueError):
        loads(text)


@pytest.mark.parametrize("value", ["yesterday", 5, "2026-13-01T00:00:00", ["x"], "0001-01-01T00:00:00+14:00"])
def test_what_is_no_time_is_refused(value):
    with pytest.raises(UnusableRecordError):
        moment({"at": value}, "at")


def test_times_are_utc():
    assert moment_text({"at": "2026-03-01T10:00:00"}, "at") == "2026-03-01T10:00:00+00:00"
    assert moment_text({"at": "2026-03-01T10:00:00+08:00"}, "at") == "2026-03-01T02:00:00+00:00"


def test_ids_quantities_and_lists():
    assert identifier({"id": 7}, "id") == "7"
    for value in (None, "", " ", True, 1.5, {}):
        with pytest.raises(UnusableRecordError):
            identifier({"id": value}, "id")
    assert [pieces({"q": value}, "q") for value in (2, "3.0", "0.453", None)] == [2, 3, 1, 0]
    for value in ("none", {"a": 1}, [1]):
        with pytest.raises(UnusableRecordError):
            parts({"lines": value}, "lines")


def test_a_page_of_two_currencies_is_two_batches_and_rejections_come_once():
    page = Page("orders")
    page.add([{"order_no": "1"}], currency="EUR")
    page.add([{"order_no": "2"}], currency="USD")
    page.add([{"order_no": "3"}], currency="EUR")
    page.rejected.append(Rejection({}, "no_id", "The record has no “id”."))
    batches = list(page.batches(cursor={"a": 1}))
    assert [(b.currency, len(b.rows), len(b.rejected)) for b in batches] == [("EUR", 2, 1), ("USD", 1, 0)]
    assert list(Page("orders").batches(cursor={})) == []
    assert len(list(Page("orders").batches(cursor={}, is_last=True))) == 1, (
        "an empty page still moves the cursor"
    )


@settings(max_examples=25, deadline=None)
@given(st.dictionaries(st.text(), st.one_of(st.text(), st.integers(), st.none()), max_size=5))
def test_digests_look_at_content_only(record):
    turned = dict(reversed(list(record.items())))
    assert digest(record) == digest(turned) == digest(json.loads(json.dumps(record)))
    assert digest(record) != digest(record | {"one": "more"})
