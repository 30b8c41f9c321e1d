"""Exports of platforms: recognised by names, whatever their order, encoding, guards and masks."""

import csv
import io
import random
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest

from shuke.sources.files.checking import Checked, check
from shuke.sources.files.errors import UnreadableFileError
from shuke.sources.files.fields import ShapeContext
from shuke.sources.files.kinds import KINDS
from shuke.sources.files.layouts import LAYOUTS, forbidden_columns, joined, recognise, rewrite
from shuke.sources.files.layouts.layout import header_key
from shuke.sources.files.layouts.statuses import chinese, shopify, woocommerce
from shuke.sources.files.mapping import automatic_mapping, check_mapping
from shuke.sources.files.profiles import profile_from
from shuke.sources.files.reading import SourceTable, read_file
from tests.sources.files import platform_samples as samples

AT = datetime(2026, 11, 1, 12, tzinfo=UTC)


def read(tmp_path: Path, text: str, *, encoding: str = "utf-8-sig") -> SourceTable:
    path = tmp_path / "export.csv"
    path.write_bytes(text.encode(encoding))
    return read_file(path)


def checked(source: SourceTable) -> Checked:
    layout = recognise(source.headers)
    assert layout is not None
    rewritten = rewrite(layout, source)
    kind = KINDS[layout.kind]
    defaults = {"time_zone": "UTC", "business_zone": "Asia/Shanghai", "currency": "CNY"}
    profile = profile_from(
        {**rewritten.settings, "columns": automatic_mapping(kind, rewritten.headers)},
        **{"columns": {}, **defaults},
    )
    check_mapping(kind, profile, rewritten.headers)
    return check(kind, rewritten, profile, at=AT)


def taken(found: Checked, *columns: str) -> list[tuple]:
    return list(found.rows.select(columns).iter_rows())


def tables_of(found: Checked, kind: str = "orders", currency: str = "CNY") -> dict[str, pl.DataFrame]:
    context = ShapeContext("imp_1", "acc_1", "web", "import:acc_1", currency, "Asia/Shanghai", AT)
    keyed = found.rows.with_columns(pl.lit("per_1").alias("person_key"))
    return dict(KINDS[kind].shape(keyed, context))


def codes(found: Checked) -> list[tuple[int, str]]:
    return list(found.rejected.select("row_no", "code").iter_rows())


def notes(found: Checked) -> dict[str, int]:
    return {note.code: note.count for note in found.notes}


@pytest.mark.parametrize("name", samples.SAMPLES)
def test_recognised_in_any_order_of_columns_and_with_columns_nobody_knows(tmp_path, name):
    rows = list(csv.reader(io.StringIO(samples.SAMPLES[name])))
    chance = random.Random(name)
    order = [*range(len(rows[0])), len(rows[0])]
    chance.shuffle(order)
    buffer = io.StringIO()
    csv.writer(buffer).writerows(
        [[(*row, "一个新列" if i == 0 else "x")[place] for place in order] for i, row in enumerate(rows)]
    )
    plain, mixed = read(tmp_path, samples.SAMPLES[name]), read(tmp_path, buffer.getvalue())
    assert recognise(plain.headers) is recognise(mixed.headers) is LAYOUTS[name]
    assert checked(plain).rows.equals(checked(mixed).rows)


@pytest.mark.parametrize(
    "name", ["taobao_orders", "jd_orders", "pinduoduo_orders", "douyin_orders", "youzan_orders"]
)
def test_gbk_reads_like_utf_8_with_its_mark(tmp_path, name):
    text = samples.SAMPLES[name]
    one, other = read(tmp_path, text, encoding="gbk"), read(tmp_path, text)
    assert (one.encoding, other.encoding) == ("gb18030", "utf-8-sig")
    assert checked(one).rows.equals(checked(other).rows)


def test_both_widths_of_brackets_and_blanks_in_headers_are_one():
    assert header_key("用户实付金额（元）") == header_key(" 用户实付金额(元) ") == header_key("用户实付金额")
    assert header_key("收货地址 ") == header_key("收货地址")
    assert header_key("First Name (Billing)") != header_key("First Name (Shipping)")


def test_ordinary_files_are_no_export(tmp_path):
    assert recognise(["order_no", "placed_at", "product_id", "paid", "external"]) is None
    assert recognise(["订单号", "下单时间", "商品编号", "实付金额"]) is None
    assert recognise([]) is None


