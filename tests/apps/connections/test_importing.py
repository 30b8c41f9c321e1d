"""From an uploaded file to rows in the lake: once, corrected, refused, put aside."""

import io
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from shuke.apps.connections import tasks
from shuke.apps.connections.models import ImportBatch
from shuke.apps.connections.operations import (
    change_mapping,
    check_batch,
    create_account,
    delete_old_uploads,
    discard_batch,
    request_import,
    run_batch,
    save_profile,
    upload,
    use_profile,
)
from shuke.apps.connections.queries import batch, batches, preview, quality, rejected_csv, rejected_page
from shuke.apps.connections.queries.files import uploads_folder
from shuke.apps.identity.models import Identifier
from shuke.apps.members.models import Member
from shuke.platform.errors import Invalid, Refused
from shuke.platform.outbox.models import OutboxRow
from shuke.platform.permissions import SYSTEM
from shuke.platform.retailer.operations import change_retailer
from shuke.platform.warehouse import lake

AT = datetime(2026, 6, 1, 12, tzinfo=UTC)
ORDERS = "order id,order time,customer id,product id,qty,amount\n"
GOOD = (
    ORDERS
    + "A,2026-01-05 23:30,C1,P1,1,10\nA,2026-01-05 23:30,C1,P2,2,20.50\nB,2026-01-06 09:00,C2,P1,1,10\n"
)


@pytest.fixture
def account(db, lake_home, settings, tmp_path):
    settings.SHUKE_HOME = tmp_path
    change_retailer(actor=SYSTEM, at=AT, time_zone="Asia/Shanghai", currency="CNY")
    return create_account(actor=SYSTEM, at=AT, name="Tills", sales_channel="store")


def bring(account, kind: str, text: str | bytes, *, run: bool = True, name: str = "file.csv", **settings):
    blocks = [text.encode() if isinstance(text, str) else text]
    view = upload(
        actor=SYSTEM,
        at=AT,
        account_id=account.id,
        kind=kind,
        file_name=name,
        blocks=blocks,
        settings=settings,
    )
    return run_batch(at=AT, batch_id=view.id) if run else view


def rows_of(table: str) -> pl.DataFrame:
    with lake().read() as snapshot:
        return snapshot.table(table).to_polars()


def test_orders_land_with_members_amounts_and_business_time(account):
    view = bring(account, "orders", GOOD)
    assert view.state == "done"
    assert (view.report.total, view.report.accepted, view.report.rejected) == (3, 3, 0)
    orders = rows_of("orders").sort("order_id")
    assert orders["order_id"].to_list() == [f"{account.id}:A", f"{account.id}:B"]
    assert orders["paid_minor"].to_list() == [3050, 1000]
    assert orders["local_date"].cast(pl.String).to_list() == ["2026-01-05", "2026-01-06"]
    assert orders["placed_at"][0] == datetime(2026, 1, 5, 15, 30, tzinfo=UTC)
    keys = {row.person_key for row in Identifier.objects.filter(scope=account.id, kind="external")}
    assert set(orders["person_key"]) == keys
    assert Member.objects.count() == 2


@pytest.mark.parametrize("name", ["file.csv", "another.csv"])
def test_the_same_content_again_changes_nothing_and_says_so(account, name):
    bring(account, "orders", GOOD)
    versions = {table: lake().file_list(table).version for table in ("orders", "order_lines")}
    before = OutboxRow.objects.count()
    # Another name, another order of columns, another spelling of the numbers: the same facts.
    text = GOOD if name == "file.csv" else GOOD.replace(",10\n", ",10.00\n")
    again = bring(account, "orders", text, name=name)
    assert again.report.has_changed_nothing
    assert again.report.unchanged == 3
    assert {table: lake().file_list(table).version for table in versions} == versions
    assert OutboxRow.objects.count() == before


