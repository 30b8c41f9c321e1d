"""One timeline of everything: kinds, filters, total order, what apps add."""

import json
from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pytest
from django.test import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shuke.apps.identity.queries import person_keys_of
from shuke.apps.members.queries.timeline import KINDS, READERS, Cut, following, timeline, timeline_channels
from shuke.apps.members.queries.timeline.talking import shown_properties
from shuke.platform.accounts.models import User
from shuke.platform.accounts.operations import create_user
from shuke.platform.clock import now
from shuke.platform.permissions import SYSTEM
from shuke.platform.warehouse import lake
from shuke.tables import TABLES
from shuke.web import panels
from shuke.web.panels import TimelineItem, TimelineKind, register_timeline_kind
from tests.browser.shop import remembered_shop

AT = datetime(2026, 3, 1, 12, tzinfo=UTC)


def fill(table, rows):
    """Rows with something plain in every column that must not be empty."""
    plain = {
        "id": "x",
        "text": "x",
        "int": 0,
        "minor": 0,
        "bool": True,
        "float": 0.0,
        "ts": AT,
        "date": AT.date(),
    }
    filled = [
        {c.name: None if c.nullable else plain.get(c.type) for c in TABLES[table].columns}
        | ({"local_month": "2026-03"} if "local_month" in TABLES[table].column_names else {})
        | row
        for row in rows
    ]
    lake().append(table, pa.Table.from_pylist(filled, schema=TABLES[table].arrow_schema))


@pytest.fixture
def shop(db, lake_home):
    return remembered_shop(lake_home)


@pytest.fixture
def key(db, lake_home):
    """The key of mem_a, of whom only the lake knows."""
    fill("identity_map", [{"person_key": "k", "member_id": "mem_a", "kind": "card", "valid_from": AT}])
    return "k"


def read_in_parts(member_id, *, size, **wanted):
    cut, parts = Cut(limit=size, **wanted), []
    while cut is not None:
        entries = timeline(member_id=member_id, cut=cut)
        parts += entries
        cut = following(cut, entries)
    return parts


def test_it_pages_back_without_gap_or_repeat(shop):
    whole = timeline(member_id=shop[0], cut=Cut(limit=200))
    kinds = [entry.kind for entry in whole]
    assert (kinds.count("order"), kinds.count("consent"), kinds.count("identity")) == (10, 1, 2)
    assert whole == sorted(whole, key=lambda entry: entry.at, reverse=True)
    for size in (3, 50):
        assert read_in_parts(shop[0], size=size) == whole
    assert {entry.kind for entry in timeline(member_id=shop[0], cut=Cut(kind="order"))} == {"order"}


@settings(max_examples=6, deadline=None, suppress_health_check=list(HealthCheck))
@given(minutes=st.lists(st.integers(0, 1), min_size=4, max_size=12), size=st.integers(2, 6))
def test_many_entries_of_one_instant_are_each_shown_once(db, tmp_path_factory, minutes, size):
    """Whatever shares an instant: the parts together are the whole, in one order."""
    from django.test import override_settings

    with override_settings(LAKE_ROOT=str(tmp_path_factory.mktemp("lake"))):
        fill("identity_map", [{"person_key": "k", "member_id": "mem_a", "kind": "card", "valid_from": AT}])
        events = [
            {
                "message_id": f"e{n}",
                "source": "s",
                "person_key": "k",
                "occurred_at": AT + timedelta(minutes=m),
            }
            for n, m in enumerate(minutes)
        ]
        fill("events", events)
        fill(
            "voucher_events",
            [
                {
                    "voucher_id": f"v{n}",
                    "person_key": "k",
                    "event": "issued",
                    "occurred_at": AT + timedelta(minutes=m),
                }
                for n, m in enumerate(minutes[:5])
            ],
        )
        whole = timeline(member_id="mem_a", cut=Cut(limit=200))
        assert len(whole) == len(minutes) + min(len(minutes), 5) + 1
        assert read_in_parts("mem_a", size=size) == whole


def test_an_order_names_its_goods_and_what_became_of_the_money(key):
    fill(
        "orders",
        [{"order_id": "big", "person_key": key, "placed_at": AT, "sales_channel": "web", "currency": "CNY",
          "paid_minor": 900, "payment_status": "partially_refunded", "lifecycle_status": "completed",
          "store_id": "s1"}],
    )  # fmt: skip
    fill("stores", [{"store_id": "s1", "name": "Riverside"}])
    fill("products", [{"product_id": f"p{n}", "name": f"Tea {n}"} for n in range(3)])
    fill(
        "order_lines",
        [
            {
                "order_id": "big",
                "line_no": n,
                "person_key": key,
                "placed_at": AT,
                "product_id": product,
                "paid_minor": paid,
            }
            for n, (product, paid) in enumerate([("p0", 100), ("p1", 500), ("p2", 200), ("p9", 100)], start=1)
        ],
    )
    found = next(e for e in timeline(member_id="mem_a", cut=Cut(until=AT)) if e.reference == "big")
    assert found.goods == ["Tea 1", "Tea 2", "Tea 0"]
    assert (found.goods_more, found.detail, found.status) == (1, "Riverside", "partially_refunded")


