"""Shopify against a stand-in with a real GraphQL executor: paging, points, refunds, webhooks."""

import base64
import hashlib
import hmac
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import httpx
import pytest

from shuke.sources.contract import Batch, ForgedWebhookError, Pull, SourceError
from shuke.sources.shopify import SHOPIFY, asking
from tests.sources.shopify.shop import (
    CLIENT_ID,
    CLIENT_SECRET,
    START,
    TOKEN,
    Shop,
    bag,
    gid,
    line,
    order,
    stamp,
)
from tests.sources.standin import serving

NOW = datetime(2026, 3, 2, tzinfo=UTC)
SECRETS = {"access_token": TOKEN, "client_secret": CLIENT_SECRET}


@pytest.fixture
def shop() -> Shop:
    return Shop()


@pytest.fixture
def pull(shop: Shop) -> Iterator[Pull]:
    with serving(shop) as address:
        settings = {"address": address, "version": "2026-07", "client_id": ""}
        with SHOPIFY.client(settings=settings, secrets=SECRETS, transport=httpx.HTTPTransport()) as http:
            yield Pull(http=http, settings=settings, now=NOW, wait=shop.pass_time)


def rows(batches: list[Batch], kind: str) -> list[dict]:
    return [dict(row) for batch in batches if batch.kind == kind for row in batch.rows]


def pulled(pull: Pull, stream: str = "orders", cursor: dict | None = None) -> list[Batch]:
    return list(SHOPIFY.pull(stream=stream, cursor=cursor or {}, pull=pull))


def test_an_order(shop: Shop, pull: Pull):
    shop.put("orders", order(1))
    batches = pulled(pull)
    (row,) = rows(batches, "orders")
    assert row == {
        "order_no": "#1001", "placed_at": "2026-03-01T10:00:00+00:00", "completed_at": None, "cancelled_at": None,
        "external": "7", "email": "ann@example.com", "phone": None, "payment_status": "paid",
        "fulfilment_status": "unfulfilled", "lifecycle_status": "open", "status_raw": "PAID/UNFULFILLED",
        "shipping": "5.00", "tax": "2.40", "voucher_codes": None, "line_no": "1", "product_id": "shopify:1100",
        "sku": None, "quantity": "1", "list_amount": "10.00", "discount": "0.00", "voucher": "0", "paid": "10.00",
        "is_gift": "false",
    }  # fmt: skip
    assert batches[0].currency == "EUR"
    assert dict(batches[-1].cursor) == {"updated": "2026-03-01T10:00:00+00:00"}
    assert SHOPIFY.check(pull) == "Ann's (EUR)"


def test_amounts_are_the_shops_and_not_the_buyers_currency(shop: Shop, pull: Pull):
    lines = [line(1, originalUnitPriceSet=bag("10.00", paid="1600", paid_in="JPY"))]
    shop.put("orders", order(1, lines=lines, totalPriceSet=bag("15.00", paid="2400", paid_in="JPY")))
    batches = pulled(pull)
    assert (batches[0].currency, rows(batches, "orders")[0]["paid"]) == ("EUR", "10.00")


def test_codes_are_vouchers_other_discounts_are_discounts_and_tax_is_added_where_prices_lack_it(
    shop: Shop, pull: Pull
):
    allocations = [
        {"allocatedAmountSet": bag("2.00"), "discountApplication": {"__typename": "DiscountCodeApplication"}},
        {"allocatedAmountSet": bag("3.00"), "discountApplication": {"__typename": "AutomaticDiscountApplication"}},
    ]  # fmt: skip
    taxes = [{"title": "VAT", "priceSet": bag("3.00")}]
    lines = [line(1, price="10.00", quantity=2, sku="CUP", discountAllocations=allocations, taxLines=taxes)]
    shipping = [{"discountedPriceSet": bag("5.00"), "taxLines": [{"title": "VAT", "priceSet": bag("1.00")}]}]
    shop.put("orders", order(1, lines=lines, shippingLines=shipping, taxesIncluded=False,
                             totalPriceSet=bag("24.00"), discountCodes=["TEN"]))  # fmt: skip
    (row,) = rows(pulled(pull), "orders")
    assert (row["list_amount"], row["discount"], row["voucher"], row["paid"]) == (
        "23.00",
        "3.00",
        "2.00",
        "18.00",
    )
    assert (row["shipping"], row["product_id"], row["voucher_codes"]) == ("6.00", "CUP", "TEN")


