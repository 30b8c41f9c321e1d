"""A platform's export from the upload to the lake: recognised, cut, joined, taken in, repeated, mended."""

import csv
import io
from datetime import UTC, datetime

import polars as pl
import pytest

from shuke.apps.commerce.models import OrderReceiver
from shuke.apps.connections.models import ChannelAccount, ImportBatch
from shuke.apps.connections.operations import (
    check_batch,
    create_account,
    map_by_hand,
    run_batch,
    upload,
)
from shuke.apps.connections.queries import preview, rejected_csv
from shuke.apps.connections.queries.files import uploads_folder
from shuke.apps.identity.models import Identifier
from shuke.platform.errors import Invalid
from shuke.platform.permissions import SYSTEM
from shuke.platform.retailer.operations import change_retailer
from shuke.platform.warehouse import lake
from tests.sources.files import platform_samples as samples

AT = datetime(2026, 11, 1, 12, tzinfo=UTC)


@pytest.fixture
def home(db, lake_home, settings, tmp_path):
    settings.SHUKE_HOME = tmp_path
    change_retailer(actor=SYSTEM, at=AT, time_zone="Asia/Shanghai", currency="CNY")
    return tmp_path


def bring(
    text: str,
    *,
    details: str | None = None,
    kind: str = "",
    account: str = "",
    run: bool = True,
    encoding="gbk",
):
    second = ("details.csv", [details.encode(encoding)]) if details else None
    view = upload(
        actor=SYSTEM, at=AT, account_id=account, kind=kind, file_name="export.csv",
        blocks=[text.encode(encoding)], details=second,
    )  # fmt: skip
    return run_batch(at=AT, batch_id=view.id) if run else view


def rows_of(table: str) -> pl.DataFrame:
    with lake().read() as snapshot:
        return snapshot.table(table).to_polars()


def test_neither_kind_nor_account_nor_mapping_need_be_chosen(home):
    view = bring(samples.PINDUODUO_ORDERS)
    account = ChannelAccount.objects.get()
    assert (account.name, account.sales_channel, account.currency) == ("Pinduoduo", "pinduoduo", "CNY")
    assert (view.layout, view.kind, view.state) == ("pinduoduo_orders", "orders", "done")
    assert (view.report.accepted, view.report.rejected, view.report.anonymous) == (3, 0, 2)
    assert {notice.code for notice in view.report.notices} == {"hidden_buyer"}
    assert rows_of("orders").sort("order_id")["paid_minor"].to_list() == [8500, 20000, 3000]
    assert rows_of("refunds")["amount_minor"].to_list() == [3000]
    assert set(rows_of("products")["name"]) == {"坚果礼盒", "跨境奶粉", "卫生纸"}
    bring(samples.JD_ORDERS)
    bring(samples.JD_ORDERS)
    assert sorted(ChannelAccount.objects.values_list("name", flat=True)) == ["JD", "Pinduoduo"]


def test_the_same_export_again_changes_nothing(home):
    bring(samples.DOUYIN_OF_LINE, encoding="utf-8-sig")
    names = ("orders", "order_lines", "products", "refunds")
    files = {name: lake().file_list(name).files for name in names}
    again = bring(samples.DOUYIN_OF_LINE, encoding="utf-8-sig")
    assert again.report.has_changed_nothing
    assert {name: lake().file_list(name).files for name in names} == files


def test_numbers_of_identity_cards_are_never_kept(home):
    torn = samples.PINDUODUO_ORDERS + "torn,row,110101199003071234\n"
    view = bring(torn, run=False)
    stored = (uploads_folder() / ImportBatch.objects.get().stored_name).read_bytes()
    assert b"110101199003071234" not in stored
    assert "身份证" not in stored.decode("utf-8-sig")
    assert "坚果礼盒" in stored.decode("utf-8-sig")
    assert list(uploads_folder().iterdir()) == [uploads_folder() / view.id]
    checked = check_batch(actor=SYSTEM, at=AT, batch_id=view.id)
    assert [(reason.code, reason.rows) for reason in checked.report.reasons] == [("wrong_cell_count", [4])]


def test_any_file_loses_its_forbidden_columns(home):
    create_account(actor=SYSTEM, at=AT, name="Tills", sales_channel="store")
    view = bring(
        "会员号,姓名,证件号,手机\nC1,王一,110101199003071234,13800138000\n", kind="members", account="Tills"
    )
    stored = (uploads_folder() / view.id).read_bytes()
    assert b"110101199003071234" not in stored
    assert view.report.accepted == 1


