"""django-oscar where its real shop has no say: odd answers, settings, and links that lead elsewhere."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from shuke.sources.contract import ForgedWebhookError, Pull, SourceError
from shuke.sources.oscar import OSCAR
from shuke.sources.oscar.orders import order_digest, rows_of, statuses_from
from shuke.sources.oscar.products import product_row, range_of, stock_rows

NOW = datetime(2026, 3, 2, tzinfo=UTC)
SETTINGS = {"address": "https://shop.example/api", "username": "staff"} | {
    field.name: field.default for field in OSCAR.settings_fields if field.default
}


def order(**rest):
    defaults = {
        "number": "100001", "url": "https://shop.example/api/admin/orders/1/", "currency": "EUR",
        "owner": "https://shop.example/api/users/2/", "total_incl_tax": "20.00", "total_excl_tax": "16.53",
        "shipping_incl_tax": "0.00", "status": "Pending", "email": "ann@example.com",
        "date_placed": "2026-03-01T11:00:00+01:00", "offer_discounts": [], "voucher_discounts": [], "surcharges": [],
        "shipping_address": {"first_name": "Rex", "phone_number": "+31263704887"},
    }  # fmt: skip
    return defaults | rest


def item(number, *, before, paid, product=1, quantity=1):
    return {
        "url": f"https://shop.example/api/admin/orderlines/{number}/", "quantity": quantity,
        "product": f"https://shop.example/api/products/{product}/" if product else None,
        "price_incl_tax": paid, "price_incl_tax_excl_discounts": before,
    }  # fmt: skip


PRODUCTS = range_of([
    {"id": 1, "title": "Tea", "structure": "standalone", "upc": "400", "categories": ["Drinks > Tea"],
     "stockrecords": [
         {"partner_sku": "TEA", "partner": "https://shop.example/api/admin/partners/1/", "num_in_stock": 9,
          "num_allocated": None},
         {"partner_sku": "TEA-2", "partner": "https://shop.example/api/admin/partners/2/", "num_in_stock": None}]},
    {"id": 2, "title": "Shirt", "structure": "parent", "categories": ["Clothes"], "stockrecords": []},
    {"id": 3, "title": "", "structure": "child", "parent": 2, "upc": "401", "stockrecords": [], "is_public": False},
])  # fmt: skip


def read(record, items, refunds=()):
    return rows_of(record, items, products=PRODUCTS, statuses=statuses_from(SETTINGS), refunds=refunds)


def test_vouchers_bear_their_share_of_each_lines_discount():
    record = order(
        voucher_discounts=[{"amount": "1.00", "voucher": {"code": "TEN"}}],
        offer_discounts=[{"amount": "2.00"}],
    )
    rows = read(
        record, [item(1, before="11.50", paid="10.00"), item(2, before="11.50", paid="10.00", product=3)]
    )
    assert [(r["voucher"], r["discount"], r["paid"]) for r in rows] == [("0.50", "1.00", "10.00")] * 2
    assert (rows[0]["voucher_codes"], rows[0]["tax"], rows[1]["product_id"]) == ("TEN", "3.47", "401")


def test_lines_are_numbered_by_their_own_number_and_a_deleted_product_keeps_its_line():
    rows = read(order(), [item(12, before="5", paid="5", product=None), item(11, before="15", paid="15")])
    assert [(r["line_no"], r["product_id"], r["paid"]) for r in rows] == [
        ("1", "TEA", "15"), ("2", "oscar:deleted", "5"),
    ]  # fmt: skip


def test_surcharges_are_fees():
    rows = read(order(total_incl_tax="21.00", surcharges=[{"name": "Card", "incl_tax": "1.00"}]),
                [item(1, before="20", paid="20")])  # fmt: skip
    assert [(r["product_id"], r["paid"]) for r in rows] == [("TEA", "20"), ("fee", "1.00")]


def test_the_receiver_is_not_read():
    assert "Rex" not in str(read(order(), [item(1, before="20", paid="20")]))
    assert "370" not in str(read(order(), [item(1, before="20", paid="20")]))


@pytest.mark.parametrize(
    ("status", "expected"),
    [("Pending", ("paid", "open")), ("complete", ("paid", "completed")), ("CANCELLED", ("void", "cancelled")),
     ("Waiting", ("pending", "open"))],
)  # fmt: skip
def test_the_shops_own_words_for_states(status, expected):
    statuses = statuses_from(SETTINGS | {"unpaid": "waiting, new"})
    payment, _fulfilment, lifecycle = statuses.of(status)
    assert (payment, lifecycle) == expected


def test_the_digest_sees_statuses_and_refunds_and_no_personal_data():
    seen = order_digest(order(), [])
    assert order_digest(order(status="Complete"), []) != seen
    assert order_digest(order(), [{"id": 1, "amount": "5"}]) != seen
    assert order_digest(order(email="other@example.com", shipping_address=None), []) == seen


def test_children_take_what_they_lack_from_their_parent():
    assert [number for number, _product in PRODUCTS.sold()] == ["1", "3"]
    row = product_row(PRODUCTS, "3", PRODUCTS.by_number["3"])
    assert (row["name"], row["department"], row["is_active"]) == ("Shirt", "Clothes", "false")
    assert stock_rows(PRODUCTS, "1", PRODUCTS.by_number["1"]) == [
        {"product_id": "TEA", "location_id": "1", "on_hand": "9", "reserved": "0"}
    ]


def pull_from(answer: Callable[[httpx.Request], httpx.Response]) -> Pull:
    secrets = {"password": "secret"}
    http = OSCAR.client(settings=SETTINGS, secrets=secrets, transport=httpx.MockTransport(answer))
    return Pull(http=http, settings=SETTINGS, now=NOW)


def test_a_link_to_the_next_page_that_leads_elsewhere_gets_no_credentials():
    asked = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request.url)
        has_more = "page" not in request.url.params
        content = {"count": 2, "next": "https://evil.example/?page=2" if has_more else None, "results": []}
        return httpx.Response(200, json=content)

    list(OSCAR.pull(stream="members", cursor={}, pull=pull_from(answer)))
    assert {url.host for url in asked} == {"shop.example"}
    assert len(asked) == 2


def test_a_list_that_moves_is_not_taken_for_deletions():
    counts = iter([3, 3, 2])

    def answer(_request: httpx.Request) -> httpx.Response:
        count = next(counts)
        return httpx.Response(200, json={"count": count, "next": None, "results": [order()] * 2})

    with pytest.raises(SourceError, match="changed while it was read") as caught:
        list(OSCAR.ids(stream="orders", pull=pull_from(answer)))
    assert caught.value.is_transient


def test_an_admin_api_that_is_closed_is_said():
    with pytest.raises(SourceError, match="admin API is open"):
        OSCAR.check(pull_from(lambda _request: httpx.Response(404)))
    with pytest.raises(SourceError, match="refused the credentials"):
        OSCAR.check(pull_from(lambda _request: httpx.Response(403)))


def test_oscar_sends_no_webhooks():
    with pytest.raises(ForgedWebhookError):
        OSCAR.webhook(headers={}, body=b"{}", secrets={}, now=NOW)


def test_the_guide_shows_the_view_that_the_real_shop_is_tested_with():
    root = Path(__file__).parents[3]
    view = (root / "tests/systems/oscar/shop/refunds.py").read_text(encoding="utf-8").strip()
    assert view in (root / "docs/guides/shop-systems.md").read_text(encoding="utf-8")