def test_taobao_orders(tmp_path):
    found = checked(read(tmp_path, samples.TAOBAO_ORDERS))
    assert taken(found, "order_no", "external", "paid", "shipping", "points_spent", "store_id") == [
        ("2026010100001", "lily_2009", 8590, 600, 100, "S07"),
        ("2026010100002", None, 3000, 0, 0, None),
        ("2026010100003", "tony", 0, 0, 0, None),
    ]
    assert taken(found, "payment_status", "fulfilment_status", "lifecycle_status") == [
        ("paid", "shipped", "open"),
        ("paid", "delivered", "completed"),
        ("void", "unfulfilled", "cancelled"),
    ]
    assert found.rows["placed_at"][0] == datetime(2026, 1, 5, 2, tzinfo=UTC)
    assert found.rows["receiver_phone"].to_list() == ["13800138001", "139****0002", "13700137003"]
    assert found.rows["phone"].null_count() == 3, "a receiver's phone is nobody's identity"
    assert notes(found) == {"hidden_buyer": 1}
    refunds = tables_of(found, "order_headers")["refunds"]
    assert refunds.select("refund_id", "amount_minor").rows() == [("acc_1:2026010100002:export", 1250)]


def test_taobao_details_join_their_orders(tmp_path):
    whole = joined(
        read(tmp_path, samples.TAOBAO_ORDERS), read(tmp_path, samples.TAOBAO_DETAILS, encoding="gbk")
    )
    assert recognise(whole.headers) is LAYOUTS["taobao_joined"]
    found = checked(whole)
    assert taken(
        found, "order_no", "line_no", "product_id", "list_amount", "unit_price", "paid", "discount"
    ) == [
        ("2026010100001", 1, "APPLE-5", None, 3000, 2700, 300),
        ("2026010100001", 2, "APPLE-10", None, 3000, 2699, 301),
        ("2026010100001", 3, "BOX-1", None, 3990, 3591, 399),
        ("2026010100002", 1, "PEAR", None, 3000, 3000, 0),
    ]
    assert found.rows.group_by("order_no").agg(pl.col("paid").sum()).sort("order_no").rows() == [
        ("2026010100001", 8990),
        ("2026010100002", 3000),
    ]
    assert {code for _row, code in codes(found)} >= {"no_order", "no_detail"}
    orders = tables_of(found)["orders"].sort("order_id")
    assert orders["paid_minor"].to_list() == [8590, 3000]
    assert orders["lifecycle_status"].to_list() == ["open", "completed"]
    assert tables_of(found)["products"]["name"].to_list() == [
        "红富士苹果5斤",
        "红富士苹果10斤",
        "礼盒",
        "雪花梨",
    ]


def test_files_of_other_days_are_refused(tmp_path):
    orders = read(tmp_path, samples.TAOBAO_ORDERS)
    strangers = read(tmp_path, "订单编号,标题,价格,购买数量\n1,a,1,1\n")
    with pytest.raises(UnreadableFileError) as refusal:
        joined(orders, strangers)
    assert refusal.value.code == "nothing_in_common"


def test_jd_shares_the_orders_amount_among_its_lines(tmp_path):
    found = checked(read(tmp_path, samples.JD_ORDERS))
    assert taken(found, "order_no", "external", "product_id", "quantity", "paid") == [
        ("300000000001", "jd_buyer1", "COOKER", 1, 29900),
        ("300000000001", "jd_buyer1", "SPOON", 2, 5900),
        ("300000000002", None, "COOKER", 1, 29900),
    ]
    assert tables_of(found)["orders"]["paid_minor"].to_list() == [36400, 29900]
    assert taken(found, "fulfilment_status") == [("delivered",), ("delivered",), ("unfulfilled",)]


