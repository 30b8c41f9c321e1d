"""Products and orders as the console shows them, on a small lake whose sums are known."""

from datetime import UTC, date, datetime, timedelta

import pyarrow as pa
import pytest

from shuke.apps.commerce.queries import departments, order, orders_page, product, products_page, stores
from shuke.lake import Lake
from shuke.platform.errors import NotFound
from shuke.tables import TABLES

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
TODAY = date(2026, 11, 24)


def table(name, rows):
    schema = TABLES[name].arrow_schema
    return pa.Table.from_pylist(
        [{field: row.get(field) for field in schema.names} for row in rows], schema=schema
    )


def business(at):
    return {"local_month": f"{at:%Y-%m}", "local_date": at.date(), "local_hour": at.hour}


def order_row(number, person, at, paid, **more):
    return {
        "order_id": f"shop:{number}",
        "sales_channel": "store",
        "channel_account_id": "shop",
        "store_id": "s1",
        "person_key": person,
        "placed_at": at,
        "payment_status": "paid",
        "fulfilment_status": "delivered",
        "lifecycle_status": "completed",
        "currency": "CNY",
        "goods_minor": paid,
        "discount_merchant_minor": 0,
        "discount_platform_minor": 0,
        "shipping_minor": 0,
        "tax_minor": 0,
        "paid_minor": paid,
        "points_spent": 0,
        "source": "test",
        "batch_id": "b",
        **business(at),
        **more,
    }


def line_row(number, line_no, person, at, product_id, quantity, paid, **more):
    return {
        "order_id": f"shop:{number}",
        "line_no": line_no,
        "person_key": person,
        "placed_at": at,
        "sales_channel": "store",
        "store_id": "s1",
        "product_id": product_id,
        "quantity": quantity,
        "list_minor": paid,
        "discount_minor": 0,
        "voucher_minor": 0,
        "paid_minor": paid,
        "currency": "CNY",
        "is_gift": False,
        "batch_id": "b",
        **business(at),
        **more,
    }


@pytest.fixture
def shop(settings, tmp_path, db):
    settings.LAKE_ROOT = str(tmp_path / "lake")
    lake = Lake(settings.LAKE_ROOT)
    later = NOON + timedelta(days=1)
    products = [
        {
            "product_id": "milk",
            "name": "Milk 3.5%",
            "department": "Dairy",
            "is_active": True,
            "batch_id": "b",
        },
        {"product_id": "tea", "name": "龙井茶", "department": "Drinks", "is_active": True, "batch_id": "b"},
        {"product_id": "salt", "name": "Salt", "department": None, "is_active": False, "batch_id": "b"},
    ]
    lake.upsert("products", table("products", products))
    lake.upsert(
        "stores",
        table("stores", [{"store_id": "s1", "sales_channel": "store", "name": "One", "batch_id": "b"}]),
    )
    people = [("per_a", "mem_a"), ("per_b", "mem_a"), ("per_c", "mem_c")]
    lake.append(
        "identity_map",
        table(
            "identity_map",
            [
                {"person_key": p, "member_id": m, "kind": "card", "valid_from": NOON, "draw": 1}
                for p, m in people
            ],
        ),
    )
    orders = [
        order_row(1, "per_a", NOON, 1500),
        order_row(2, "per_b", later, 500),
        order_row(3, "per_c", NOON, 700, lifecycle_status="cancelled"),
    ]
    lake.append("orders", table("orders", orders))
    lines = [
        line_row(1, 1, "per_a", NOON, "milk", 2, 1000, discount_minor=100),
        line_row(1, 2, "per_a", NOON, "tea", 1, 500),
        line_row(2, 1, "per_b", later, "milk", 1, 500),
        line_row(3, 1, "per_c", NOON, "milk", 1, 700, is_gift=True),
    ]
    lake.append("order_lines", table("order_lines", lines))
    refund = {
        "refund_id": "shop:r1",
        "order_id": "shop:1",
        "line_no": 2,
        "person_key": "per_a",
        "refunded_at": later,
        "quantity": 1,
        "amount_minor": 500,
        "currency": "CNY",
        "batch_id": "b",
        **business(later),
    }
    lake.append("refunds", table("refunds", [refund]))
    return lake


def test_products_come_best_first_with_their_sales(shop):
    rows, total = products_page(today=TODAY)
    assert total == 3
    assert [(row.id, row.quantity, row.revenue_minor, row.buyers) for row in rows] == [
        ("milk", 3, 1500, 1),
        ("tea", 1, 500, 1),
        ("salt", 0, 0, 0),
    ]


def test_two_identifiers_of_one_member_are_one_buyer(shop):
    view = product("milk")
    assert (view.buyers, view.repeat_buyers, view.quantity) == (1, 1, 3)
    assert view.discount_share == 0.5
    assert [(month.month, month.revenue_minor) for month in view.months] == [("2026-11", 1500)]


def test_a_product_nobody_bought_has_no_share(shop):
    view = product("salt")
    assert (view.quantity, view.buyers, view.discount_share, view.months) == (0, 0, None, [])


@pytest.mark.parametrize(
    ("search", "ids"), [("MILK", ["milk"]), ("龙井", ["tea"]), ("dairy mi", ["milk"]), ("%", ["milk"])]
)
def test_search_is_by_words_and_without_case(shop, search, ids):
    rows, total = products_page(today=TODAY, search=search)
    assert [row.id for row in rows] == ids
    assert total == len(ids)


def test_pages_do_not_overlap(shop):
    ids = [products_page(today=TODAY, limit=1, offset=offset)[0][0].id for offset in range(3)]
    assert ids == ["milk", "tea", "salt"]


def test_departments_leave_the_unknown_out(shop):
    assert departments() == ["Dairy", "Drinks"]


def test_orders_of_a_member_over_all_identifiers(shop):
    rows, total = orders_page(member_id="mem_a")
    assert total == 2
    assert [(row.id, row.net_minor) for row in rows] == [("shop:2", 500), ("shop:1", 1000)]
    assert orders_page(member_id="mem_nobody") == ([], 0)


def test_one_order_whole(shop):
    view = order("shop:1")
    assert view.member_id == "mem_a"
    assert [(line.product_name, line.paid_minor) for line in view.lines] == [
        ("Milk 3.5%", 1000),
        ("龙井茶", 500),
    ]
    assert view.refunded_minor == 500
    assert view.voucher_codes == []


@pytest.mark.parametrize("read", [product, order])
def test_what_does_not_exist_is_said(shop, read):
    with pytest.raises(NotFound):
        read("nothing")


def test_cancelled_orders_are_no_sales_of_a_store(shop):
    (store,) = stores(today=TODAY)
    assert (store.id, store.orders, store.revenue_minor) == ("s1", 2, 2000)


def test_an_empty_lake_has_empty_answers(settings, tmp_path, db):
    settings.LAKE_ROOT = str(tmp_path / "empty")
    assert products_page(today=TODAY) == ([], 0)
    assert departments() == []
    assert orders_page() == ([], 0)
    assert stores(today=TODAY) == []