def test_another_content_of_the_same_key_corrects(account):
    bring(account, "orders", GOOD)
    view = bring(account, "orders", GOOD.replace("P2,2,20.50", "P2,1,10.25"))
    assert (view.report.accepted, view.report.corrected, view.report.unchanged) == (0, 1, 2)
    lines = rows_of("order_lines")
    assert lines.height == 3
    assert rows_of("orders").filter(pl.col("order_id").str.ends_with("A"))["paid_minor"].to_list() == [2025]


def test_a_mended_line_completes_its_order(account):
    view = bring(account, "orders", GOOD.replace("20.50", "oops"))
    assert (view.report.accepted, view.report.rejected) == (2, 1)
    mended = b"".join(rejected_csv(view.id)).decode("utf-8-sig").replace("oops", "20.50")
    assert "line_no" in mended.splitlines()[0]
    again = bring(account, "orders", mended)
    assert (again.report.accepted, again.report.rejected) == (1, 0)
    assert rows_of("order_lines").sort("order_id", "line_no")["paid_minor"].to_list() == [1000, 2050, 1000]
    assert rows_of("orders").sort("order_id")["paid_minor"].to_list() == [3050, 1000]


def test_rows_put_aside_are_kept_with_reasons_and_without_names(account):
    text = (
        "customer id,name,email,phone,gender\nC1,Ann,ann@example.com,,f\n,Bob,,,m\nC3,Cyd,not-an-address,,f\n"
    )
    view = bring(account, "members", text)
    assert (view.report.accepted, view.report.rejected) == (2, 1)
    assert [item.code for item in view.report.reasons] == ["missing_person"]
    assert [(item.code, item.rows) for item in view.report.notices] == [("invalid_email", [3])]
    kept = json.dumps(rows_of("rejected_rows").to_dicts(), default=str)
    assert "Ann" not in kept
    assert "Bob" not in kept
    assert "not-an-address" not in kept
    rows, total = rejected_page(view.id)
    assert total == 2
    assert all(row.message for row in rows)


def test_members_again_say_nothing_new(account):
    text = "customer id,name,email,city,accepts email\nC1,Ann,ann@example.com,Wuhan,yes\nC2,Li,li@example.com,,no\n"
    assert bring(account, "members", text).report.accepted == 2
    before = OutboxRow.objects.count()
    again = bring(account, "members", text)
    assert (again.report.has_changed_nothing, again.report.unchanged) == (True, 2)
    assert OutboxRow.objects.count() == before
    changed = bring(account, "members", text.replace("Ann", "Anna"))
    assert (changed.report.corrected, changed.report.unchanged) == (1, 1)


def test_a_dry_run_changes_nothing(account):
    view = bring(account, "orders", GOOD + "C,nonsense,C9,P1,1,1\n", run=False)
    checked = check_batch(actor=SYSTEM, at=AT, batch_id=view.id)
    assert checked.state == "checked"
    assert checked.report.is_dry_run
    assert (checked.report.accepted, checked.report.rejected) == (3, 1)
    assert Member.objects.count() == 0
    assert rows_of("orders").height == rows_of("rejected_rows").height == 0
    discard_batch(actor=SYSTEM, at=AT, batch_id=view.id)
    assert list(uploads_folder().iterdir()) == []


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "empty"),
        (b"\x89PNG\r\n" + b"\x00" * 50, "not_a_table"),
        (b"a,b\n", "no_rows"),
        (b"PAR1xxxx", "broken_parquet"),
    ],
)
def test_a_wrong_file_is_refused_and_nothing_is_kept(account, content, code):
    with pytest.raises(Invalid) as refusal:
        bring(account, "orders", content, run=False)
    assert refusal.value.code == code
    assert not ImportBatch.objects.exists()
    assert list(uploads_folder().iterdir()) == []


