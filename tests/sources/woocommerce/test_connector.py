"""WooCommerce against a stand-in: each trap of the real shop by name."""

import base64
import hashlib
import hmac
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from shuke.sources.contract import Batch, ForgedWebhookError, Pull, SourceError
from shuke.sources.woocommerce import WOOCOMMERCE
from shuke.sources.woocommerce.signing import oauth_signature
from tests.sources.standin import Question, Reply, serving
from tests.sources.woocommerce.shop import API, HOOK_SECRET, KEY, SECRET, START, Shop, line, order, stamp

NOW = datetime(2026, 3, 2, tzinfo=UTC)
SECRETS = {"consumer_key": KEY, "consumer_secret": SECRET, "webhook_secret": HOOK_SECRET}


@pytest.fixture
def shop() -> Shop:
    return Shop()


@pytest.fixture
def pull(shop: Shop) -> Iterator[Pull]:
    with serving(shop) as address:
        settings = {"address": address}
        with WOOCOMMERCE.client(settings=settings, secrets=SECRETS, transport=httpx.HTTPTransport()) as http:
            yield Pull(http=http, settings=settings, now=NOW)


def rows(batches: list[Batch], kind: str) -> list[dict]:
    return [dict(row) for batch in batches if batch.kind == kind for row in batch.rows]


def orders(pull: Pull, cursor: dict | None = None) -> list[Batch]:
    return list(WOOCOMMERCE.pull(stream="orders", cursor=cursor or {}, pull=pull))


def test_an_order_of_the_documents(shop: Shop, pull: Pull):
    items = [
        line(315, total="6.00", subtotal_tax="0.45", total_tax="0.45"),
        line(316, product=22, variation_id=23, quantity=1, sku="Bar3", total="12.00", subtotal_tax="0.90",
             total_tax="0.90"),
    ]  # fmt: skip
    shop.put("orders", order(727, line_items=items, total="29.35", total_tax="1.35"))
    batches = orders(pull)
    first, second = rows(batches, "orders")
    assert (first["product_id"], first["line_no"], first["paid"], first["list_amount"]) == (
        "woocommerce:93", "1", "6.45", "6.45")  # fmt: skip
    assert (second["product_id"], second["sku"], second["quantity"], second["paid"]) == (
        "Bar3", "Bar3", "1", "12.90")  # fmt: skip
    assert first["placed_at"] == "2026-03-01T10:00:00+00:00"
    assert (first["external"], first["email"], first["phone"]) == (
        "26",
        "ann@example.com",
        "+33 6 12 34 56 78",
    )
    assert (first["payment_status"], first["fulfilment_status"], first["status_raw"]) == (
        "paid", "unfulfilled", "processing")  # fmt: skip
    assert {batch.currency for batch in batches if batch.rows} == {"USD"}
    assert dict(batches[-1].cursor) == {"modified": "2026-03-01T10:00:00+00:00"}


def test_buyer_and_receiver_are_kept_apart(shop: Shop, pull: Pull):
    shop.put("orders", order(1))
    text = json.dumps(rows(orders(pull), "orders"))
    assert "Rex" not in text
    assert "99 99" not in text


def test_a_partial_refund_leaves_status_and_total_but_is_seen(shop: Shop, pull: Pull):
    shop.put("orders", order(1))
    shop.put("orders", order(2, at=START + timedelta(hours=1)))
    cursor = dict(orders(pull)[-1].cursor)
    meta = [{"id": 9, "key": "_refunded_item_id", "value": "11"}]
    shop.refund(1, refund_id=50, amount="4.50", at=START + timedelta(hours=2),
                lines=[line(77, quantity=-1, total="-3.00", meta_data=meta)])  # fmt: skip
    batches = orders(pull, cursor)
    changed = rows(batches, "orders")
    of_one = [row for row in changed if row["order_no"] == "1"]
    assert [row["paid"] for row in of_one] == ["6.00"], "the sale stays what it was"
    assert of_one[0]["status_raw"] == "processing"
    assert of_one[0]["payment_status"] == "partially_refunded"
    refunds = rows(batches, "refunds")
    assert [(r["refund_no"], r["line_no"], r["quantity"], r["amount"]) for r in refunds] == [
        ("50", "1", "1", "3.00"),
        ("50", "0", "0", "1.50"),
    ]
    assert "unhappy" not in json.dumps(refunds), "a free text may name people"


