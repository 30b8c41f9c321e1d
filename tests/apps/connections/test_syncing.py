"""The frame of connections: rows land before cursors move, and what a shop does badly is told in words."""

from datetime import UTC, datetime, timedelta

import polars as pl
import pytest

from shuke.apps.compliance.operations import erase_member
from shuke.apps.connections import tasks
from shuke.apps.connections.models import Connection, SyncCursor, SyncedDigest, SyncRun
from shuke.apps.connections.operations import (
    change_connection,
    create_account,
    create_connection,
    delete_connection,
    gathering,
    pause_connection,
    request_sync,
    run_sync,
    start_due_syncs,
)
from shuke.apps.connections.queries import connecting, connection, opening, sync_rejected_page
from shuke.apps.identity.models import Identifier
from shuke.apps.members.models import Member
from shuke.platform.audit.models import AuditEntry
from shuke.platform.errors import Invalid, Refused
from shuke.platform.permissions import SYSTEM
from shuke.platform.retailer.operations import change_retailer
from shuke.platform.warehouse import lake
from tests.apps.connections.sync_shop import KEY, SECRET, Village, village_shop

AT = datetime(2026, 6, 1, 12, tzinfo=UTC)


@pytest.fixture(scope="module")
def server():
    with village_shop() as shelf:
        yield shelf


@pytest.fixture
def shelf(server):
    for name in ("members", "products", "orders", "troubles", "overlooked", "asked"):
        getattr(server, name).clear()
    return server


@pytest.fixture
def account(db, lake_home, settings, tmp_path, monkeypatch):
    settings.SHUKE_HOME = tmp_path
    # Runs are asked for, and done at the time that the test chooses.
    monkeypatch.setattr(tasks, "enqueue", lambda *_job, **_options: None)
    monkeypatch.setattr(opening, "CONNECTORS", {"village": Village()})
    monkeypatch.setattr(connecting, "CONNECTORS", {"village": Village()})
    change_retailer(actor=SYSTEM, at=AT, time_zone="Europe/Oslo", currency="EUR")
    return create_account(actor=SYSTEM, at=AT, name="Village", sales_channel="web", region="NO")


@pytest.fixture
def village(account, shelf):
    return create_connection(
        actor=SYSTEM,
        at=AT,
        account_id=account.id,
        system="village",
        settings={"address": shelf.address},
        secrets={"key": KEY, "webhook_secret": SECRET},
    )


def synchronise(view, *, at=AT, is_full=False):
    run = request_sync(actor=SYSTEM, at=at, connection_id=view.id, is_full=is_full)
    return run_sync(at=at, run_id=run.id)


def part_of(run, stream, name="pull"):
    return next(part for part in run.parts if (part.stream, part.part) == (stream, name))


def rows_of(table):
    with lake().read() as snapshot:
        return snapshot.table(table).to_polars()


def line(order="A", place=1, *, paid="10.00", **more):
    row = {"order_no": order, "line_no": str(place), "placed_at": "2026-05-05T10:00:00Z", "external": "C1"}
    return row | {"product_id": f"P{place}", "quantity": "1", "paid": paid} | more


def test_what_a_shop_has_lands_once_with_its_people(village, shelf):
    shelf.put("members", "C1", [{"external": "C1", "email": "ann@example.com", "name": "Ann"}], updated=1)
    shelf.put("products", "P1", [{"product_id": "P1", "name": "Milk"}], updated=1)
    shelf.put("orders", "A", [line(), line(place=2, paid="2.50")], updated=5)
    run = synchronise(village)
    assert (run.state, run.rejected) == ("done", 0)
    order = rows_of("orders").row(0, named=True)
    assert (order["order_id"], order["paid_minor"], order["source"]) == (
        f"{village.account_id}:A",
        1250,
        f"sync:{village.account_id}",
    )
    assert order["person_key"] == Identifier.objects.get(kind="external", scope=village.account_id).person_key
    assert Member.objects.count() == 1
    assert connection(village.id).streams[2].stream == "orders"
    assert SyncCursor.objects.get(stream="orders").cursor == {"after": 5}
    versions = {table: lake().file_list(table).version for table in ("orders", "order_lines", "products")}
    again = synchronise(village)
    assert [(p.new, p.corrected, p.rejected) for p in again.parts] == [(0, 0, 0)] * 3
    assert versions == {table: lake().file_list(table).version for table in versions}


