"""A real django-oscar shop is synchronised, changed and synchronised again; each trap is a test of its name."""

import json
from datetime import timedelta

import httpx
import polars as pl
import pytest

from shuke.apps.connections.models import Connection, SyncedDigest
from shuke.apps.connections.operations import create_account, create_connection, request_sync, run_sync
from shuke.apps.connections.queries import sync_run
from shuke.apps.identity.models import Identifier
from shuke.platform.clock import now
from shuke.platform.errors import Refused
from shuke.platform.permissions import SYSTEM
from shuke.platform.retailer.operations import change_retailer
from shuke.platform.warehouse import lake
from shuke.sources.contract import Pull
from shuke.sources.oscar import OSCAR
from tests.systems.oscar.running import PASSWORD, STAFF, running_shop

pytestmark = [pytest.mark.systems, pytest.mark.slow, pytest.mark.xdist_group("oscar")]
SECRETS = {"password": PASSWORD}


@pytest.fixture
def connection(db, lake_home, settings, tmp_path, shop):
    settings.SHUKE_HOME = tmp_path
    change_retailer(actor=SYSTEM, at=now(), time_zone="Europe/Amsterdam", currency="EUR")
    account = create_account(actor=SYSTEM, at=now(), name="Tea shop", sales_channel="web", region="NL")
    return create_connection(
        actor=SYSTEM,
        at=now(),
        account_id=account.id,
        system="oscar",
        settings={"address": shop.keeper.api, "username": STAFF, "refunds": "admin/refunds/"},
        secrets=SECRETS,
        pace={"requests_per_second": 0},
    )


def synchronise(connection, *, at=None):
    """A run, and its parts by (stream, part)."""
    started = request_sync(actor=SYSTEM, at=at or now(), connection_id=connection.id)
    done = sync_run(started.id)
    if done.is_open:
        done = run_sync(at=at or now(), run_id=started.id)
    assert (done.state, done.error_message) == ("done", "")
    return {(part.stream, part.part): part for part in done.parts}


def rows_of(table):
    with lake().read() as snapshot:
        return snapshot.table(table).to_polars()


def order_of(connection, number):
    wanted = pl.col("order_id") == f"{connection.account_id}:{number}"
    return rows_of("orders").row(by_predicate=wanted, named=True)


def test_everything_comes_once_and_a_second_run_changes_nothing(connection, shop):
    parts = synchronise(connection)
    assert {stream for stream, _part in parts} == {"members", "products", "orders", "stock"}
    assert sum(part.rejected for part in parts.values()) == 0
    order = order_of(connection, shop.first)
    # 3 × 7.50 + 2 × 3.33: Oscar's decimals are strings of euros.
    assert (order["paid_minor"], order["currency"], order["payment_status"]) == (2916, "EUR", "paid")
    lines = rows_of("order_lines").filter(pl.col("order_id") == order["order_id"]).sort("line_no")
    assert lines.select("product_id", "sku", "quantity", "paid_minor").rows() == [
        ("TEA-G", "TEA-G", 3, 2250),
        ("TEA-B", "TEA-B", 2, 666),
    ]
    owner = Identifier.objects.get(person_key=order["person_key"])
    assert (owner.kind, owner.scope) == ("external", connection.account_id)
    guest = Identifier.objects.get(person_key=order_of(connection, shop.guest)["person_key"])
    assert guest.kind == "email"
    again = synchronise(connection)
    assert [(part.new, part.corrected, part.rejected) for part in again.values()] == [(0, 0, 0)] * len(again)
    assert again["orders", "pull"].rows == again["stock", "pull"].rows == 0, "digests leave out what is known"


def test_orders_without_update_time_are_found_by_their_content(connection, shop):
    synchronise(connection)
    assert "date_updated" not in shop.keeper.order(shop.first)
    number = shop.keeper.buys("ann@example.com", {shop.green: 1})
    shop.keeper.status(number, "Being processed")
    parts = synchronise(connection)
    assert parts["orders", "pull"].rows == 1
    assert order_of(connection, number)["lifecycle_status"] == "open"
    shop.keeper.status(number, "Complete")
    synchronise(connection)
    order = order_of(connection, number)
    assert (order["lifecycle_status"], order["fulfilment_status"], order["status_raw"]) == (
        "completed",
        "delivered",
        "Complete",
    )


def test_a_refund_that_moves_neither_state_nor_update_time_is_found(connection, shop):
    number = shop.keeper.buys("ann@example.com", {shop.green: 2})
    synchronise(connection)
    before = shop.keeper.order(number)
    shop.keeper.refund(number, "7.50")
    assert shop.keeper.order(number) == before, "the order itself shows nothing"
    synchronise(connection)
    refunds = rows_of("refunds").filter(pl.col("order_id") == f"{connection.account_id}:{number}")
    assert refunds.select("line_no", "amount_minor", "currency").rows() == [(0, 750, "EUR")]
    order = order_of(connection, number)
    assert (order["paid_minor"], order["payment_status"]) == (1500, "partially_refunded")
    shop.keeper.refund(number, "7.50")
    synchronise(connection)
    assert order_of(connection, number)["payment_status"] == "refunded"


