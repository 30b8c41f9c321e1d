"""WooCommerce through the whole frame: from its answers and webhooks into the lake and the members."""

import base64
import hashlib
import hmac
import json
from datetime import timedelta

import polars as pl
import pytest

from shuke.apps.connections.models import Connection, SyncRun, WebhookDelivery
from shuke.apps.connections.operations import create_account, create_connection, request_sync, run_sync
from shuke.apps.connections.queries import sync_run
from shuke.apps.identity.models import Identifier
from shuke.platform.clock import now
from shuke.platform.permissions import SYSTEM
from shuke.platform.retailer.operations import change_retailer
from shuke.platform.warehouse import lake
from tests.sources.standin import serving
from tests.sources.woocommerce.shop import HOOK_SECRET, KEY, SECRET, START, Shop, line, order

pytestmark = pytest.mark.xdist_group("woocommerce")


@pytest.fixture
def shop():
    shop = Shop()
    shop.put("orders", order(1, customer_id=0))
    shop.put(
        "orders", order(2, at=START + timedelta(minutes=1), line_items=[line(21), line(22)], total="22.00")
    )
    shop.put("customers", {
        "id": 26, "date_created_gmt": "2025-12-31T23:00:00", "email": "ann@example.com", "first_name": "Ann",
        "last_name": "Buyer", "role": "customer", "is_paying_customer": True, "billing": {"phone": "+33612345678"},
    })  # fmt: skip
    return shop


@pytest.fixture
def connection(db, lake_home, settings, tmp_path, shop):
    settings.SHUKE_HOME = tmp_path
    change_retailer(actor=SYSTEM, at=now(), time_zone="Europe/Paris", currency="USD")
    account = create_account(actor=SYSTEM, at=now(), name="Woo", sales_channel="web", region="FR")
    with serving(shop) as address:
        yield create_connection(
            actor=SYSTEM,
            at=now(),
            account_id=account.id,
            system="woocommerce",
            settings={"address": address},
            secrets={"consumer_key": KEY, "consumer_secret": SECRET, "webhook_secret": HOOK_SECRET},
            pace={"requests_per_second": 0},
        )


def synchronise(connection):
    started = request_sync(actor=SYSTEM, at=now(), connection_id=connection.id)
    done = sync_run(started.id)
    if done.is_open:
        done = run_sync(at=now(), run_id=started.id)
    assert (done.state, done.error_message) == ("done", "")
    return {(part.stream, part.part): part for part in done.parts}


def pull_what_webhooks_named():
    """Runs that webhooks queued, which a worker would do."""
    for run in SyncRun.objects.filter(state="queued"):
        run_sync(at=now(), run_id=run.public_id)


def rows_of(table):
    with lake().read() as snapshot:
        return snapshot.table(table).to_polars()


def test_orders_find_their_members_and_a_second_run_changes_nothing(connection, shop):
    synchronise(connection)
    orders = rows_of("orders").sort("order_id")
    assert orders["paid_minor"].to_list() == [1600, 2200]
    kinds = {i.person_key: i.kind for i in Identifier.objects.all()}
    assert [kinds[key] for key in orders["person_key"]] == ["email", "external"]
    owners = {i.member_id for i in Identifier.objects.filter(kind__in=("external", "email"))}
    assert len(owners) == 1, "the guest's address is that of the customer"
    assert "9999" not in json.dumps(orders.to_dicts(), default=str)
    again = synchronise(connection)
    assert [(part.new, part.corrected) for part in again.values()] == [(0, 0)] * len(again)


def test_a_line_taken_off_an_order_counts_no_longer(connection, shop):
    synchronise(connection)
    shop.put("orders", order(2, at=START + timedelta(minutes=9), line_items=[line(21)]))
    synchronise(connection)
    mine = pl.col("order_id").str.ends_with(":2")
    assert rows_of("orders").filter(mine)["paid_minor"].to_list() == [1600]
    lines = rows_of("order_lines").filter(mine).sort("line_no")
    assert lines["paid_minor"].to_list() == [600, 0]


def test_a_partial_refund_is_landed_and_the_sale_stays(connection, shop):
    synchronise(connection)
    shop.refund(1, refund_id=50, amount="4.50", at=START + timedelta(hours=2), lines=[])
    synchronise(connection)
    refunds = rows_of("refunds")
    assert refunds.select("line_no", "amount_minor").rows() == [(0, 450)]
    sale = rows_of("orders").filter(pl.col("order_id").str.ends_with(":1"))
    assert sale.select("paid_minor", "payment_status").rows() == [(1600, "partially_refunded")]


def test_webhooks_through_the_address(connection, shop, client):
    synchronise(connection)
    address = "/" + connection.webhook_url.split("/", 3)[3]

    def post(content, *, secret=HOOK_SECRET, delivery="same", kind="application/json"):
        signature = base64.b64encode(hmac.new(secret.encode(), content, hashlib.sha256).digest()).decode()
        return client.post(
            address, data=content, content_type=kind, HTTP_X_WC_WEBHOOK_SIGNATURE=signature,
            HTTP_X_WC_WEBHOOK_RESOURCE="order", HTTP_X_WC_WEBHOOK_DELIVERY_ID=delivery,
        )  # fmt: skip

    ping = client.post(address, data=b"webhook_id=12", content_type="application/x-www-form-urlencoded")
    assert (ping.status_code, ping.json(), WebhookDelivery.objects.count()) == (200, {"result": "ping"}, 0)
    paid = json.dumps(order(3)).encode()
    assert post(paid, secret="guessed").status_code == 401
    assert (Connection.objects.get().forged_webhooks, WebhookDelivery.objects.count()) == (1, 0)

    shop.put("orders", order(3, status="pending", date_paid_gmt=None))
    waiting = json.dumps(shop.records["orders"][3]).encode()
    assert post(waiting).json() == {"result": "accepted"}
    pull_what_webhooks_named()
    assert status_of(3) == "pending"
    assert post(waiting).json() == {"result": "repeated"}
    shop.put("orders", order(3))
    assert post(paid).json() == {"result": "accepted"}, "one delivery id came with two bodies"
    pull_what_webhooks_named()
    assert status_of(3) == "paid"
    assert b"ann@example.com" not in b"".join(bytes(d.record) for d in WebhookDelivery.objects.all())


def status_of(number):
    found = rows_of("orders").filter(pl.col("order_id").str.ends_with(f":{number}"))
    return found["payment_status"].item()


def test_a_body_that_lies_is_not_believed_because_the_shop_is_asked(connection, shop, client):
    """Even who knows the secret can only name a record."""
    synchronise(connection)
    address = "/" + connection.webhook_url.split("/", 3)[3]
    body = json.dumps(order(1, total="9999.00", status="cancelled")).encode()
    signature = base64.b64encode(hmac.new(HOOK_SECRET.encode(), body, hashlib.sha256).digest()).decode()
    answer = client.post(
        address, data=body, content_type="application/json", HTTP_X_WC_WEBHOOK_SIGNATURE=signature,
        HTTP_X_WC_WEBHOOK_RESOURCE="order", HTTP_X_WC_WEBHOOK_DELIVERY_ID="d",
    )  # fmt: skip
    assert answer.json() == {"result": "accepted"}
    pull_what_webhooks_named()
    assert rows_of("orders").filter(pl.col("order_id").str.ends_with(":1"))["paid_minor"].item() == 1600