def test_bad_rows_are_put_aside_and_their_neighbours_kept(village, shelf):
    shelf.put("orders", "A", [line(), line(place=2, paid="oops")], updated=1)
    shelf.put("orders", "B", [], updated=2)
    shelf.put("orders", "C", [line("C", paid="3.00", external=None, email="no address")], updated=3)
    run = synchronise(village)
    part = part_of(run, "orders")
    assert (part.new, part.rejected) == (1, 3)
    assert sorted(reason.code for reason in part.reasons) == ["invalid_email", "no_lines", "not_a_number"]
    rows, total = sync_rejected_page(run.id)
    assert total == 3
    assert "no address" not in str(rows)
    assert any("has no lines" in row.message and row.raw == {"id": "B"} for row in rows)


def test_of_two_states_in_one_landing_the_later_counts(village, shelf):
    shelf.orders.append({"id": "A", "updated": 1, "kind": "orders", "rows": [line(paid="9.00")]})
    for number in range(99):
        shelf.put("orders", f"F{number}", [line(f"F{number}")], updated=1)
    shelf.orders.append({"id": "A2", "updated": 2, "kind": "orders", "rows": [line(paid="7.00")]})
    run = synchronise(village)
    assert part_of(run, "orders").rejected == 0
    mine = rows_of("orders").filter(pl.col("order_id").str.ends_with(":A"))
    assert mine["paid_minor"].to_list() == [700]


def test_a_line_taken_off_an_order_counts_nothing_and_a_bad_one_stays_as_it_was(village, shelf):
    shelf.put("orders", "A", [line(), line(place=2, paid="2.50")], updated=1)
    shelf.put("orders", "B", [line("B"), line("B", 2, paid="2.50")], updated=1)
    synchronise(village)
    shelf.put("orders", "A", [line()], updated=2)
    shelf.put("orders", "B", [line("B"), line("B", 2, paid="oops")], updated=2)
    synchronise(village)
    lines = rows_of("order_lines").sort("order_id", "line_no")
    assert lines["paid_minor"].to_list() == [1000, 0, 1000, 250]
    assert lines["quantity"].to_list() == [1, 0, 1, 1]
    assert rows_of("orders").sort("order_id")["paid_minor"].to_list() == [1000, 1250]