def test_a_voucher_is_shared_over_the_lines_and_the_order_adds_up(connection, shop):
    shop.keeper.voucher("TEN", "1.00")
    number = shop.keeper.buys("ann@example.com", {shop.green: 1, shop.black: 2}, voucher="TEN")
    synchronise(connection)
    order = order_of(connection, number)
    lines = rows_of("order_lines").filter(pl.col("order_id") == order["order_id"])
    assert (order["goods_minor"], order["paid_minor"], order["voucher_codes"]) == (1416, 1316, ["TEN"])
    assert (lines["voucher_minor"].sum(), lines["discount_minor"].sum(), lines["paid_minor"].sum()) == (
        100,
        0,
        1316,
    )


def test_sellable_is_on_hand_less_allocated(connection, shop):
    shop.keeper.stock(shop.green, 80)
    number = shop.keeper.buys("ann@example.com", {shop.green: 5})
    synchronise(connection)

    def counted():
        found = rows_of("stock_levels").row(by_predicate=pl.col("product_id") == "TEA-G", named=True)
        return found["on_hand"], found["reserved"], found["sellable"]

    on_hand, reserved, sellable = counted()
    assert (on_hand, sellable) == (80, 80 - reserved)
    assert reserved >= 5
    shop.keeper.status(number, "Being processed", "Complete")
    synchronise(connection)
    assert counted() == (75, reserved - 5, sellable), "what ships was not sellable before"


def test_a_renamed_product_is_corrected(connection, shop):
    synchronise(connection)
    shop.keeper.rename(shop.black, "Black tea, loose")
    parts = synchronise(connection)
    assert parts["products", "pull"].corrected == 1
    product = rows_of("products").row(by_predicate=pl.col("product_id") == "TEA-B", named=True)
    assert (product["name"], product["department"], product["category"]) == (
        "Black tea, loose",
        "Drinks",
        "Tea",
    )


def test_hard_deleted_orders_are_closed(connection, shop, monkeypatch):
    number = shop.keeper.buys("ann@example.com", {shop.black: 1})
    synchronise(connection)
    shop.keeper.delete(number)
    later = now() + timedelta(days=8)
    monkeypatch.setattr("shuke.apps.connections.tasks.now", lambda: later)
    parts = synchronise(connection, at=later)
    assert parts["orders", "listed"].closed == 1
    assert order_of(connection, number)["lifecycle_status"] == "cancelled"
    assert order_of(connection, shop.first)["lifecycle_status"] != "cancelled"


def test_neither_the_receiver_nor_an_address_is_kept(connection, shop):
    synchronise(connection)
    text = json.dumps([rows_of(table).to_dicts() for table in ("orders", "order_lines")], default=str)
    for word in ("Rex", "Receiver", "370 4887", "3704887", "ann@example.com", "guest@example.com"):
        assert word not in text
    assert Identifier.objects.filter(kind="phone").count() == 0, "the only phone of Oscar is the receiver's"
    assert SyncedDigest.objects.exists()
    assert "ann@example.com" not in json.dumps(list(SyncedDigest.objects.values("record", "digest")))


def test_a_shop_that_pages_its_lists_says_the_same(shop):
    def everything(address):
        settings = {
            "address": f"{address}/api",
            "username": STAFF,
            "refunds": "admin/refunds/",
            "completed": "Complete",
        }
        with OSCAR.client(settings=settings, secrets=SECRETS, transport=httpx.HTTPTransport()) as http:
            pull = Pull(http=http, settings=settings, now=now())
            rows = [
                (batch.kind, sorted(row.items(), key=str))
                for stream in OSCAR.streams
                for batch in OSCAR.pull(stream=stream, cursor={}, pull=pull)
                for row in batch.rows
            ]
            return sorted(rows, key=str), sorted(*OSCAR.ids(stream="orders", pull=pull))

    with running_shop(shop.home, page_size=2) as paged:
        assert everything(paged) == everything(shop.keeper.address)


def test_wrong_credentials_are_refused_in_words(connection, shop):
    account = create_account(actor=SYSTEM, at=now(), name="Other", sales_channel="web", region="NL")
    with pytest.raises(Refused, match="refused the credentials"):
        create_connection(
            actor=SYSTEM,
            at=now(),
            account_id=account.id,
            system="oscar",
            settings={"address": shop.keeper.api, "username": STAFF},
            secrets={"password": "guess"},
        )
    assert Connection.objects.count() == 1