def test_receivers_identify_nobody_and_are_kept_apart(home):
    bring(samples.TAOBAO_ORDERS, details=samples.TAOBAO_DETAILS)
    assert set(Identifier.objects.values_list("kind", flat=True)) == {"external"}
    assert Identifier.objects.count() == 1, "one buyer is masked, the third has no line"
    assert OrderReceiver.objects.count() == 2
    lake_bytes = b"".join(path.read_bytes() for path in (home / "lake").rglob("*") if path.is_file())
    for personal in ("13800138001", "王一", "建国路"):
        assert personal.encode() not in lake_bytes


def test_taobaos_two_files_are_one_import(home):
    view = bring(samples.TAOBAO_DETAILS, details=samples.TAOBAO_ORDERS)
    assert view.layout == "taobao_joined"
    orders = rows_of("orders").sort("order_id")
    assert orders["paid_minor"].to_list() == [8590, 3000]
    assert rows_of("order_lines")["paid_minor"].sum() == 8990 + 3000
    assert {reason.code for reason in view.report.reasons} >= {"no_order", "no_detail"}


def test_taobaos_two_files_one_after_the_other(home):
    bring(samples.TAOBAO_ORDERS)
    lines = bring(samples.TAOBAO_DETAILS)
    assert lines.report.accepted == 4
    assert [reason.code for reason in lines.report.reasons] == ["unknown_order"]
    assert rows_of("orders").height == 3
    assert set(rows_of("order_lines")["product_id"]) == {"APPLE-5", "APPLE-10", "BOX-1", "PEAR"}


def test_files_that_are_no_pair_are_refused_and_nothing_is_kept(home):
    with pytest.raises(Invalid) as refusal:
        bring(samples.JD_ORDERS, details=samples.TAOBAO_DETAILS)
    assert refusal.value.code == "not_a_pair"
    assert not ImportBatch.objects.exists()
    assert not ChannelAccount.objects.exists()
    assert list(uploads_folder().iterdir()) == []


def test_what_cannot_be_told_must_be_chosen(home):
    with pytest.raises(Invalid) as refusal:
        bring("a,b\n1,2\n")
    assert refusal.value.code == "kind_unknown"
    with pytest.raises(Invalid) as refusal:
        bring("order id,order time,product id,amount\nA,2026-01-05 10:00,P1,10\n")
    assert refusal.value.code == "account_needed"
    for name in ("One", "Two"):
        create_account(actor=SYSTEM, at=AT, name=name, sales_channel="jd")
    with pytest.raises(Invalid) as refusal:
        bring(samples.JD_ORDERS)
    assert refusal.value.code == "account_needed"
    assert bring(samples.JD_ORDERS, account="Two").state == "done"


def test_an_ordinary_file_finds_its_kind(home):
    create_account(actor=SYSTEM, at=AT, name="Tills", sales_channel="store")
    view = bring("order id,order time,product id,amount\nA,2026-01-05 10:00,P1,10\n", run=False)
    assert (view.kind, view.layout, view.account) == ("orders", "", "Tills")


def test_a_mended_row_brings_its_whole_order_back(home):
    broken = samples.JD_ORDERS.replace("勺,2,在线支付,2026-02-01 12:00:00", "勺,2,在线支付,gestern")
    view = bring(broken)
    assert rows_of("orders").filter(pl.col("order_id").str.ends_with("01"))["paid_minor"].to_list() == [30500]
    mended = b"".join(rejected_csv(view.id)).decode("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(mended)))
    assert [row["商品名称"] for row in rows] == ["电饭煲", "勺"], "all rows of the order, none of others"
    again = bring(mended.replace("gestern", "2026-02-01 12:00:00"), encoding="utf-8-sig")
    assert (again.report.accepted, again.report.unchanged) == (1, 1)
    order = rows_of("orders").filter(pl.col("order_id").str.ends_with("01"))
    assert order["paid_minor"].to_list() == [36400]


def test_the_columns_can_be_mapped_by_hand_instead(home):
    view = bring(samples.JD_ORDERS, run=False)
    assert {field.name: field.header for field in preview(view.id).fields}["order_paid"] == "order_paid"
    map_by_hand(actor=SYSTEM, at=AT, batch_id=view.id)
    shown = preview(view.id)
    assert "京东价" in shown.headers
    assert {field.name: field.header for field in shown.fields}["order_no"] == "订单号"


def test_a_kind_that_was_chosen_holds(home):
    create_account(actor=SYSTEM, at=AT, name="Tills", sales_channel="store")
    view = bring(samples.SHOPIFY_CUSTOMERS, kind="products", account="Tills", run=False, encoding="utf-8")
    assert (view.kind, view.layout) == ("products", "")
