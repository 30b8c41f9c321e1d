"""A shop may answer anything: a record becomes rows of text, or is put aside; nothing else happens."""

import copy
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from shuke.sources.oscar.orders import refund_row, rows_of, statuses_from
from shuke.sources.oscar.products import product_row as oscar_product_row
from shuke.sources.oscar.products import range_of
from shuke.sources.records import UnusableRecordError
from shuke.sources.shopify import customers as shopify_customers
from shuke.sources.shopify import orders as shopify_orders
from shuke.sources.shopify import products as shopify_products
from shuke.sources.woocommerce.customers import member_row
from shuke.sources.woocommerce.orders import read_order, refund_rows
from shuke.sources.woocommerce.products import product_row, sold, stock_row
from tests.sources.shopify import shop as shopify
from tests.sources.woocommerce import shop as woo

CENT = Decimal("0.01")
anything = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**25), 10**25) | st.decimals() | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


def places(value: Any, path: tuple = ()) -> Iterator[tuple]:
    """The paths of everything within a record."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        yield (*path, key)
        yield from places(inner, (*path, key))


def broken(record: dict) -> st.SearchStrategy[dict]:
    """The record with something else in one or two of its places."""
    paths = sorted(places(record), key=str)

    @st.composite
    def draw_one(draw: Callable) -> dict:
        changed = copy.deepcopy(record)
        for path in draw(st.lists(st.sampled_from(paths), min_size=1, max_size=2)):
            holder = changed
            try:
                for key in path[:-1]:
                    holder = holder[key]
                holder[path[-1]] = draw(anything)
            except (TypeError, KeyError, IndexError):
                continue
        return changed

    return draw_one()


def held(make: Callable[[], Any]) -> None:
    """Rows of text or nothing, or a refusal in words."""
    try:
        rows = make()
    except UnusableRecordError:
        return
    for row in rows if isinstance(rows, list) else [rows]:
        assert row is None or all(cell is None or isinstance(cell, str) for cell in row.values()), row


WOO_LINE = woo.line(11, meta_data=[{"id": 1, "key": "_refunded_item_id", "value": "11"}])
WOO_ORDER = woo.order(1, line_items=[WOO_LINE], fee_lines=[{"id": 5, "total": "1.00", "total_tax": "0"}],
                      coupon_lines=[{"code": "TEN"}], refunds=[{"id": 9, "total": "-1.00"}])  # fmt: skip
WOO_REFUND = {"id": 9, "amount": "1.00", "date_created_gmt": "2026-03-01T10:00:00", "line_items": [WOO_LINE]}
WOO_CUSTOMER = {"id": 7, "email": "a@b.example", "first_name": "A", "last_name": "B", "role": "customer",
                "date_created_gmt": "2026-03-01T10:00:00", "billing": {"phone": "1", "city": "L"}}  # fmt: skip
WOO_PRODUCT = {"id": 3, "name": "Cup", "sku": "C", "status": "publish", "categories": [{"name": "x"}],
               "brands": [{"name": "y"}], "manage_stock": True, "stock_quantity": 3}  # fmt: skip
SHOPIFY_LINE = shopify.line(1, discountAllocations=[
    {"allocatedAmountSet": shopify.bag("1.00"), "discountApplication": {"__typename": "DiscountCodeApplication"}}],
    taxLines=[{"priceSet": shopify.bag("1.00")}])  # fmt: skip
SHOPIFY_ORDER = shopify.order(1) | {
    "shippingLines": {"nodes": [{"discountedPriceSet": shopify.bag("5.00"), "taxLines": []}]},
    "refunds": [{"id": shopify.gid("Refund", 1), "totalRefundedSet": shopify.bag("1.00")}],
}
SHOPIFY_REFUND = {"id": shopify.gid("Refund", 1), "createdAt": "2026-03-01T10:00:00Z",
                  "totalRefundedSet": shopify.bag("1.00")}  # fmt: skip
SHOPIFY_GIVEN = {"quantity": 1, "lineItem": {"id": shopify.gid("LineItem", 1)}, "subtotalSet": shopify.bag("1.00"),
                 "totalTaxSet": shopify.bag("0.10")}  # fmt: skip
SHOPIFY_VARIANT = {"id": shopify.gid("ProductVariant", 1), "sku": "S", "title": "M",
                   "inventoryItem": {"tracked": True, "unitCost": {"amount": "1", "currencyCode": "EUR"}}}  # fmt: skip
SHOPIFY_LEVEL = {
    "location": {"id": shopify.gid("Location", 1)},
    "quantities": [{"name": "on_hand", "quantity": 1}],
}
SHOPIFY_CUSTOMER = {"id": shopify.gid("Customer", 1), "firstName": "A", "createdAt": "2026-03-01T10:00:00Z",
                    "defaultEmailAddress": {"emailAddress": "a@b.example", "marketingState": "SUBSCRIBED"}}  # fmt: skip
OSCAR_ORDER = {
    "number": "1", "url": "http://s/api/admin/orders/1/", "currency": "EUR", "owner": "http://s/api/users/2/",
    "total_incl_tax": "10.00", "total_excl_tax": "9.00", "shipping_incl_tax": "0.00", "status": "Pending",
    "email": "a@b.example", "date_placed": "2026-03-01T10:00:00Z", "surcharges": [{"incl_tax": "1.00"}],
    "voucher_discounts": [{"amount": "1.00", "voucher": {"code": "T"}}],
}  # fmt: skip
OSCAR_LINE = {"url": "http://s/api/admin/orderlines/1/", "product": "http://s/api/products/1/", "quantity": 1,
              "price_incl_tax": "9.00", "price_incl_tax_excl_discounts": "10.00"}  # fmt: skip
OSCAR_PRODUCT = {"id": 1, "title": "T", "structure": "child", "parent": 1, "categories": ["a > b"], "upc": "4",
                 "attributes": [{"name": "n", "value": "v"}], "is_public": True,
                 "stockrecords": [{"partner_sku": "S", "partner": "http://s/p/1/", "num_in_stock": 1}]}  # fmt: skip
FEW = settings(max_examples=30, deadline=None)


@FEW
@given(broken(WOO_ORDER), broken(WOO_REFUND))
def test_woocommerces_orders(order, refund):
    def rows():
        found = read_order(order, coin=CENT)
        return list(found.rows) if found else []

    held(rows)
    whole = read_order(WOO_ORDER, coin=CENT)
    held(lambda: refund_rows(refund, whole))


@FEW
@given(broken(WOO_CUSTOMER), broken(WOO_PRODUCT))
def test_woocommerces_customers_and_products(customer, product):
    held(lambda: member_row(customer))
    for what in sold(product, []):
        held(lambda what=what: product_row(what))
        held(lambda what=what: stock_row(what))


@FEW
@given(broken(SHOPIFY_ORDER), broken(SHOPIFY_LINE), broken(SHOPIFY_REFUND), broken(SHOPIFY_GIVEN))
def test_shopifys_orders(order, line, refund, given_back):
    held(lambda: shopify_orders.rows_of(order, [line]))
    held(lambda: shopify_orders.refund_rows(refund, SHOPIFY_ORDER, items=[SHOPIFY_LINE], given=[given_back]))


@FEW
@given(broken(SHOPIFY_CUSTOMER), broken(SHOPIFY_VARIANT), broken(SHOPIFY_LEVEL))
def test_shopifys_customers_and_products(customer, variant, level):
    held(lambda: shopify_customers.member_row(customer))
    held(lambda: shopify_products.product_row({"title": "T", "status": "ACTIVE"}, variant))
    held(lambda: shopify_products.stock_rows(variant, [level]))


@FEW
@given(broken(OSCAR_ORDER), broken(OSCAR_LINE), broken(OSCAR_PRODUCT))
def test_oscars_orders_and_products(order, line, product):
    products = range_of([product, OSCAR_PRODUCT])
    statuses = statuses_from({"completed": "Complete"})
    held(lambda: rows_of(order, [line], products=range_of([OSCAR_PRODUCT]), statuses=statuses, refunds=[]))
    held(lambda: refund_row({"id": 1, "order": "1"} | order))
    for number, sold_one in products.sold():
        held(lambda n=number, p=sold_one: oscar_product_row(products, n, p))


@settings(max_examples=30, deadline=None)
@given(st.decimals(0, 100, places=2), st.lists(st.decimals(0, 60, places=2), max_size=4))
def test_rows_of_a_refund_always_add_up_to_what_went_back(amount, lines):
    order = read_order(woo.order(1, line_items=[woo.line(11), woo.line(12)]), coin=CENT)
    meta = [{"key": "_refunded_item_id", "value": "12"}]
    items = [woo.line(90 + n, quantity=-1, total=str(-part), meta_data=meta) for n, part in enumerate(lines)]
    rows = refund_rows(WOO_REFUND | {"amount": str(amount), "line_items": items}, order)
    assert sum(Decimal(row["amount"]) for row in rows) == amount
    assert len({row["line_no"] for row in rows}) == len(rows)
    given_back = [
        {"quantity": 1, "lineItem": {"id": shopify.gid("LineItem", 1)}, "subtotalSet": shopify.bag(str(part)),
         "totalTaxSet": shopify.bag("0")} for part in lines
    ]  # fmt: skip
    refund = SHOPIFY_REFUND | {"totalRefundedSet": shopify.bag(str(amount))}
    rows = shopify_orders.refund_rows(refund, SHOPIFY_ORDER, items=[SHOPIFY_LINE], given=given_back)
    assert sum(Decimal(row["amount"]) for row in rows) == amount