def test_same_second_rows_are_not_lost_although_modified_after_is_exclusive(shop: Shop, pull: Pull):
    shop.put("orders", order(1))
    cursor = dict(orders(pull)[-1].cursor)
    shop.put("orders", order(2))  # Saved within the second that was seen already.
    assert {row["order_no"] for row in rows(orders(pull, cursor), "orders")} == {"1", "2"}


def test_a_second_with_more_orders_than_a_page_is_read_whole(shop: Shop, pull: Pull):
    for number in range(1, 251):
        shop.put("orders", order(number))
    shop.put("orders", order(251, at=START + timedelta(seconds=1)))
    found = [row["order_no"] for row in rows(orders(pull), "orders")]
    assert sorted(map(int, found)) == list(range(1, 252)), "each once"


def test_an_order_that_changes_while_pages_are_read_hides_no_other(shop: Shop, pull: Pull):
    for number in range(1, 301):
        shop.put("orders", order(number, at=START + timedelta(seconds=number)))

    def sell_on(shop: Shop, question: Question) -> None:
        # Before the second page is asked for, three orders of the first page change and move to the end.
        if len(shop.questions) == 2:
            for number in (5, 6, 7):
                shop.records["orders"][number]["date_modified_gmt"] = stamp(START + timedelta(hours=1))

    shop.meanwhile = sell_on
    found = {int(row["order_no"]) for row in rows(orders(pull), "orders")}
    assert found == set(range(1, 301))


def test_hard_deleted_orders_vanish_from_the_ids_and_answer_404(shop: Shop, pull: Pull):
    for number in range(1, 231):
        shop.put("orders", order(number))
    del shop.records["orders"][17]
    found = [number for page in WOOCOMMERCE.ids(stream="orders", pull=pull) for number in page]
    assert found == [str(number) for number in range(1, 231) if number != 17]
    assert list(WOOCOMMERCE.one(stream="orders", external_id="17", pull=pull)) == []


def test_ids_are_complete_while_orders_are_deleted(shop: Shop, pull: Pull):
    for number in range(1, 501):
        shop.put("orders", order(number))

    def clean_up(shop: Shop, question: Question) -> None:
        if len(shop.questions) == 2:
            for number in range(1, 61):
                shop.records["orders"].pop(number, None)

    shop.meanwhile = clean_up
    found = {int(number) for page in WOOCOMMERCE.ids(stream="orders", pull=pull) for number in page}
    assert set(range(61, 501)) <= found


def test_a_shop_that_numbers_its_orders_itself(shop: Shop, pull: Pull):
    shop.put("orders", order(1) | {"number": "2026-0001"})
    shop.refund(1, refund_id=5, amount="1.00", at=START, lines=[])
    batches = orders(pull)
    assert {row["order_no"] for kind in ("orders", "refunds") for row in rows(batches, kind)} == {"2026-0001"}
    assert list(WOOCOMMERCE.ids(stream="orders", pull=pull)) == [["2026-0001"]]


def test_decimals_and_strings_are_exact_and_lines_add_up_to_the_total(shop: Shop, pull: Pull):
    items = [line(11, total="0.10", subtotal="0.30"), line(12, total=0.2, subtotal=0.2)]
    shop.put("orders", order(1, line_items=items, total="10.30", coupon_lines=[{"code": "TENOFF"}]))
    first, second = rows(orders(pull), "orders")
    assert (first["paid"], first["voucher"], first["discount"]) == ("0.10", "0.20", "0.00")
    assert (second["paid"], first["voucher_codes"]) == ("0.20", "TENOFF")


def test_a_rounded_cent_goes_to_the_dearest_line_and_a_gift_card_to_a_line_of_its_own(shop: Shop, pull: Pull):
    shop.put("orders", order(1, line_items=[line(11), line(12, total="3.00")], total="19.01"))
    shop.put("orders", order(2, line_items=[line(21)], total="11.00"))
    shop.put("orders", order(3, line_items=[line(31)], total="18.00", fee_lines=[
        {"id": 32, "name": "Gift wrap", "total": "2.00", "total_tax": "0.00"}]))  # fmt: skip
    by_order: dict[str, list] = {}
    for row in rows(orders(pull), "orders"):
        by_order.setdefault(row["order_no"], []).append((row["product_id"], row["line_no"], row["paid"]))
    assert by_order["1"] == [("woocommerce:93", "1", "6.01"), ("woocommerce:93", "2", "3.00")]
    assert by_order["2"] == [("woocommerce:93", "1", "6.00"), ("adjustment", "999999", "-5.00")]
    assert by_order["3"] == [("woocommerce:93", "1", "6.00"), ("fee", "900001", "2.00")]


