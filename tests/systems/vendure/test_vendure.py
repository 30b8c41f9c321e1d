"""A real Vendure shop is synchronised, changed and synchronised again; each trap is a test of its name."""

import json
from datetime import datetime, timedelta

import httpx
import polars as pl
import pytest

from shuke.apps.connections import tasks
from shuke.apps.connections.models import Connection, SyncCursor, SyncRun, WebhookDelivery
from shuke.apps.connections.operations import (
    create_account,
    create_connection,
    receive_webhook,
    request_sync,
    run_sync,
)
from shuke.apps.identity.models import Identifier
from shuke.apps.members.models import Member
from shuke.platform.clock import now
from shuke.platform.errors import NotPermitted, Refused
from shuke.platform.permissions import SYSTEM
from shuke.platform.retailer.operations import change_retailer
from shuke.platform.warehouse import lake
from shuke.sources.contract import Pull
from shuke.sources.transport import PoliteTransport
from shuke.sources.vendure import VENDURE
from shuke.sources.vendure.asking import ask, items_of
from shuke.sources.vendure.paging import changed_since, list_options
from tests.systems.vendure.shop import WEBHOOK_SECRET

pytestmark = [pytest.mark.systems, pytest.mark.slow, pytest.mark.xdist_group("vendure")]


@pytest.fixture
def connection(db, lake_home, settings, tmp_path, monkeypatch, shop):
    settings.SHUKE_HOME = tmp_path
    # Runs are asked for and then done at the time that the test chooses.
    monkeypatch.setattr(tasks, "enqueue", lambda *_job, **_options: None)
    change_retailer(actor=SYSTEM, at=now(), time_zone="Europe/London", currency="USD")
    account = create_account(actor=SYSTEM, at=now(), name="Web shop", sales_channel="web", region="GB")
    return create_connection(
        actor=SYSTEM,
        at=now(),
        account_id=account.id,
        system="vendure",
        settings={"address": shop.address},
        secrets={"api_key": shop.key, "webhook_secret": WEBHOOK_SECRET},
        pace={"requests_per_second": 0},
    )


@pytest.fixture
def pull(shop):
    """What the connector is given, without the frame."""
    settings = {"address": shop.address, "path": "admin-api", "precision": "2"}
    transport = PoliteTransport(httpx.HTTPTransport(), requests_per_second=0)
    with VENDURE.client(settings=settings, secrets={"api_key": shop.key}, transport=transport) as http:
        yield Pull(http=http, settings=settings, now=now())


def synchronise(connection, *, at=None, trigger="person"):
    """A run, and its parts by (stream, part)."""
    started = request_sync(actor=SYSTEM, at=at or now(), connection_id=connection.id, trigger=trigger)
    done = run_sync(at=at or now(), run_id=started.id)
    assert (done.state, done.error_message) == ("done", "")
    return {(part.stream, part.part): part for part in done.parts}


def pull_what_webhooks_named():
    run = SyncRun.objects.get(state="queued", trigger="webhook")
    assert run_sync(at=now(), run_id=run.public_id).state == "done"


def rows_of(table):
    with lake().read() as snapshot:
        return snapshot.table(table).to_polars()


def order_of(connection, code):
    return rows_of("orders").row(
        by_predicate=pl.col("order_id") == f"{connection.account_id}:{code}", named=True
    )


def test_everything_comes_once_and_a_second_run_changes_nothing(connection, shop):
    parts = synchronise(connection)
    assert {stream for stream, _part in parts} == {"members", "products", "stock", "orders"}
    assert sum(part.rejected for part in parts.values()) == 0
    externals = Identifier.objects.filter(kind="external", scope=connection.account_id)
    assert externals.count() == Member.objects.count() >= 3
    order = order_of(connection, shop.first)
    # 120.00 + 2 × 129.99 + 5.00 postage: Vendure's integers are pence.
    assert (order["paid_minor"], order["shipping_minor"], order["goods_minor"]) == (38498, 500, 37998)
    assert (order["currency"], order["payment_status"], order["lifecycle_status"]) == ("USD", "paid", "open")
    assert order["person_key"] in set(externals.values_list("person_key", flat=True))
    lines = rows_of("order_lines").filter(pl.col("order_id") == order["order_id"]).sort("line_no")
    assert lines.select("product_id", "quantity", "paid_minor").rows() == [
        ("RJ-M", 1, 12000),
        ("RJ-L", 2, 25998),
    ]
    listings = rows_of("listings")
    assert set(listings["product_id"]) >= {"RJ-M", "RJ-L"}
    product = rows_of("products").row(by_predicate=pl.col("product_id") == "RJ-M", named=True)
    assert (product["brand"], product["category"], json.loads(product["attributes"])["size"]) == (
        "Dale",
        "Coats",
        "M",
    )
    again = synchronise(connection)
    assert [(part.new, part.corrected, part.rejected) for part in again.values()] == [(0, 0, 0)] * len(again)