def test_a_cursor_never_passes_rows_that_have_not_landed(village, shelf, monkeypatch):
    """Two batches are one page with one cursor; the shop fails after them."""
    monkeypatch.setattr(gathering, "ROWS_A_LANDING", 1)
    for number in range(150):
        money = {} if number % 2 else {"currency": "SEK"}
        shelf.put("orders", f"A{number}", [line(f"A{number}", **money)], updated=number // 50)
    landed = []
    real = gathering.Gathering.land

    def land(self):
        if landed and self.part.stream == "orders":
            raise RuntimeError("killed")
        real(self)
        landed.extend([1] if self.part.stream == "orders" else [])

    monkeypatch.setattr(gathering.Gathering, "land", land)
    run = request_sync(actor=SYSTEM, at=AT, connection_id=village.id)
    with pytest.raises(RuntimeError):
        run_sync(at=AT, run_id=run.id)
    cursor = SyncCursor.objects.get(stream="orders").cursor
    known = rows_of("orders").height
    assert (cursor, known) == ({"after": 1}, 100)
    monkeypatch.undo()


def test_each_batch_has_its_currency(village, shelf):
    shelf.put("orders", "A", [line(currency="JPY", paid="1200")], updated=1)
    shelf.put("orders", "B", [line("B", paid="12.00")], updated=1)
    assert synchronise(village).state == "done"
    found = rows_of("orders").sort("order_id").select("currency", "paid_minor").rows()
    assert found == [("JPY", 1200), ("EUR", 1200)]


def test_a_shop_that_fails_is_told_in_words_and_what_landed_stays(village, shelf):
    shelf.put("members", "C1", [{"external": "C1"}], updated=1)
    shelf.put("orders", "A", [line()], updated=1)
    shelf.troubles += [(0, {}), (500, {})]
    run = synchronise(village)
    assert (run.state, run.error_code) == ("failed", "shop_fault")
    assert "(500)" in run.error_message
    assert [(part.stream, part.state) for part in run.parts] == [("members", "done"), ("products", "failed")]
    done = synchronise(village, at=AT + timedelta(minutes=5))
    assert (done.state, rows_of("orders").height) == ("done", 1)


def test_a_shop_that_asks_to_wait_long_is_asked_again_then(village, shelf):
    shelf.put("orders", "A", [line()], updated=1)
    shelf.troubles.append((429, {"retry-after": "900"}))
    run = synchronise(village)
    assert (run.state, run.resume_at) == ("waiting", AT + timedelta(seconds=900))
    assert "900" in run.error_message
    later = run_sync(at=AT + timedelta(seconds=900), run_id=run.id)
    assert (later.state, rows_of("orders").height) == ("done", 1)


def test_changes_that_move_no_update_time_are_found_by_looking_again(village, shelf):
    shelf.put("orders", "A", [line()], updated=100)
    shelf.put("orders", "B", [line("B")], updated=200)
    synchronise(village)
    shelf.put("orders", "A", [line(payment_status="refunded")], updated=100)
    assert rows_of("orders").filter(pl.col("payment_status") == "refunded").height == 0
    synchronise(village, at=AT + timedelta(hours=1))
    assert rows_of("orders").filter(pl.col("payment_status") == "refunded").height == 0
    run = synchronise(village, at=AT + timedelta(hours=25))
    assert part_of(run, "orders", "recent").corrected == 1
    assert rows_of("orders").filter(pl.col("payment_status") == "refunded").height == 1


def test_a_deleted_order_is_closed_and_one_that_a_list_overlooked_is_not(village, shelf):
    for number in range(6):
        shelf.put("orders", f"A{number}", [line(f"A{number}")], updated=number)
    synchronise(village)
    shelf.drop("orders", "A3")
    shelf.overlooked.append("A4")
    run = synchronise(village, at=AT + timedelta(days=8))
    assert (part_of(run, "orders", "listed").closed, part_of(run, "orders", "listed").note) == (1, "")
    closed = rows_of("orders").filter(pl.col("lifecycle_status") == "cancelled")
    assert closed["order_id"].to_list() == [f"{village.account_id}:A3"]
    assert closed["status_raw"].to_list() == ["deleted_at_source"]
    again = synchronise(village, at=AT + timedelta(days=16))
    assert part_of(again, "orders", "listed").closed == 0


@pytest.mark.parametrize("left", [0, 10])
def test_a_shop_that_suddenly_lists_less_than_half_closes_nothing(village, shelf, left):
    for number in range(30):
        shelf.put("orders", f"A{number}", [line(f"A{number}")], updated=number)
    synchronise(village)
    del shelf.orders[left:]
    run = synchronise(village, at=AT + timedelta(days=8))
    assert part_of(run, "orders", "listed").note == "too_many_missing"
    assert rows_of("orders").filter(pl.col("lifecycle_status") == "cancelled").height == 0


def test_from_the_beginning_changes_nothing(village, shelf):
    shelf.put("orders", "A", [line()], updated=7)
    synchronise(village)
    shelf.asked.clear()
    run = synchronise(village, is_full=True)
    assert "/orders?after=-1&skip=0" in shelf.asked
    assert (part_of(run, "orders").unchanged, part_of(run, "orders").new) == (1, 0)


def test_due_connections_start_once_and_paused_ones_not(village):
    assert start_due_syncs(at=AT) == 1
    assert start_due_syncs(at=AT) == 0
    assert SyncRun.objects.count() == 1
    pause_connection(actor=SYSTEM, at=AT, connection_id=village.id)
    assert start_due_syncs(at=AT + timedelta(days=1)) == 0
    with pytest.raises(Refused, match="paused"):
        request_sync(actor=SYSTEM, at=AT, connection_id=village.id)


def test_a_shop_that_cannot_be_asked_is_not_connected(account, shelf):
    def connect(**given):
        values = {"settings": {"address": shelf.address}, "secrets": {"key": KEY}} | given
        return create_connection(actor=SYSTEM, at=AT, account_id=account.id, system="village", **values)

    with pytest.raises(Refused, match="refused the credentials"):
        connect(secrets={"key": "wrong"})
    with pytest.raises(Invalid, match="required"):
        connect(secrets={})
    for address in (
        "ftp://shop.example.com",
        "shop.example.com",
        "https://ann:secret@shop.example.com",
        "https://",
    ):
        with pytest.raises(Invalid, match="https://"):
            connect(settings={"address": address})
    with pytest.raises(Invalid, match="out of its range"):
        connect(pace={"every_minutes": 0})
    assert Connection.objects.count() == 0
    connect()
    with pytest.raises(Refused, match="already"):
        connect()


def test_secrets_are_encrypted_never_shown_and_kept_when_left_empty(village, shelf):
    row = Connection.objects.get()
    assert KEY.encode() not in bytes(row.secrets)
    assert KEY not in connection(village.id).model_dump_json()
    assert connection(village.id).secrets == ["key", "webhook_secret"]
    changed = change_connection(
        actor=SYSTEM,
        at=AT,
        connection_id=village.id,
        settings={"address": shelf.address},
        secrets={"key": ""},
    )
    assert changed.secrets == ["key", "webhook_secret"]
    assert synchronise(village).state == "done"
    assert KEY not in str(list(AuditEntry.objects.values_list("changes", flat=True)))


def test_a_deleted_connection_leaves_what_it_brought(village, shelf):
    shelf.put("orders", "A", [line()], updated=1)
    synchronise(village)
    delete_connection(actor=SYSTEM, at=AT, connection_id=village.id)
    assert (Connection.objects.count(), SyncRun.objects.count(), rows_of("orders").height) == (0, 0, 1)


def test_digests_say_what_landed_without_telling_it(village):
    row = Connection.objects.get()
    gathering.remember(row.pk, stream="stock", digests={"P1": "00ff", "P2": "abcd"})
    gathering.remember(row.pk, stream="stock", digests={"P1": "1234"})
    known = gathering.known_digests(row.pk, stream="stock", ids=["P1", "P2", "P3"])
    assert known == {"P1": "1234", "P2": "abcd"}
    stored = set(SyncedDigest.objects.values_list("record", "digest"))
    assert not {"P1", "P2", "1234", "abcd"} & {value for pair in stored for value in pair}


def test_a_synchronisation_does_not_bring_an_erased_person_back(village, shelf):
    shelf.put("members", "C1", [{"external": "C1", "email": "ann@example.com", "name": "Ann"}], updated=1)
    shelf.put("orders", "A", [line(email="ann@example.com")], updated=1)
    synchronise(village)
    erase_member(actor=SYSTEM, at=AT, member_id=Member.objects.get().public_id)
    run = synchronise(village, at=AT + timedelta(hours=1), is_full=True)
    assert (run.state, run.rejected) == ("done", 0)
    assert Member.objects.filter(status="active").count() == 0
    assert Identifier.objects.filter(kind__in=("external", "email")).count() == 0
    assert rows_of("orders")["person_key"].to_list() == ["anonymous"]
    assert "ann@example.com" not in str(run) + str(sync_rejected_page(run.id))


def test_a_run_lets_others_through_between_pages_and_goes_on_there(village, shelf):
    """Two batches are one page with one cursor: a turn ends behind both, never between them."""
    for number in range(250):
        money = {} if number % 2 else {"currency": "SEK"}
        shelf.put("orders", f"A{number}", [line(f"A{number}", **money)], updated=number // 50)
    run = request_sync(actor=SYSTEM, at=AT, connection_id=village.id)
    left = run_sync(at=AT, run_id=run.id, is_turn_over=lambda: True)
    assert (left.state, part_of(left, "orders").rows) == ("queued", 100)
    assert SyncCursor.objects.get(stream="orders").cursor == {"after": 1}
    assert rows_of("orders").height == 100
    turns = [left]
    while turns[-1].state == "queued" and len(turns) < 9:
        turns.append(run_sync(at=AT, run_id=run.id, is_turn_over=lambda: True))
    done = turns[-1]
    assert done.state == "done"
    assert len(turns) > 2
    assert rows_of("orders").height == 250
    assert SyncRun.objects.count() == 1


def test_a_run_that_lets_others_through_is_asked_for_again(village, shelf, monkeypatch):
    asked = []
    monkeypatch.setattr(tasks, "enqueue", lambda *job, **options: asked.append((job, options)))
    for number in range(101):
        shelf.put("orders", f"A{number}", [line(f"A{number}")], updated=number)
    run = request_sync(actor=SYSTEM, at=AT, connection_id=village.id)
    run_sync(at=AT, run_id=run.id, is_turn_over=lambda: True)
    assert asked == [((tasks.synchronise, run.id), {"unique_key": f"sync:{run.id}", "run_after": None})] * 2