def test_currencies_of_one_page_come_in_batches_of_their_own(shop: Shop, pull: Pull):
    shop.put("orders", order(1))
    shop.put("orders", order(2, currency="JPY", total="16"))
    assert sorted(batch.currency for batch in orders(pull) if batch.rows) == ["JPY", "USD"]


def test_a_broken_order_is_put_aside_and_its_neighbours_are_kept(shop: Shop, pull: Pull):
    shop.put("orders", order(1, total="many"))
    shop.put("orders", order(2, line_items="none"))
    shop.put("orders", order(3))
    shop.put("orders", order(4, status="checkout-draft"))
    batches = orders(pull)
    assert [row["order_no"] for row in rows(batches, "orders")] == ["3"]
    rejected = [r for batch in batches for r in batch.rejected]
    assert [(r.row["id"], r.code) for r in rejected] == [("1", "not_an_amount"), ("2", "not_a_list")]
    assert all("ann" not in json.dumps(dict(r.row)).lower() for r in rejected)


@pytest.mark.parametrize(
    ("status", "rest", "expected"),
    [
        ("pending", {"date_paid_gmt": None}, ("pending", "unfulfilled", "open")),
        ("on-hold", {"date_paid_gmt": None}, ("pending", "unfulfilled", "open")),
        ("completed", {}, ("paid", "shipped", "completed")),
        ("cancelled", {"date_paid_gmt": None}, ("void", "unfulfilled", "cancelled")),
        ("cancelled", {}, ("paid", "unfulfilled", "cancelled")),
        ("failed", {"date_paid_gmt": None}, ("void", "unfulfilled", "cancelled")),
        ("refunded", {"refunds": [{"id": 5, "total": "-16.00"}]}, ("refunded", "unfulfilled", "completed")),
        ("processing", {"refunds": [{"id": 5, "total": "-16.00"}]}, ("refunded", "unfulfilled", "open")),
        ("wc-being-packed", {}, ("paid", "unfulfilled", "open")),
    ],
)
def test_states(shop: Shop, pull: Pull, status: str, rest: dict, expected: tuple):
    shop.put("orders", order(1, status=status, **rest))
    row = rows(orders(pull), "orders")[0]
    assert (row["payment_status"], row["fulfilment_status"], row["lifecycle_status"]) == expected
    assert row["status_raw"] == status


def test_over_http_every_query_is_signed_once_and_in_time(shop: Shop, pull: Pull):
    assert WOOCOMMERCE.check(pull) == "127.0.0.1 (USD)"
    assert len(shop.numbers) == 2, "each request has a number of its own"
    for question in shop.questions:
        assert SECRET not in str(question), "the secret never travels"


def test_a_question_repeated_by_the_transport_gets_a_new_number(shop: Shop, pull: Pull):
    class Twice(httpx.HTTPTransport):
        def handle_request(self, request: httpx.Request) -> httpx.Response:
            super().handle_request(request).read()
            return super().handle_request(request)

    http = WOOCOMMERCE.client(settings=pull.settings, secrets=SECRETS, transport=Twice())
    with http, pytest.raises(SourceError):  # Each is sent twice here, so the second number is used up too.
        orders(Pull(http=http, settings=pull.settings, now=NOW))
    assert len(shop.numbers) == 2


def test_over_https_the_key_goes_as_basic():
    asked = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return httpx.Response(200, json=[])

    settings = {"address": "https://shop.example.com/"}
    http = WOOCOMMERCE.client(settings=settings, secrets=SECRETS, transport=httpx.MockTransport(answer))
    list(WOOCOMMERCE.pull(stream="orders", cursor={}, pull=Pull(http=http, settings=settings, now=NOW)))
    assert asked[0].url.path == f"{API}orders"
    assert (
        asked[0].headers["authorization"] == "Basic " + base64.b64encode(f"{KEY}:{SECRET}".encode()).decode()
    )
    assert "oauth" not in str(asked[0].url)