def test_what_changes_in_the_shop_is_corrected_here(connection, shop):
    synchronise(connection)
    keeper = shop.keeper
    code = keeper.buys({shop.medium: 3, shop.hat: 1}, email="wang@example.com")
    keeper.deliver(code)
    keeper.rename(shop.jacket, "Storm Jacket")
    keeper.stock(shop.large, on_hand=77)
    parts = synchronise(connection)
    assert parts["products", "pull"].corrected == 2
    order = order_of(connection, code)
    assert (order["lifecycle_status"], order["fulfilment_status"], order["status_raw"]) == (
        "completed",
        "delivered",
        "Delivered",
    )
    assert order["completed_at"] is not None
    attributes = rows_of("products").filter(pl.col("product_id") == "RJ-L")["attributes"][0]
    assert json.loads(attributes)["product"] == "Storm Jacket"
    stock = rows_of("stock_levels").row(by_predicate=pl.col("product_id") == "RJ-L", named=True)
    assert stock["on_hand"] == 77
    assert stock["sellable"] == 77 - stock["reserved"]
    keeper.rename(shop.jacket, "Rain Jacket")


def test_a_refund_that_moves_neither_state_nor_update_time_is_found_by_the_rescan(connection, shop, pull):
    code = shop.keeper.buys({shop.medium: 1, shop.hat: 2}, email="ann@example.com")
    synchronise(connection)
    before = shop.keeper.order(code)
    shop.keeper.refund(code, amount=1999, reason="one hat too many")
    after = shop.keeper.order(code)
    assert (before["state"], before["updatedAt"]) == (after["state"], after["updatedAt"])
    # The next pull starts later than the order's update time by more than it rewinds: it shows nothing.
    behind = {"updated": (datetime.fromisoformat(after["updatedAt"]) + timedelta(minutes=6)).isoformat()}
    assert [batch.rows for batch in VENDURE.pull(stream="orders", cursor=behind, pull=pull)] == [[]]
    SyncCursor.objects.filter(stream="orders").update(cursor=behind)
    parts = synchronise(connection, at=now() + timedelta(hours=25))
    assert parts["orders", "pull"].rows == 0
    assert parts["orders", "recent"].new >= 1
    refund = rows_of("refunds").row(
        by_predicate=pl.col("order_id") == f"{connection.account_id}:{code}", named=True
    )
    assert (refund["amount_minor"], refund["reason"]) == (1999, "one hat too many")
    assert order_of(connection, code)["payment_status"] == "partially_refunded"
    assert order_of(connection, code)["paid_minor"] == 12000 + 2 * 1999 + 500


def test_a_cancelled_piece_is_given_back_by_its_refund_and_not_by_a_smaller_line(connection, shop):
    code = shop.keeper.buys({shop.medium: 2}, email="ann@example.com")
    synchronise(connection)
    shop.keeper.cancel(code, line=0, quantity=1)
    shop.keeper.refund(code, amount=12000, reason="sold out", pieces={0: 1})
    synchronise(connection, at=now() + timedelta(hours=25))
    order = order_of(connection, code)
    assert (order["paid_minor"], order["payment_status"]) == (24500, "partially_refunded")
    back = rows_of("refunds").filter(pl.col("order_id") == order["order_id"])
    assert back.select("line_no", "quantity", "amount_minor").rows() == [(1, 1, 12000)]
    assert order["paid_minor"] - back["amount_minor"].sum() == 12500