def test_too_large_a_file_is_refused_while_it_streams(account, monkeypatch):
    monkeypatch.setattr("shuke.apps.connections.operations.receiving.MAX_BYTES", 1000)
    taken = []

    def endless():
        while True:
            taken.append(1)
            yield b"x" * 300

    with pytest.raises(Invalid) as refusal:
        upload(actor=SYSTEM, at=AT, account_id=account.id, kind="orders", file_name="x", blocks=endless())
    assert refusal.value.code == "file_too_large"
    assert len(taken) == 4
    assert list(uploads_folder().iterdir()) == []


def test_a_file_without_a_usable_header_fails_and_changes_nothing(account):
    view = bring(account, "orders", "foo,bar\n1,2\n", run=False)
    with pytest.raises(Invalid) as refusal:
        run_batch(at=AT, batch_id=view.id)
    assert refusal.value.code == "no_usable_header"
    failed = batch(view.id)
    assert failed.state == "failed"
    assert "foo" in failed.error_message
    assert rows_of("orders").height == 0


def test_mappings_are_kept_and_used_again(account):
    view = bring(account, "orders", GOOD.replace("amount", "column six"), run=False)
    assert any("Amount paid" in text for text in preview(view.id).missing)
    columns = view.settings["columns"] | {"paid": "column six"}
    change_mapping(actor=SYSTEM, at=AT, batch_id=view.id, settings={"columns": columns})
    saved = save_profile(actor=SYSTEM, at=AT, batch_id=view.id, name="Odd tills")
    other = bring(account, "orders", GOOD.replace("amount", "column six"), run=False)
    used = use_profile(actor=SYSTEM, at=AT, batch_id=other.id, profile_id=saved.id)
    assert used.settings["columns"]["paid"] == "column six"
    assert run_batch(at=AT, batch_id=other.id).report.accepted == 3
    with pytest.raises(Refused):
        change_mapping(actor=SYSTEM, at=AT, batch_id=other.id, settings={})


def test_two_files_of_orders_and_refunds(account):
    bring(account, "order_headers", "order id,order time,customer id,total\nA,2026-01-05 10:00,C1,30\n")
    lines = bring(account, "order_lines", "order id,product id,qty,amount\nA,P1,1,10\nA,P2,1,20\nZ,P1,1,1\n")
    assert (lines.report.accepted, lines.report.rejected) == (2, 1)
    assert lines.report.reasons[0].code == "unknown_order"
    text = "refund id,order id,refund time,amount\nR1,A,2026-01-09 10:00,5\nR2,Z,2026-01-09 10:00,5\n"
    refunds = bring(account, "refunds", text)
    assert (refunds.report.accepted, refunds.report.rejected) == (1, 1)
    keys = set(rows_of("orders")["person_key"])
    assert keys == set(rows_of("order_lines")["person_key"]) == set(rows_of("refunds")["person_key"])


def test_sales_without_a_member_are_anonymous(account):
    view = bring(account, "orders", GOOD.replace("C1", "").replace("C2", ""))
    assert view.report.anonymous == 3
    assert set(rows_of("orders")["person_key"]) == {"anonymous"}
    assert Member.objects.count() == 0


def test_phones_bring_orders_of_several_accounts_together(account):
    other = create_account(actor=SYSTEM, at=AT, name="Web", sales_channel="web")
    text = "order id,order time,phone,product id,amount\nA,2026-01-05 10:00,{},P1,10\n"
    bring(account, "orders", text.format("138 0013 8000"))
    view = bring(other, "orders", text.format("+8613800138000"))
    assert view.report.accepted == 1
    assert Member.objects.count() == 1
    masked = bring(other, "orders", text.format("138****8000").replace("\nA", "\nB"))
    assert [item.code for item in masked.report.reasons] == ["invalid_phone"]


def test_excel_and_gb18030_give_the_same_facts(account):
    import openpyxl

    rows = [
        ["订单号", "下单时间", "会员编号", "商品编号", "实付金额"],
        ["A", "2026-01-05 10:00:00", "C1", "P1", "10.00"],
    ]
    text = "\n".join(",".join(row) for row in rows)
    bring(account, "orders", text.encode("gb18030"))
    book, buffer = openpyxl.Workbook(), io.BytesIO()
    for row in rows:
        book.active.append(row)
    book.save(buffer)
    assert bring(account, "orders", buffer.getvalue(), name="a.xlsx").report.has_changed_nothing