def test_the_signature_of_rfc_5849_with_sha256():
    # The parameters of RFC 5849, 3.4.1, signed with HMAC-SHA256 by another implementation.
    params = [("file", "vacation.jpg"), ("size", "original"), ("oauth_consumer_key", "dpf43f3p2l4k3l03"),
              ("oauth_nonce", "kllo9940pd9333jh"), ("oauth_signature_method", "HMAC-SHA256"),
              ("oauth_timestamp", "1191242096")]  # fmt: skip
    signature = oauth_signature(
        "GET", "http://photos.example.net/photos", params=params, consumer_secret="kd94hf93k423kf44"
    )
    assert signature == "0Uo2TRxzgpyhWkHGJgRa4JVDmHOFIFgNDx8bqa0EtA0="


def test_customers_are_read_whole_and_staff_is_left_out(shop: Shop, pull: Pull):
    for number in range(1, 104):
        shop.put("customers", {
            "id": number, "date_created_gmt": "2025-12-31T23:00:00", "email": f"c{number}@example.com",
            "first_name": "Ann", "last_name": "Buyer", "role": "customer", "is_paying_customer": True,
            "billing": {"phone": "", "city": "Lyon", "state": "RH"},
        })  # fmt: skip
    shop.records["customers"][1] |= {"role": "administrator", "is_paying_customer": False}
    batches = list(WOOCOMMERCE.pull(stream="members", cursor={}, pull=pull))
    found = rows(batches, "members")
    assert len(found) == 102
    assert found[0] == {
        "external": "2", "email": "c2@example.com", "phone": None, "name": "Ann Buyer",
        "joined_on": "2025-12-31", "city": "Lyon", "region": "RH",
    }  # fmt: skip
    assert [dict(batch.cursor) for batch in batches] == [{"page": 2}, {"page": 3}, {}]
    assert len(rows(list(WOOCOMMERCE.pull(stream="members", cursor={"page": 2}, pull=pull)), "members")) == 3


def put_products(shop: Shop) -> None:
    base = {
        "status": "publish",
        "date_modified_gmt": stamp(START),
        "categories": [{"id": 1, "name": "Tea &amp; Co"}],
    }
    shop.put("products", base | {"id": 93, "name": "Cup", "type": "simple", "sku": "CUP", "manage_stock": True,
                                 "stock_quantity": 7, "brands": [{"name": "Acme"}]})  # fmt: skip
    shop.put("products", base | {"id": 22, "name": "Shirt", "type": "variable", "sku": "", "manage_stock": False,
                                 "stock_quantity": None})  # fmt: skip
    shop.variations[22] = [
        {"id": 23, "sku": "SH-M", "status": "publish", "manage_stock": True, "stock_quantity": 3,
         "attributes": [{"id": 0, "name": "Size", "option": "M"}]},
        {"id": 24, "sku": "", "status": "private", "manage_stock": "parent", "stock_quantity": 3,
         "attributes": [{"id": 0, "name": "Size", "option": "L"}]},
    ]  # fmt: skip


def test_products_are_what_can_be_sold(shop: Shop, pull: Pull):
    put_products(shop)
    batches = list(WOOCOMMERCE.pull(stream="products", cursor={}, pull=pull))
    products = {row["product_id"]: row for row in rows(batches, "products")}
    assert set(products) == {"CUP", "SH-M", "woocommerce:24"}
    assert (products["CUP"]["brand"], products["CUP"]["category"]) == ("Acme", "Tea & Co")
    assert products["SH-M"]["name"] == "Shirt – M"
    assert products["woocommerce:24"]["is_active"] == "false"
    listings = rows(batches, "listings")
    assert ("22", "23", "SH-M") in {
        (row["external_product_id"], row["external_sku_id"], row["product_id"]) for row in listings
    }


def test_stock_that_did_not_change_is_left_out(shop: Shop, pull: Pull):
    put_products(shop)
    batches = list(WOOCOMMERCE.pull(stream="stock", cursor={}, pull=pull))
    assert rows(batches, "stock") == [
        {"product_id": "SH-M", "on_hand": "3", "reserved": "0"},
        {"product_id": "CUP", "on_hand": "7", "reserved": "0"},
    ]
    remembered = dict(batches[0].digests)
    shop.records["products"][93]["stock_quantity"] = 6
    again = Pull(http=pull.http, settings=pull.settings, now=NOW, known=lambda _ids: remembered)
    assert rows(list(WOOCOMMERCE.pull(stream="stock", cursor={}, pull=again)), "stock") == [
        {"product_id": "CUP", "on_hand": "6", "reserved": "0"}
    ]