def test_pinduoduo(tmp_path):
    source = read(tmp_path, samples.PINDUODUO_ORDERS)
    assert [source.headers[i] for i in forbidden_columns(source.headers)] == ["身份证姓名", "身份证号码"]
    found = checked(source)
    assert taken(found, "order_no", "phone", "product_id", "sku", "list_amount", "discount", "paid") == [
        ("260101-0001", None, "NUT", "NUT-L", 10000, 1000, 9000),
        ("260101-0002", "13900139444", "MILK", "MILK-1", 20000, 0, 20000),
        ("260101-0003", None, "5500003", "79", 3000, 0, 3000),
    ]
    orders = tables_of(found)["orders"]
    assert orders.select("paid_minor", "discount_platform_minor", "merchant_received_minor").row(0) == (
        8500,
        500,
        9000,
    )
    assert taken(found, "payment_status", "lifecycle_status") == [
        ("paid", "completed"), ("refunded", "cancelled"), ("refunded", "open"),
    ]  # fmt: skip
    assert tables_of(found)["refunds"]["amount_minor"].to_list() == [3000], (
        "a cancelled order is not refunded twice"
    )
    assert taken(found, "receiver_phone", "receiver_address") == [
        ("138****3333", "广东省深圳市南山区科技园"),
        ("13900139444", "北京市北京市东城区"),
        (None, "北京市北京市东城区"),
    ]


def test_douyin_amounts_of_lines(tmp_path):
    found = checked(read(tmp_path, samples.DOUYIN_OF_LINE))
    assert taken(found, "order_no", "line_no", "product_id", "list_amount", "discount", "paid") == [
        ("6900001", 1, "SPICY", 7490, 2500, 4990),
        ("6900002", 1, "BEEF", 5000, 1000, 4000),
        ("6900002", 2, "NORI", 2000, 0, 2000),
    ]
    orders = tables_of(found)["orders"]
    assert orders["paid_minor"].to_list() == [2890, 6000]
    assert orders["merchant_received_minor"].to_list() == [4990, 6000]
    assert tables_of(found)["refunds"].select("order_id", "amount_minor").rows() == [("acc_1:6900002", 2000)]
    assert notes(found) == {"amount_of_line": 2}
    assert found.rows.select("receiver_name", "receiver_phone", "receiver_address").null_count().row(0) == (
        3,
        3,
        3,
    )


def test_douyin_amounts_of_orders_and_summaries(tmp_path):
    found = checked(read(tmp_path, samples.DOUYIN_OF_ORDER))
    assert taken(found, "order_no", "product_id", "quantity", "paid") == [
        ("7100001", "BEEF", 1, 5000),
        ("7100001", "NORI", 2, 2000),
        ("7100003M", "A01", 4, 8712),
        ("7100003M", "B02", 1, 2178),
    ]
    assert tables_of(found)["orders"]["paid_minor"].to_list() == [6600, 5890]
    assert notes(found) == {"pieces_unknown": 1, "amount_of_order": 3}


def test_youzan_nicknames_are_no_identity(tmp_path):
    found = checked(read(tmp_path, samples.YOUZAN_ORDERS))
    assert taken(found, "order_no", "external", "phone", "paid", "receiver_phone") == [
        ("E20260401001", None, "13500135001", 12800, "13600136001"),
        ("E20260401002", None, None, 6800, "13600136002"),
    ]


def test_shopify_continuation_rows_take_their_orders_columns(tmp_path):
    found = checked(read(tmp_path, samples.SHOPIFY_ORDERS))
    assert taken(
        found, "order_no", "email", "phone", "product_id", "list_amount", "unit_price", "discount", "paid"
    ) == [
        ("#1001", "ann@example.com", "+12125550100", "MUG-B", None, 2500, 500, 4860),
        ("#1001", "ann@example.com", "+12125550100", "POT", None, 5000, 500, 4860),
        ("#1002", None, None, "Spoon", None, 1200, 0, 1200),
    ]
    assert codes(found) == [(4, "other_currency")]
    orders = tables_of(found, currency="USD")["orders"]
    assert orders.select(
        "order_id", "paid_minor", "tax_minor", "payment_status", "fulfilment_status"
    ).rows() == [
        ("acc_1:#1001", 10220, 720, "partially_refunded", "shipped"),
        ("acc_1:#1002", 1200, 0, "paid", "unfulfilled"),
    ]
    assert orders["voucher_codes"].to_list() == [["SPRING"], None]
    assert found.rows["placed_at"][0] == datetime(2026, 5, 1, 2, tzinfo=UTC)
    assert found.rows["receiver_phone"][0] == "+12125550101"


