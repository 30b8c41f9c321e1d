"""Shopify through the whole frame: into the lake, with its consents, by schedule and by webhook."""

import base64
import hashlib
import hmac
import json
from datetime import timedelta

import polars as pl
import pytest

from shuke.apps.connections.models import Connection, SyncRun
from shuke.apps.connections.operations import create_account, create_connection, request_sync, run_sync
from shuke.apps.connections.queries import sync_run
from shuke.apps.identity.models import Identifier
from shuke.platform.clock import now
from shuke.platform.permissions import SYSTEM
from shuke.platform.retailer.operations import change_retailer
from shuke.platform.warehouse import lake
from tests.sources.shopify.shop import CLIENT_SECRET, START, TOKEN, Shop, bag, gid, line, order, stamp
from tests.sources.standin import serving

pytestmark = pytest.mark.xdist_group("shopify")


@pytest.fixture
def shop():
    shop = Shop(held=100_000, size=100_000)
    shop.put("orders", order(1, lines=[line(101, price="4.00"), line(102, price="6.00", sku="CUP")]))
    shop.put("customers", {
        "id": gid("Customer", 7), "firstName": "Ann", "lastName": "Buyer", "createdAt": "2025-12-31T23:00:00Z",
        "updatedAt": stamp(START), "defaultAddress": None, "defaultPhoneNumber": None,
        "defaultEmailAddress": {"emailAddress": "ann@example.com", "marketingState": "SUBSCRIBED"},
    })  # fmt: skip
    return shop


@pytest.fixture
def connection(db, lake_home, settings, tmp_path, shop):
    settings.SHUKE_HOME = tmp_path
    change_retailer(actor=SYSTEM, at=now(), time_zone="Europe/Paris", currency="EUR")
    account = create_account(actor=SYSTEM, at=now(), name="Shop", sales_channel="web", region="FR")
    with serving(shop) as address:
        yield create_connection(
            actor=SYSTEM,
            at=now(),
            account_id=account.id,
            system="shopify",
            settings={"address": address, "version": "2026-07"},
            secrets={"access_token": TOKEN, "client_secret": CLIENT_SECRET},
            pace={"requests_per_second": 0},
        )


def synchronise(connection):
    started = request_sync(actor=SYSTEM, at=now(), connection_id=connection.id)
    done = sync_run(started.id)
    if done.is_open:
        done = run_sync(at=now(), run_id=started.id)
    assert (done.state, done.error_message) == ("done", "")
    return {(part.stream, part.part): part for part in done.parts}


def rows_of(table):
    with lake().read() as snapshot:
        return snapshot.table(table).to_polars()


def test_orders_refunds_and_members_land_and_a_second_run_changes_nothing(connection, shop):
    synchronise(connection)
    sale = rows_of("orders").row(0, named=True)
    assert (sale["order_id"], sale["paid_minor"], sale["shipping_minor"]) == (
        f"{connection.account_id}:#1001",
        1500,
        500,
    )
    owner = Identifier.objects.get(person_key=sale["person_key"])
    assert (owner.kind, owner.member.identifiers.filter(kind="email").count()) == ("external", 1)
    assert set(rows_of("order_lines")["product_id"]) == {"shopify:1101", "CUP"}
    later = START + timedelta(hours=1)
    back = {"quantity": 1, "lineItem": {"id": gid("LineItem", 102)}, "subtotalSet": bag("6.00"),
            "totalTaxSet": bag("0.00")}  # fmt: skip
    shop.records["orders"][1] |= {"updatedAt": stamp(later), "refunds": [
        {"id": gid("Refund", 5), "createdAt": stamp(later), "totalRefundedSet": bag("6.00"),
         "refundLineItems": [back]}]}  # fmt: skip
    synchronise(connection)
    assert rows_of("refunds").select("line_no", "quantity", "amount_minor").rows() == [(2, 1, 600)]
    assert rows_of("orders")["payment_status"].to_list() == ["partially_refunded"]
    again = synchronise(connection)
    assert [(part.new, part.corrected) for part in again.values()] == [(0, 0)] * len(again)


def test_a_signed_webhook_brings_its_order_and_a_forged_one_nothing(connection, shop, client):
    synchronise(connection)
    address = "/" + connection.webhook_url.split("/", 3)[3]
    shop.put("orders", order(2))

    def post(content, *, secret=CLIENT_SECRET):
        signature = base64.b64encode(hmac.new(secret.encode(), content, hashlib.sha256).digest()).decode()
        return client.post(
            address, data=content, content_type="application/json", HTTP_X_SHOPIFY_HMAC_SHA256=signature,
            HTTP_X_SHOPIFY_TOPIC="orders/create", HTTP_X_SHOPIFY_WEBHOOK_ID="w1",
        )  # fmt: skip

    body = json.dumps({"id": 2, "email": "ann@example.com"}).encode()
    assert post(body, secret="guessed").status_code == 401
    assert Connection.objects.get().forged_webhooks == 1
    assert [post(body).json()["result"] for _time in range(2)] == ["accepted", "repeated"]
    for run in SyncRun.objects.filter(state="queued"):
        run_sync(at=now(), run_id=run.public_id)
    assert rows_of("orders").filter(pl.col("order_id").str.ends_with(":#1002")).height == 1
