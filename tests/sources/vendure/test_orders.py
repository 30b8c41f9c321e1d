"""Vendure's records as rows: what a shop may answer, and what no shop should."""

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from standardwebhooks.webhooks import Webhook

from shuke.sources.contract import ForgedWebhookError
from shuke.sources.records import UnusableRecordError
from shuke.sources.vendure.orders import is_sale, order_of, refund_rows, split
from shuke.sources.vendure.signing import news_of

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
SECRET = "whsec_c2h1a2UtdGVzdC1zZWNyZXQtMjRi"


def line(number, *, price=1000, paid=None, quantity=1, ordered=None):
    return {
        "id": str(number),
        "createdAt": "2026-05-01T10:00:00Z",
        "quantity": quantity,
        "orderPlacedQuantity": quantity if ordered is None else ordered,
        "unitPriceWithTax": price,
        "proratedUnitPriceWithTax": price if paid is None else paid,
        "productVariant": {"id": f"9{number}", "sku": f"S{number}"},
    }


def order(*lines, total, **more):
    record = {
        "id": "1",
        "code": "ABC",
        "state": "PaymentSettled",
        "type": "Regular",
        "updatedAt": "2026-05-01T11:00:00Z",
        "orderPlacedAt": "2026-05-01T10:30:00Z",
        "currencyCode": "USD",
        "couponCodes": [],
        "totalWithTax": total,
        "shippingWithTax": 0,
        "customer": {"id": "7", "emailAddress": "ann@example.com", "phoneNumber": ""},
        "lines": list(lines),
        "surcharges": [],
        "taxSummary": [],
        "payments": [{"id": "1", "state": "Settled", "amount": total, "createdAt": "2026-05-01T10:31:00Z"}],
        "fulfillments": [],
    }
    return record | more


def refund(total, *lines, state="Settled"):
    return {
        "id": "5",
        "state": state,
        "total": total,
        "updatedAt": "2026-05-02T10:00:00Z",
        "reason": "late",
        "lines": [{"orderLineId": str(number), "quantity": quantity} for number, quantity in lines],
    }


def paid_with(total, *refunds):
    return [
        {
            "id": "1",
            "state": "Settled",
            "amount": total,
            "createdAt": "2026-05-01T10:31:00Z",
            "refunds": list(refunds),
        }
    ]


def test_money_as_minor_units_has_the_shops_own_precision_whatever_the_currency():
    record = order(line(1, price=120000), total=120000, currencyCode="JPY")
    assert order_of(record, precision=2)[0]["paid"] == "1200.00"
    assert order_of(record, precision=0)[0]["paid"] == "120000"


def test_rounding_of_prorated_prices_goes_to_the_dearest_line():
    rows = order_of(
        order(line(1, price=1000, paid=333, quantity=3), line(2, price=200, paid=200), total=1200),
        precision=2,
    )
    assert [row["paid"] for row in rows] == ["10.00", "2.00"]
    assert sum(Decimal(row["list_amount"]) - Decimal(row["discount"]) for row in rows) == Decimal("12.00")


def test_line_numbers_follow_age_and_not_the_answers_order():
    rows = order_of(order(line(10), line(9), total=2000), precision=2)
    assert [(row["line_no"], row["product_id"]) for row in rows] == [("1", "S9"), ("2", "S10")]


def test_a_cancelled_piece_leaves_the_line_as_it_was_paid():
    record = order(line(1, quantity=1, ordered=3), total=1000, payments=paid_with(3000, refund(2000, (1, 2))))
    [row] = order_of(record, precision=2)
    assert (row["quantity"], row["paid"], row["payment_status"]) == ("3", "30.00", "partially_refunded")
    assert refund_rows(record, precision=2)[0]["amount"] == "20.00"


def test_refunds_that_are_not_settled_are_no_refunds():
    record = order(line(1), total=1000, payments=paid_with(1000, refund(1000, state="Pending")))
    assert refund_rows(record, precision=2) == []
    assert order_of(record, precision=2)[0]["payment_status"] == "paid"