def test_a_message_is_one_entry_with_its_steps(key):
    fill(
        "messages",
        [
            {
                "message_id": "m",
                "person_key": key,
                "channel": "email",
                "event": event,
                "occurred_at": AT + timedelta(hours=h),
            }
            for event, h in (("queued", 0), ("sent", 0), ("delivered", 1), ("opened", 5))
        ],
    )
    found = timeline(member_id="mem_a", cut=Cut(kind="message"))
    assert [(e.what, e.steps, e.at) for e in found] == [
        ("opened", ["queued", "sent", "delivered", "opened"], AT + timedelta(hours=5))
    ]


def test_the_channel_narrows_orders_messages_and_consents(key):
    fill(
        "messages",
        [{"message_id": "m", "person_key": key, "channel": "sms", "event": "sent", "occurred_at": AT}],
    )
    fill("orders", [{"order_id": "o", "person_key": key, "placed_at": AT, "sales_channel": "store"}])
    fill("consents", [{"member_id": "mem_a", "channel": "email", "state": "granted", "decided_at": AT}])
    assert timeline_channels(member_id="mem_a") == ["sms", "store"]
    for channel, kind in (("store", "order"), ("sms", "message"), ("email", "consent")):
        assert {e.kind for e in timeline(member_id="mem_a", cut=Cut(channel=channel))} == {kind}
    assert timeline(member_id="mem_a", cut=Cut(channel="' OR 1=1 --")) == []


def test_only_the_control_arm_is_told(key):
    fill(
        "exposures",
        [
            {"experiment_id": f"x-{arm}", "person_key": key, "arm": arm, "assigned_at": AT, "eligible_at": AT}
            for arm in ("control", "letter")
        ],
    )
    assert [e.reference for e in timeline(member_id="mem_a", cut=Cut(kind="exposure"))] == ["x-control"]


def test_nobody_sees_what_is_somebody_elses(key):
    fill(
        "events",
        [{"message_id": "e", "source": "s", "person_key": "other", "name": "Secret", "occurred_at": AT}],
    )
    assert "Secret" not in {e.what for e in timeline(member_id="mem_a", cut=Cut(limit=200))}
    assert timeline(member_id="mem_none", cut=Cut(limit=200)) == []


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (None, {}),
        ("", {}),
        ("not json", {}),
        ("[1, 2]", {}),
        ("[" * 100_000, {}),
        (json.dumps({"name": "Tea", "x": 1, "price": 3}), {"name": "Tea", "price": "3"}),
        (json.dumps({"name": "x" * 500})[:600], {"name": "x" * 80}),
        (json.dumps({"name": {"a": 1}, "quantity": True}), {}),
        (
            json.dumps({n: n for n in ("url", "path", "price", "sku", "name")}),
            {"name": "name", "sku": "sku", "price": "price"},
        ),
    ],
)  # fmt: skip
def test_properties_that_are_shown(text, shown):
    assert shown_properties(text) == shown


def client_of(role):
    view = create_user(actor=SYSTEM, at=now(), username=role, password="correct horse 9", role=role)
    client = Client()
    client.force_login(User.objects.get(public_id=view.id))
    return client


@pytest.fixture
def tickets(monkeypatch):
    """An app above that adds a kind; only who holds its permission sees it."""
    monkeypatch.setattr(panels, "_KINDS", {})

    def read(member_id, until, limit):
        items = [
            TimelineItem(
                at=AT, what="opened", title=f"Ticket of {member_id}", url="/tickets/1/", reference="t1"
            )
        ]
        return [item for item in items if until is None or item.at <= until][:limit]

    kind = TimelineKind(
        name="ticket", label="Tickets", icon="help-circle", permission="audit.view", read=read
    )
    register_timeline_kind(kind)


def test_an_app_adds_a_kind(shop, tickets):
    address = f"/members/{shop[0]}/timeline/"
    page = client_of("administrator").get(address, {"kind": "ticket"}).text
    assert f"Ticket of {shop[0]}" in page
    assert 'href="/tickets/1/"' in page
    assert "Bought for" not in page
    hidden = client_of("viewer").get(address, {"kind": "ticket"}).text
    assert "Ticket of" not in hidden
    assert "Tickets" not in hidden


def test_the_fragment_goes_on_where_it_ended(shop):
    client = client_of("viewer")
    first = client.get(f"/members/{shop[0]}/timeline/").text
    assert "Bought for" in first
    assert "Known by: Member card" in first
    fill(
        "events",
        [
            {"message_id": f"e{n:02}", "source": "s", "person_key": person_keys_of(shop[0])[0], "type": "page",
             "name": f"Page {n:02}", "occurred_at": AT, "properties": "{}"}
            for n in range(50)
        ],
    )  # fmt: skip
    seen, address = [], f"/members/{shop[0]}/timeline/?kind=event"
    while address:
        text = client.get(address).text
        seen += [f"Page {n:02}" for n in range(50) if f"Looked at Page {n:02}" in text]
        address = text.split('timeline-more"><button class="btn btn-sm" type="button" hx-get="')[-1].split(
            '"'
        )[0]
        address = address.replace("&amp;", "&") if "until" in address else ""
    assert seen == [f"Page {n:02}" for n in range(50)]


def test_every_kind_has_a_reader_and_a_place():
    assert set(KINDS) == set(READERS)