def test_what_a_gift_card_paid_is_seen_as_an_adjustment(shop: Shop, pull: Pull):
    shop.put("orders", order(1, totalPriceSet=bag("12.00")))
    found = rows(pulled(pull), "orders")
    assert [(row["product_id"], row["paid"]) for row in found] == [
        ("shopify:1100", "10.00"),
        ("adjustment", "-3.00"),
    ]


def refund(number: int, *, amount: str, at: datetime, lines: list) -> dict:
    return {
        "id": gid("Refund", number), "createdAt": stamp(at), "note": "Ann was unhappy",
        "totalRefundedSet": bag(amount), "refundLineItems": lines,
    }  # fmt: skip


def given_back(number: int, *, amount: str, quantity: int = 1) -> dict:
    return {"quantity": quantity, "lineItem": {"id": gid("LineItem", number)}, "subtotalSet": bag(amount),
            "totalTaxSet": bag("0.00")}  # fmt: skip


def test_a_refund_is_rows_of_its_own_that_add_up_to_what_went_back(shop: Shop, pull: Pull):
    lines = [line(101, price="6.00"), line(102, price="4.00")]
    shop.put("orders", order(1, lines=lines))
    cursor = dict(pulled(pull)[-1].cursor)
    later = START + timedelta(hours=1)
    shop.put("orders", order(1, lines=lines, updatedAt=stamp(later), displayFinancialStatus="PARTIALLY_REFUNDED",
        refunds=[refund(50, amount="4.00", at=later, lines=[given_back(102, amount="3.00")]),
                 refund(51, amount="2.00", at=later, lines=[given_back(101, amount="6.00")])]))  # fmt: skip
    batches = pulled(pull, cursor=cursor)
    assert [row["paid"] for row in rows(batches, "orders")] == ["6.00", "4.00"], "the sale stays what it was"
    assert {row["payment_status"] for row in rows(batches, "orders")} == {"partially_refunded"}
    assert [(r["refund_no"], r["line_no"], r["quantity"], r["amount"]) for r in rows(batches, "refunds")] == [
        ("50", "2", "1", "3.00"), ("50", "0", "0", "1.00"), ("51", "1", "1", "2.00"),
    ]  # fmt: skip
    assert "unhappy" not in json.dumps(shop.questions) + json.dumps(rows(batches, "refunds"))


@pytest.mark.parametrize(
    ("rest", "expected"),
    [
        ({"displayFinancialStatus": "PENDING"}, ("pending", "unfulfilled", "open")),
        ({"displayFinancialStatus": "AUTHORIZED"}, ("authorized", "unfulfilled", "open")),
        ({"displayFulfillmentStatus": "FULFILLED"}, ("paid", "shipped", "completed")),
        ({"displayFulfillmentStatus": "PARTIALLY_FULFILLED"}, ("paid", "partial", "open")),
        ({"closedAt": stamp(START)}, ("paid", "unfulfilled", "completed")),
        (
            {"cancelledAt": stamp(START), "displayFinancialStatus": "VOIDED"},
            ("void", "unfulfilled", "cancelled"),
        ),
    ],
)
def test_states_are_two_axes(shop: Shop, pull: Pull, rest: dict, expected: tuple):
    shop.put("orders", order(1, **rest))
    row = rows(pulled(pull), "orders")[0]
    assert (row["payment_status"], row["fulfilment_status"], row["lifecycle_status"]) == expected