def test_a_refund_without_pieces_is_of_the_whole_order():
    record = order(line(1), total=1000, payments=paid_with(1000, refund(250)))
    [row] = refund_rows(record, precision=2)
    assert (row["line_no"], row["quantity"], row["amount"]) == ("0", "0", "2.50")


def test_baskets_drafts_and_shares_of_sellers_are_no_sales():
    assert is_sale(order(line(1), total=1000))
    assert not is_sale(order(line(1), total=1000, orderPlacedAt=None))
    assert not is_sale(order(line(1), total=1000, type="Seller"))


@pytest.mark.parametrize(
    "broken",
    [
        {"totalWithTax": "1000"},
        {"totalWithTax": 10.5},
        {"totalWithTax": 2**70},
        {"lines": None, "totalWithTax": 0},
        {"lines": "x"},
        {"code": None},
        {"orderPlacedAt": "yesterday"},
        {"payments": [{"state": "Settled", "amount": None}]},
    ],
    ids=str,
)
def test_odd_orders_are_put_aside_and_not_guessed(broken):
    with pytest.raises(UnusableRecordError):
        order_of(order(line(1), total=1000) | broken, precision=2)


@settings(max_examples=50, deadline=None)
@given(total=st.integers(0, 10**6), weights=st.lists(st.integers(0, 10**4), min_size=1, max_size=6))
def test_shares_add_up(total, weights):
    coin = Decimal("0.01")
    shares = split(total * coin, [Decimal(weight) for weight in weights], coin=coin)
    assert shares == [] if not sum(weights) else sum(shares) == total * coin
    assert all(share >= 0 for share in shares)


def signed(body, *, at=NOW, secret=SECRET, delivery="msg_1", **changed):
    sign = Webhook(secret).sign(msg_id=delivery, timestamp=at, data=body.decode())
    headers = {
        "webhook-id": delivery,
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": sign,
    }
    return headers | changed


BODY = json.dumps({"type": "order.changed", "data": {"id": "12"}}).encode()


def test_a_signed_message_names_its_record():
    news = news_of(signed(BODY), BODY, secret=SECRET, now=NOW)
    assert (news.stream, news.external_id, news.delivery_id, news.is_ping) == ("orders", "12", "msg_1", False)
    two = signed(BODY)
    two["webhook-signature"] = f"v1,AAAA {two['webhook-signature']} v2,x"
    assert news_of(two, BODY, secret=SECRET, now=NOW).external_id == "12"


@pytest.mark.parametrize(
    ("headers", "secret"),
    [
        (signed(BODY, secret="whsec_b3RoZXItc2VjcmV0LW90aGVyLXNl"), SECRET),
        (signed(BODY), ""),
        (signed(BODY), "whsec_"),
        (signed(BODY), "not base64 at all!"),
        (signed(BODY) | {"webhook-id": "msg_2"}, SECRET),
        (signed(BODY) | {"webhook-id": ""}, SECRET),
        (signed(BODY) | {"webhook-timestamp": "0"}, SECRET),
        (signed(BODY) | {"webhook-timestamp": "٣"}, SECRET),
        (signed(BODY) | {"webhook-timestamp": "9" * 300}, SECRET),
        (signed(BODY) | {"webhook-signature": ""}, SECRET),
        (signed(BODY) | {"webhook-signature": "v1"}, SECRET),
        (signed(BODY, at=NOW - timedelta(minutes=6)), SECRET),
        (signed(BODY, at=NOW + timedelta(minutes=6)), SECRET),
        ({}, SECRET),
    ],
)
def test_forged_replayed_and_broken_messages_are_refused(headers, secret):
    with pytest.raises(ForgedWebhookError):
        news_of(headers, BODY, secret=secret, now=NOW)


@pytest.mark.parametrize(
    "body", [b"{", b"[]", b"1", b'{"type": 1}', b'{"type": "order.x", "data": []}', b"\xff", b"[" * 99999]
)
def test_signed_nonsense_names_nothing(body):
    try:
        headers = signed(body)
    except UnicodeDecodeError:
        headers = signed(b"x")
    try:
        news = news_of(headers, body, secret=SECRET, now=NOW)
    except ForgedWebhookError:
        return
    assert news.external_id is None