def signed(body: bytes, **headers: str) -> dict[str, str]:
    signature = base64.b64encode(hmac.new(HOOK_SECRET.encode(), body, hashlib.sha256).digest()).decode()
    return {"x-wc-webhook-signature": signature, "x-wc-webhook-resource": "order",
            "x-wc-webhook-delivery-id": "d1", **headers}  # fmt: skip


def news(body: bytes, headers: dict[str, str], secrets: dict | None = None):
    return WOOCOMMERCE.webhook(headers=headers, body=body, secrets=secrets or SECRETS, now=NOW)


def test_a_signed_webhook_names_its_order():
    body = json.dumps(order(727)).encode()
    told = news(body, signed(body))
    assert (told.delivery_id, told.stream, told.external_id, told.is_ping) == ("d1", "orders", "727", False)
    assert told.occurred_at == START


def test_the_unsigned_first_ping_is_answered_and_says_nothing():
    told = news(b"webhook_id=12", {"x-wc-webhook-delivery-id": ""})
    assert told.is_ping
    assert told.external_id is None


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        (b'{"id": 1}', {}),
        (b"webhook_id=12&id=1", {}),
        (b"webhook_id=", {}),
        (b'{"id": 1}', {"x-wc-webhook-signature": "AAAA"}),
        (b'{"id": 2}', signed(b'{"id": 1}')),
        (b"{", signed(b"{")),
        (b"[" * 100_000, signed(b"[" * 100_000)),
        (b'{"id": NaN}', signed(b'{"id": NaN}')),
    ],
)
def test_forged_and_broken_webhooks_are_refused(body: bytes, headers: dict[str, str]):
    with pytest.raises(ForgedWebhookError):
        news(body, headers)


def test_without_a_secret_no_webhook_is_believed():
    body = b'{"id": 1}'
    empty = base64.b64encode(hmac.new(b"", body, hashlib.sha256).digest()).decode()
    with pytest.raises(ForgedWebhookError):
        news(body, {"x-wc-webhook-signature": empty}, {"webhook_secret": ""})


def test_two_deliveries_may_share_an_id_so_the_body_counts_too():
    first, second = b'{"id": 1, "status": "pending"}', b'{"id": 1, "status": "processing"}'
    told = [news(body, signed(body)) for body in (first, second)]
    assert told[0].delivery_id == told[1].delivery_id, "the frame keys on the id and the body's hash"


@pytest.mark.parametrize(
    ("reply", "code", "is_transient"),
    [
        (Reply({"code": "x"}, status=401), "not_allowed", False),
        (Reply({"code": "x"}, status=400), "refused", False),
        (Reply(None, status=429, headers=(("Retry-After", "7"),)), "throttled", True),
        (Reply(None, status=503), "shop_fault", True),
        (Reply(raw=b"<html>Briefly unavailable</html>"), "not_json", True),
        (Reply({"orders": []}), "odd_answer", False),
        (Reply(raw=b"[" * 200_000), "not_json", True),
    ],
)
def test_what_a_shop_may_answer_instead(reply: Reply, code: str, is_transient: bool):
    with serving(lambda _question: reply) as address:
        settings = {"address": address}
        http = WOOCOMMERCE.client(settings=settings, secrets=SECRETS, transport=httpx.HTTPTransport())
        with http, pytest.raises(SourceError) as caught:
            orders(Pull(http=http, settings=settings, now=NOW))
    assert (caught.value.code, caught.value.is_transient) == (code, is_transient)
    assert caught.value.retry_after == (7 if code == "throttled" else None)


def test_a_shop_that_is_not_there():
    settings = {"address": "http://127.0.0.1:1"}
    http = WOOCOMMERCE.client(settings=settings, secrets=SECRETS, transport=httpx.HTTPTransport())
    with pytest.raises(SourceError, match="could not be reached"):
        orders(Pull(http=http, settings=settings, now=NOW))