def test_records_of_the_same_second_are_not_lost(shop, pull):
    """Vendure on SQLite keeps whole seconds and "after" is exclusive: pages of two meet many equal stamps."""
    made = shop.keeper.newcomers(12)
    query = "query($options: CustomerListOptions) { customers(options: $options) { items { id updatedAt } } }"

    def page_of(after, skip, take):
        return items_of(
            ask(pull.http, query, options=list_options(after, skip, take, filters={})), "customers"
        )

    records = [record for page in changed_since(page_of, since=None, page_size=2) for record in page]
    stamps = [record["updatedAt"] for record in records]
    assert len(set(stamps)) < len({record["id"] for record in records}), (
        "no two in one second: nothing was shown"
    )
    assert set(made) <= {record["id"] for record in records}
    # What the naive way loses: the page after the last stamp of the first page.
    first = page_of(None, 0, 2)
    last = datetime.fromisoformat(records[-1]["updatedAt"])
    assert first
    assert page_of(last, 0, 100) == []
    assert page_of(last - timedelta(seconds=1), 0, 100) != []


def test_a_webhook_brings_its_record_once_and_a_forged_or_old_one_nothing(connection, shop, client):
    synchronise(connection)
    shop.box.letters.clear()
    code = shop.keeper.buys({shop.hat: 1}, email="ann@example.com")
    order_id = shop.keeper.order(code)["id"]
    headers, body = shop.box.wait_for(b'"order.changed"')
    assert json.loads(body)["data"]["id"] == order_id
    address = "/" + connection.webhook_url.split("/", 3)[3]
    signed = {
        f"HTTP_{name.upper().replace('-', '_')}": v
        for name, v in headers.items()
        if name.startswith("webhook")
    }

    def post(content, **changed):
        given = signed | changed
        return client.post(address, data=content, content_type="application/json", **given)

    forged = post(body.replace(b"order.", b"other."))
    assert (forged.status_code, WebhookDelivery.objects.count()) == (401, 0)
    assert Connection.objects.get().forged_webhooks == 1
    assert post(body, HTTP_WEBHOOK_SIGNATURE="v1,AAAA").status_code == 401
    with pytest.raises(NotPermitted):
        receive_webhook(
            at=now() + timedelta(minutes=6),
            webhook_id=Connection.objects.get().webhook_id,
            headers=headers,
            body=body,
        )
    assert post(body).json() == {"result": "accepted"}
    pull_what_webhooks_named()
    assert order_of(connection, code)["paid_minor"] == 1999 + 500
    assert post(body).json() == {"result": "repeated"}
    assert bytes(WebhookDelivery.objects.get().record) == b""
    shop.box.letters.clear()
    shop.keeper.refund(code, amount=2499, reason="broken")
    headers, body = shop.box.wait_for(b'"order.refunded"')
    signed = {
        f"HTTP_{name.upper().replace('-', '_')}": v
        for name, v in headers.items()
        if name.startswith("webhook")
    }
    assert post(body).json() == {"result": "accepted"}
    pull_what_webhooks_named()
    assert order_of(connection, code)["payment_status"] == "refunded"


def test_a_product_deleted_in_the_shop_is_closed_here(connection, shop):
    product = shop.keeper.product("Umbrella", facets=[])
    shop.keeper.variant(product, name="Umbrella", sku="UMB", price=999, stock=4)
    synchronise(connection)
    shop.keeper.withdraw(product)
    parts = synchronise(connection, at=now() + timedelta(days=8))
    assert (parts["products", "listed"].closed, parts["products", "listed"].note) == (1, "")
    gone = rows_of("products").row(by_predicate=pl.col("product_id") == "UMB", named=True)
    assert gone["is_active"] is False
    stock = rows_of("stock_levels").row(by_predicate=pl.col("product_id") == "UMB", named=True)
    assert (stock["on_hand"], stock["sellable"]) == (0, 0)
    assert parts["orders", "listed"].closed == 0


def test_wrong_credentials_are_refused_in_words_and_name_and_password_will_do(connection, shop):
    def add(**secrets):
        account = create_account(actor=SYSTEM, at=now(), name=f"Other {len(secrets)}", sales_channel="web")
        return create_connection(
            actor=SYSTEM,
            at=now(),
            account_id=account.id,
            system="vendure",
            settings={"address": shop.address, "username": "superadmin"},
            secrets=secrets,
        )

    with pytest.raises(Refused, match="refused the credentials"):
        add(api_key="wrong")
    assert Connection.objects.count() == 1
    assert add(password="superadmin", webhook_secret="").state == "active"