def test_a_requested_import_runs_as_a_job(account):
    view = bring(account, "products", "product id,name\nP1,Milk\n", run=False)
    request_import(actor=SYSTEM, at=AT, batch_id=view.id)
    assert batch(view.id).state == "done"
    with pytest.raises(Refused):
        request_import(actor=SYSTEM, at=AT, batch_id=view.id)


def test_uploads_are_deleted_after_their_retention(account):
    view = bring(account, "orders", GOOD.replace("20.50", "oops"))
    assert delete_old_uploads(at=AT + timedelta(days=13)) == 0
    assert delete_old_uploads(at=AT + timedelta(days=15)) == 1
    assert not batch(view.id).is_stored
    text = b"".join(rejected_csv(view.id)).decode("utf-8-sig")
    assert "oops" in text
    assert "C1" not in text


def test_quality_counts_what_the_reports_say(account):
    bring(account, "orders", GOOD.replace("20.50", "oops"))
    bring(account, "products", "product id,name\nP1,Milk\n")
    found = quality(at=AT + timedelta(days=1))
    assert (found.total, found.rejected) == (4, 1)
    assert [reason.code for reason in found.reasons] == ["not_a_number"]


def test_an_unfinished_run_goes_on_where_it_was(account, monkeypatch):
    """A run that dies between two tables: the next one completes it and counts every row once."""
    from shuke.apps.connections.operations import taking

    view = bring(account, "orders", GOOD, run=False)
    real = taking.write
    monkeypatch.setattr(
        taking, "write", lambda name, found: real(name, found) if name == "order_lines" else 1 / 0
    )
    with pytest.raises(ZeroDivisionError):
        run_batch(at=AT, batch_id=view.id)
    assert batch(view.id).state == "failed"
    assert rows_of("orders").height == 0
    monkeypatch.undo()
    done = run_batch(at=AT, batch_id=view.id)
    assert (done.report.accepted, done.report.unchanged) == (3, 0)
    assert (rows_of("order_lines").height, rows_of("orders").height) == (3, 2)


def test_names_of_files_cannot_leave_their_folder(account):
    view = bring(
        account, "products", "product id,name\nP1,Milk\n", run=False, name="../../etc/\x00pass\nwd.csv"
    )
    assert view.file_name == "passwd.csv"
    assert [path.name for path in Path(uploads_folder()).iterdir()] == [view.id]


def test_a_large_file_and_what_follows_it_wait_in_the_long_queue(account, monkeypatch):
    queued = []
    monkeypatch.setattr(tasks, "enqueue", lambda task, *_ids, **_options: queued.append(task))
    monkeypatch.setattr(batches, "LARGE_BYTES", len(GOOD))
    small = bring(account, "orders", GOOD, run=False)
    request_import(actor=SYSTEM, at=AT, batch_id=small.id)
    large = bring(account, "orders", GOOD.replace("20.50", "20.500"), run=False)
    request_import(actor=SYSTEM, at=AT, batch_id=large.id)
    late = bring(account, "orders", GOOD.replace("20.50", "20.5"), run=False)
    request_import(actor=SYSTEM, at=AT, batch_id=late.id)
    assert queued == [tasks.run_small_import, tasks.run_import, tasks.run_import]
    # The first one's job begins after the large one has: it must not wait for it where others are in a hurry.
    tasks.run_small_import.call(small.id)
    assert queued[3:] == [tasks.run_import]
    assert ImportBatch.objects.get(public_id=small.id).state == "running"
    tasks.run_import.call(large.id)
    tasks.run_small_import.call(small.id)
    assert [batch(view.id).state for view in (small, large)] == ["done", "done"]