def test_test_orders_are_no_sales(shop: Shop, pull: Pull):
    shop.put("orders", order(1, test=True))
    assert rows(pulled(pull), "orders") == []


def test_pages_are_made_smaller_until_a_question_may_be_asked(shop: Shop, pull: Pull):
    for number in range(1, 31):
        shop.put("orders", order(number, at=START + timedelta(seconds=number)))
    assert len(rows(pulled(pull), "orders")) == 30
    assert shop.too_dear > 0
    assert max(shop.costs) <= shop.most
    refused = [q["variables"]["first"] for q in shop.questions[: shop.too_dear + 1]]
    assert refused == sorted(refused, reverse=True), "each time half"


def test_the_bucket_of_points_is_waited_for(shop: Shop, pull: Pull):
    shop.held, shop.rate = 0.0, 50.0
    for number in range(1, 21):
        shop.put("orders", order(number, at=START + timedelta(seconds=number)))
    assert len(rows(pulled(pull), "orders")) == 20
    assert shop.throttled == 1, "only the first question meets an empty bucket; the others waited before"
    spent, came = sum(shop.costs), sum(shop.waited) * shop.rate
    assert spent <= came + 1, "no point was spent that had not come back"
    # The last wait was for a question that was not put; each was rounded up to a tenth of a second.
    assert came <= spent + max(shop.costs) + 0.1 * shop.rate * len(shop.waited), "and no longer than needed"


def test_a_bucket_that_stays_empty_ends_the_run_for_now(shop: Shop, pull: Pull):
    shop.held, shop.rate = 0.0, 1.0
    shop.put("orders", order(1))
    never = Pull(http=pull.http, settings=pull.settings, now=NOW, wait=lambda _seconds: None)
    with pytest.raises(SourceError) as caught:
        pulled(never)
    assert (caught.value.code, caught.value.is_transient) == ("throttled", True)


def test_same_second_rows_are_not_lost(shop: Shop, pull: Pull):
    shop.put("orders", order(1))
    cursor = dict(pulled(pull)[-1].cursor)
    shop.put("orders", order(2))
    assert {row["order_no"] for row in rows(pulled(pull, cursor=cursor), "orders")} == {"#1001", "#1002"}


def test_an_order_that_changes_while_pages_are_read_hides_no_other(shop: Shop, pull: Pull):
    for number in range(1, 41):
        shop.put("orders", order(number, at=START + timedelta(seconds=number)))

    def sell_on(shop: Shop) -> None:
        if len(shop.costs) == 1:
            for number in (1, 2):
                shop.records["orders"][number]["updatedAt"] = stamp(START + timedelta(hours=1))

    shop.meanwhile = sell_on
    assert {row["order_no"] for row in rows(pulled(pull), "orders")} == {f"#{1000 + n}" for n in range(1, 41)}