def test_woocommerce_by_either_plug_in(tmp_path):
    found = checked(read(tmp_path, samples.WOOCOMMERCE_ORDERS))
    assert taken(found, "order_no", "external", "email", "product_id", "discount", "paid") == [
        ("W-71", None, "gus@example.com", "SOAP", 100, 900),
        ("W-71", None, "gus@example.com", "TOWEL", 200, 1800),
        ("W-72", "9", "ida@example.com", "SOAP", 0, 500),
    ]
    assert tables_of(found, currency="GBP")["orders"]["payment_status"].to_list() == ["paid", "refunded"]
    assert found.rows["receiver_name"].to_list() == ["Hal Kay", "Hal Kay", "Ida Low"]
    other = checked(read(tmp_path, samples.WOOCOMMERCE_PLUGIN))
    assert taken(other, "order_no", "email", "product_id", "quantity", "paid", "receiver_name") == [
        ("81", "gus@example.com", "SOAP", 2, 1000, "Hal")
    ]


def test_square_times_zones_and_refunds(tmp_path):
    source = read(tmp_path, samples.SQUARE_ITEMS)
    assert [source.headers[i] for i in forbidden_columns(source.headers)] == ["PAN Suffix"]
    found = checked(source)
    assert taken(
        found, "order_no", "external", "product_id", "quantity", "list_amount", "discount", "paid"
    ) == [
        ("TX1", "C7", "SOUP", 2, 1600, 100, 1620),
        ("TX1", "C7", "Bread", 1, 400, 0, 432),
    ]
    assert found.rows["placed_at"][0] == datetime(2026, 7, 18, 16, 59, 30, tzinfo=UTC)
    assert (3, "refund_row") in codes(found)


def test_shopify_customers_are_members(tmp_path):
    found = checked(read(tmp_path, samples.SHOPIFY_CUSTOMERS))
    assert taken(found, "external", "name", "phone", "consent_email", "consent_sms") == [
        ("6001", "Ann Lee", "+442079460018", True, False)
    ]


@pytest.mark.parametrize(
    ("words", "axes"),
    [
        ("等待买家付款", ("pending", "unfulfilled", "open")),
        ("买家已付款，等待卖家发货", ("paid", "unfulfilled", "open")),
        ("卖家已发货，等待买家确认收货", ("paid", "shipped", "open")),
        ("卖家部分发货", ("paid", "partial", "open")),
        ("交易成功", ("paid", "delivered", "completed")),
        ("交易关闭", ("void", "unfulfilled", "cancelled")),
        ("等待出库", ("paid", "unfulfilled", "open")),
        ("等待确认收货", ("paid", "shipped", "open")),
        ("完成", ("paid", "delivered", "completed")),
        ("未完成", None),
        ("(删除)等待出库", ("void", "unfulfilled", "cancelled")),
        ("待发货|无售后或售后取消", ("paid", "unfulfilled", "open")),
        ("已发货,待签收|退款成功", ("refunded", "shipped", "open")),
        ("已关闭|退款成功", ("refunded", "unfulfilled", "cancelled")),
        ("备货中|-", ("paid", "unfulfilled", "open")),
        ("火星", None),
    ],
)
def test_chinese_words_of_states(words, axes):
    assert chinese(words) == axes


def test_english_words_of_states():
    assert shopify("paid|fulfilled|") == ("paid", "shipped", "completed")
    assert shopify("voided||2026-05-04") == ("void", "unfulfilled", "cancelled")
    assert shopify("lost|fulfilled|") is None
    assert woocommerce("wc-on-hold") == ("pending", "unfulfilled", "open")
    assert woocommerce("dreaming") is None


def test_unknown_words_are_told_and_kept(tmp_path):
    found = checked(read(tmp_path, samples.JD_ORDERS.replace("等待出库", "飞往火星")))
    assert notes(found)["unknown_status"] == 1
    assert found.rows["status_raw"][2] == "飞往火星"
    assert found.rows["payment_status"][2] is None


@pytest.mark.parametrize(
    "header", ["身份证号码", "身份证 姓名", "证件号", "ID Card No", "护照号码", "买家支付宝账号", "SSN"]
)
def test_columns_that_no_marketing_may_hold(header):
    assert forbidden_columns(["订单号", header]) == [1]


def test_ordinary_columns_are_not_forbidden():
    assert forbidden_columns(["会员卡号", "card_no", "Name", "支付方式", "Customer ID", "身高"]) == []