def test_lists_end_and_are_asked_for_anew(shop: Shop, pull: Pull, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(asking, "MOST_IN_A_LIST", 30)
    shop.longest_list = 40
    for number in range(1, 101):
        shop.put("orders", order(number, at=START + timedelta(seconds=number)))
    assert {row["order_no"] for row in rows(pulled(pull), "orders")} == {
        f"#{1000 + n}" for n in range(1, 101)
    }
    monkeypatch.setattr(asking, "MOST_IN_A_LIST", 90)
    shop.longest_list = 100
    for number in range(31, 251):
        shop.put("orders", order(number))
    found = [name for page in SHOPIFY.ids(stream="orders", pull=pull) for name in page]
    assert sorted(found) == sorted(f"#{1000 + n}" for n in range(1, 251))


def test_an_order_of_many_lines_is_read_whole(shop: Shop, pull: Pull):
    lines = [line(number, price="1.00") for number in range(1, 121)]
    shop.put("orders", order(1, lines=lines, totalPriceSet=bag("125.00")))
    found = rows(pulled(pull), "orders")
    assert [row["line_no"] for row in found] == [str(n) for n in range(1, 121)]
    assert sum(Decimal(row["paid"]) for row in found) == 120


def test_customers(shop: Shop, pull: Pull):
    shop.put("customers", {
        "id": gid("Customer", 7), "firstName": "Ann", "lastName": "Buyer", "createdAt": "2025-12-31T23:00:00Z",
        "updatedAt": stamp(START), "defaultAddress": {"city": "Lyon", "provinceCode": "ARA"},
        "defaultEmailAddress": {"emailAddress": "ann@example.com", "marketingState": "SUBSCRIBED"},
        "defaultPhoneNumber": {"phoneNumber": "+33612345678", "marketingState": "NOT_SUBSCRIBED"},
    })  # fmt: skip
    batches = pulled(pull, "members")
    assert rows(batches, "members") == [{
        "external": "7", "email": "ann@example.com", "phone": "+33612345678", "name": "Ann Buyer",
        "joined_on": "2025-12-31", "city": "Lyon", "region": "ARA", "consent_email": "true", "consent_sms": None,
    }]  # fmt: skip
    assert all("Lyon" not in json.dumps(dict(batch.cursor)) for batch in batches)


def put_products(shop: Shop) -> None:
    variants = []
    for number, sku in ((11, "SH-M"), (12, "")):
        level = {
            "location": {"id": gid("Location", 3)},
            "quantities": {"on_hand": 9, "available": 6, "incoming": 4},
        }
        variant = {
            "id": gid("ProductVariant", number), "sku": sku, "barcode": "400", "title": "M" if sku else "L",
            "inventoryItem": {"id": gid("InventoryItem", number), "tracked": bool(sku), "inventoryLevels": [level],
                              "unitCost": {"amount": "2.50", "currencyCode": "EUR"}},
        }  # fmt: skip
        variants.append(variant)
        shop.put("productVariants", variant)
    shop.put("products", {
        "id": gid("Product", 1), "title": "Shirt", "vendor": "Acme", "productType": "Clothes", "status": "ACTIVE",
        "updatedAt": stamp(START), "variants": variants,
    })  # fmt: skip


def test_products_are_variants(shop: Shop, pull: Pull):
    put_products(shop)
    batches = pulled(pull, "products")
    assert rows(batches, "products")[0] == {
        "product_id": "SH-M", "name": "Shirt – M", "brand": "Acme", "category": "Clothes", "cost": "2.50",
        "is_active": "true",
    }  # fmt: skip
    assert [(row["external_sku_id"], row["product_id"]) for row in rows(batches, "listings")] == [
        ("11", "SH-M"), ("12", "shopify:12"),
    ]  # fmt: skip


def test_sellable_is_what_shopify_calls_available_and_unchanged_stock_is_left_out(shop: Shop, pull: Pull):
    put_products(shop)
    batches = pulled(pull, "stock")
    assert rows(batches, "stock") == [
        {"product_id": "SH-M", "location_id": "3", "on_hand": "9", "reserved": "3", "incoming": "4"}
    ]
    remembered = dict(batches[0].digests)
    again = Pull(http=pull.http, settings=pull.settings, now=NOW, known=lambda _ids: remembered)
    assert rows(pulled(again, "stock"), "stock") == []


def test_one_record_that_a_webhook_named(shop: Shop, pull: Pull):
    shop.put("orders", order(1))
    found = list(SHOPIFY.one(stream="orders", external_id="1", pull=pull))
    assert [row["order_no"] for row in rows(found, "orders")] == ["#1001"]
    assert list(SHOPIFY.one(stream="orders", external_id="2", pull=pull)) == []


def test_a_broken_order_is_put_aside_and_its_neighbours_are_kept(shop: Shop, pull: Pull):
    shop.put("orders", order(1, totalPriceSet=bag("much")))
    shop.put("orders", order(2))
    batches = pulled(pull)
    assert [row["order_no"] for row in rows(batches, "orders")] == ["#1002"]
    (rejected,) = [r for batch in batches for r in batch.rejected]
    assert (rejected.code, rejected.row["id"]) == ("not_an_amount", gid("Order", 1))


def test_tokens_that_end_after_a_day_are_asked_for(shop: Shop):
    shop.put("orders", order(1))
    with serving(shop) as address:
        settings = {"address": address, "version": "2026-07", "client_id": CLIENT_ID}
        secrets = {"client_secret": CLIENT_SECRET, "access_token": ""}
        with SHOPIFY.client(settings=settings, secrets=secrets, transport=httpx.HTTPTransport()) as http:
            pull = Pull(http=http, settings=settings, now=NOW, wait=shop.pass_time)
            assert len(rows(pulled(pull), "orders")) == 1
            shop.token = "another"  # The day is over.
            assert len(rows(pulled(pull), "orders")) == 1
        assert shop.tokens_given == 2
        wrong = {"client_secret": "wrong", "access_token": ""}
        http = SHOPIFY.client(settings=settings, secrets=wrong, transport=httpx.HTTPTransport())
        with http, pytest.raises(SourceError, match="no token"):
            SHOPIFY.check(Pull(http=http, settings=settings, now=NOW))


def test_a_wrong_token_and_a_missing_right_are_said(shop: Shop, pull: Pull):
    shop.token = "another"
    with pytest.raises(SourceError, match="refused the credentials"):
        pulled(pull)
    denied = {
        "errors": [{"message": "Access denied for orders field.", "extensions": {"code": "ACCESS_DENIED"}}]
    }
    http = httpx.Client(
        base_url="https://x.example/",
        transport=httpx.MockTransport(lambda _r: httpx.Response(200, json=denied)),
    )
    with pytest.raises(SourceError, match="read_orders"):
        pulled(Pull(http=http, settings={}, now=NOW))


def news(body: bytes, *, secret: str = CLIENT_SECRET, topic: str = "orders/updated", **secrets: str):
    signature = base64.b64encode(hmac.new(secret.encode(), body, hashlib.sha256).digest()).decode()
    headers = {"x-shopify-hmac-sha256": signature, "x-shopify-topic": topic, "x-shopify-webhook-id": "w1"}
    return SHOPIFY.webhook(headers=headers, body=body, secrets=SECRETS | secrets, now=NOW)


@pytest.mark.parametrize(
    ("topic", "body", "stream", "external_id"),
    [
        ("orders/updated", {"id": 5, "updated_at": "2026-03-01T11:00:00+01:00"}, "orders", "5"),
        ("orders/delete", {"id": 5}, "orders", "5"),
        ("refunds/create", {"id": 50, "order_id": 5}, "orders", "5"),
        ("customers/update", {"id": 7}, "members", "7"),
        ("products/update", {"id": 1}, "products", "1"),
        ("inventory_levels/update", {"inventory_item_id": 11, "available": 2}, "stock", None),
    ],
)
def test_signed_webhooks_name_their_record(topic: str, body: dict, stream: str, external_id: str | None):
    told = news(json.dumps(body).encode(), topic=topic)
    assert (told.delivery_id, told.stream, told.external_id, told.is_ping) == (
        "w1",
        stream,
        external_id,
        False,
    )
    if "updated_at" in body:
        assert told.occurred_at == START


def test_a_topic_that_nobody_follows_is_only_answered():
    assert news(b"{}", topic="themes/update").is_ping


@pytest.mark.parametrize("body", [b"{", b"[" * 100_000, b'{"id": Infinity}'])
def test_signed_nonsense_is_refused(body: bytes):
    with pytest.raises(ForgedWebhookError):
        news(body)


def test_forged_webhooks_are_refused():
    with pytest.raises(ForgedWebhookError):
        news(b'{"id": 1}', secret="guessed")
    with pytest.raises(ForgedWebhookError):
        SHOPIFY.webhook(headers={"x-shopify-topic": "orders/updated"}, body=b"{}", secrets=SECRETS, now=NOW)
    with pytest.raises(ForgedWebhookError):
        news(b'{"id": 1}', secret="", client_secret="")
