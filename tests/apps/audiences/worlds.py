"""Small worlds of canonical rows, as Ibis tables and as plain rows, and conditions drawn at random."""

# ruff: noqa: E501  (rows of tables read better on one line each)

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import ibis
import pyarrow as pa
from hypothesis import strategies as st

from shuke.apps.audiences.rules import AudienceFacts
from shuke.tables import TABLES

TODAY = date(2026, 3, 1)
Rows = list[dict[str, Any]]
World = dict[str, Rows]

DEFAULTS: dict[str, dict[str, Any]] = {
    "orders": {
        "sales_channel": "store", "channel_account_id": "a", "payment_status": "paid", "fulfilment_status": "delivered",
        "lifecycle_status": "completed", "currency": "CNY", "goods_minor": 0, "discount_merchant_minor": 0,
        "discount_platform_minor": 0, "shipping_minor": 0, "tax_minor": 0, "points_spent": 0, "source": "t", "batch_id": "b",
    },
    "order_lines": {
        "sales_channel": "store", "quantity": 1, "list_minor": 0, "discount_minor": 0, "voucher_minor": 0,
        "currency": "CNY", "is_gift": False, "batch_id": "b",
    },
    "refunds": {"line_no": 0, "quantity": 0, "currency": "CNY", "batch_id": "b"},
    "products": {"name": "p", "is_active": True, "batch_id": "b"},
    "identity_map": {"kind": "card", "draw": 0, "valid_from": datetime(2020, 1, 1, tzinfo=UTC)},
    "member_attributes": {"source": "t", "observed_at": datetime(2020, 1, 1, tzinfo=UTC)},
    "events": {"source": "web", "type": "track"},
    "messages": {"channel": "email", "is_machine": False},
    "consents": {"source": "t", "purpose": "marketing"},
    "tier_memberships": {
        "program_id": "p", "why": "qualified", "version": 1, "count": 0,
        "recorded_at": datetime(2026, 1, 1, tzinfo=UTC),
    },
    "member_layers": {"as_of": TODAY, "scheme": "rfm"},
    "due_dates": {"as_of": TODAY, "last_date": TODAY, "cycle_days": 7.0, "earliest": TODAY, "purchases": 3},
    "traits": {
        "as_of": TODAY, "frequency": 0, "monetary_minor": 0, "orders_total": 0, "spend_total_minor": 0,
        "lifecycle_stage": "active",
    },
}  # fmt: skip


def on(days_ago: int, hour: int = 12) -> datetime:
    """An instant of the day so many days before today, UTC; negative days lie in the future."""
    return datetime.combine(TODAY - timedelta(days=days_ago), time(hour), UTC)


def filled(name: str, row: dict[str, Any]) -> dict[str, Any]:
    """The row with sensible values for what it leaves out."""
    row = {**DEFAULTS[name], **row}
    at = next(
        (row[k] for k in ("placed_at", "refunded_at", "occurred_at", "received_at") if row.get(k)), None
    )
    if at is not None:
        row = {"local_date": at.date(), "local_month": f"{at:%Y-%m}", "local_hour": at.hour, **row}
    return row


def arrow(name: str, rows: Sequence[dict[str, Any]]) -> pa.Table:
    """Rows as the lake's table ``name``."""
    schema = pa.schema([pa.field(f.name, f.type) for f in TABLES[name].arrow_schema])
    return pa.Table.from_pylist([filled(name, row) for row in rows], schema=schema)


def facts_of(world: World, **others: Any) -> AudienceFacts:
    """The world as facts for the compiler."""
    names = [name for name in AudienceFacts.__dataclass_fields__ if name in TABLES]
    stopped = pa.Table.from_pylist(
        world.get("suppressions", []),
        schema=pa.schema([("member_id", pa.string()), ("channel", pa.string())]),
    )
    tables = {name: ibis.memtable(arrow(name, world.get(name, []))) for name in names}
    return AudienceFacts(**tables, suppressions=ibis.memtable(stopped), today=TODAY, currency="CNY", **others)


KEYS = ["k0", "k1", "k2", "k3", "k4", "unknown"]
MEMBERS = ["m0", "m1", "m2"]
OWNERS = {"k0": "m0", "k1": "m0", "k2": "m1", "k3": "m2"}
days = st.integers(-2, 40)
hours = st.sampled_from([8, 12, 20])
keys = st.sampled_from(KEYS)


@st.composite
def worlds(draw: st.DrawFn) -> World:
    """Four members at most, with a little of everything: gifts, refunds, cancelled, future, unowned, merged."""
    world: World = {name: [] for name in DEFAULTS}
    world["identity_map"] = [
        {"person_key": key, "member_id": owner, "kind": draw(st.sampled_from(["card", "email", "phone"])),
         "draw": draw(st.integers(0, 2**31 - 1))}
        for key, owner in OWNERS.items()
    ]  # fmt: skip
    if draw(st.booleans()):  # A key that moved to another member later.
        moved = {
            **world["identity_map"][1],
            "member_id": "m1",
            "valid_from": datetime(2021, 1, 1, tzinfo=UTC),
        }
        world["identity_map"].append(moved)
    world["products"] = [
        {"product_id": "p0", "department": "food", "category": "tea", "brand": "A"},
        {"product_id": "p1", "department": "food", "category": None, "brand": "B"},
        {"product_id": "p2", "department": None, "category": "soap", "brand": None},
    ]
    for number in range(draw(st.integers(0, 7))):
        _add_order(draw, world, number)
    for number in range(draw(st.integers(0, 5))):
        at = on(draw(days), draw(hours))
        world["events"].append(
            {"message_id": f"e{number}", "name": draw(st.sampled_from(["view", "cart"])), "person_key": draw(keys),
             "occurred_at": at, "received_at": at}
        )  # fmt: skip
    for _ in range(draw(st.integers(0, 6))):
        world["messages"].append(
            {"message_id": draw(st.sampled_from(["x", "y"])), "person_key": draw(st.sampled_from(["k0", "k2"])),
             "campaign_id": draw(st.sampled_from(["c1", "c2", None])), "channel": draw(st.sampled_from(["email", "sms"])),
             "event": draw(st.sampled_from(["queued", "sent", "delivered", "opened", "clicked", "bounced"])),
             "is_machine": draw(st.booleans()), "occurred_at": on(draw(days), draw(hours))}
        )  # fmt: skip
    _add_profile(draw, world)
    return world


def _add_order(draw: st.DrawFn, world: World, number: int) -> None:
    at, key, order_id = on(draw(days), draw(hours)), draw(keys), f"o{number}"
    currency = draw(st.sampled_from(["CNY", "CNY", "USD"]))
    money = st.integers(0, 500)
    world["orders"].append(
        {"order_id": order_id, "person_key": key, "placed_at": at, "paid_minor": draw(money), "currency": currency,
         "store_id": draw(st.sampled_from(["s1", "s2", None])), "sales_channel": draw(st.sampled_from(["store", "web"])),
         "lifecycle_status": draw(st.sampled_from(["completed", "completed", "open", "cancelled"])),
         "payment_status": draw(st.sampled_from(["paid", "paid", "pending", "void", "refunded"]))}
    )  # fmt: skip
    for line_no in range(1, draw(st.integers(0, 3)) + 1):
        world["order_lines"].append(
            {"order_id": order_id, "line_no": line_no, "person_key": key, "placed_at": at, "currency": currency,
             "product_id": draw(st.sampled_from(["p0", "p1", "p2", "gone"])), "paid_minor": draw(money),
             "is_gift": draw(st.booleans())}
        )  # fmt: skip
    if draw(st.booleans()):
        world["refunds"].append(
            {"refund_id": f"r{number}", "order_id": order_id, "line_no": draw(st.integers(0, 2)), "person_key": key,
             "refunded_at": on(draw(st.integers(-2, 5))), "amount_minor": draw(money),
             "currency": draw(st.sampled_from(["CNY", "USD"]))}
        )  # fmt: skip


def _add_profile(draw: st.DrawFn, world: World) -> None:
    texts = st.sampled_from(["03-01", "03-05", "02-29", "01-15", "7", "12.5", "Shanghai", "seven"])
    for number in range(draw(st.integers(0, 5))):
        world["member_attributes"].append(
            {"person_key": draw(keys), "attribute": draw(st.sampled_from(["birthday", "size"])), "value": draw(texts),
             "observed_at": datetime(2020, 1, 1 + number, tzinfo=UTC)}
        )  # fmt: skip
    for number in range(draw(st.integers(0, 4))):
        world["consents"].append(
            {"member_id": draw(st.sampled_from(MEMBERS)), "channel": draw(st.sampled_from(["email", "sms"])),
             "state": draw(st.sampled_from(["granted", "withdrawn"])), "decided_at": datetime(2020, 1, 1 + number, tzinfo=UTC)}
        )  # fmt: skip
    for member_id in MEMBERS:
        from_date = on(draw(st.integers(30, 60))).date()
        for number in range(1, draw(st.integers(0, 3)) + 1):
            world["tier_memberships"].append(
                {"member_id": member_id, "number": number, "tier": draw(st.sampled_from(["silver", "gold", ""])),
                 "program_id": draw(st.sampled_from(["p", "q"])), "from_date": from_date}
            )  # fmt: skip
            from_date += timedelta(days=draw(st.integers(0, 40)))
    for scheme in ("rfm", "need"):
        for days_ago in draw(st.sets(st.sampled_from([-1, 0, 1, 7, 8, 30]))):
            for member_id in draw(st.lists(st.sampled_from(MEMBERS), unique=True)):
                world["member_layers"].append(
                    {"member_id": member_id, "scheme": scheme, "as_of": on(days_ago).date(),
                     "layer": draw(st.sampled_from(["a", "b", "c"]))}
                )  # fmt: skip
    for days_ago in draw(st.sets(st.sampled_from([-1, 0, 1, 2]))):
        for member_id, category in draw(
            st.sets(st.tuples(st.sampled_from(MEMBERS), st.sampled_from(["tea", "soap", "pot"])))
        ):
            due_in = draw(st.integers(-5, 12))
            world["due_dates"].append(
                {"member_id": member_id, "category": category, "as_of": on(days_ago).date(),
                 "due_date": on(-due_in).date(), "latest": on(-due_in - draw(st.integers(0, 4))).date()}
            )  # fmt: skip
    world["suppressions"] = draw(
        st.lists(
            st.fixed_dictionaries({"member_id": st.sampled_from(MEMBERS), "channel": st.just("email")}),
            max_size=1,
        )
    )
    for member_id in draw(st.lists(st.sampled_from(MEMBERS), unique=True)):
        base = {"member_id": member_id, "frequency": draw(st.integers(0, 4)), "recency_days": draw(st.none() | st.integers(0, 9)),
                "favourite_category": draw(st.sampled_from([None, "tea", "teapot", "soap"])),
                "last_order_date": draw(st.none() | days.map(lambda n: on(n).date())),
                "discount_share": draw(st.sampled_from([None, 0.0, 0.5, 1.0]))}  # fmt: skip
        world["traits"].append(base)
        world["traits"].append({**base, "as_of": TODAY - timedelta(days=1), "frequency": 9})
        world["traits"].append({**base, "as_of": TODAY + timedelta(days=1), "frequency": 8})


windows = st.one_of(
    st.just({"type": "ever"}),
    st.integers(1, 40).map(lambda n: {"type": "last_days", "days": n}),
    st.tuples(st.integers(-3, 40), st.integers(0, 20)).map(
        lambda p: {"type": "between", "start": str(on(p[0] + p[1]).date()), "end": str(on(p[0]).date())}
    ),
)
comparisons = st.one_of(
    st.fixed_dictionaries(
        {
            "operator": st.sampled_from(["eq", "ne", "lt", "le", "gt", "ge"]),
            "value": st.sampled_from([0, 1, 2, 200, -50]),
        }
    ),
    st.tuples(st.integers(0, 2), st.integers(0, 300)).map(
        lambda p: {"operator": "between", "value": p[0], "high": p[0] + p[1]}
    ),
)
goods = st.fixed_dictionaries(
    {},
    optional={
        "product_ids": st.lists(st.sampled_from(["p0", "p1", "gone"]), max_size=2),
        "departments": st.lists(st.sampled_from(["food"]), max_size=1),
        "categories": st.lists(st.sampled_from(["tea", "soap"]), max_size=2),
        "brands": st.lists(st.sampled_from(["A", "B"]), max_size=2),
    },
)
filters = {
    "goods": goods,
    "store_ids": st.lists(st.sampled_from(["s1", "s2"]), max_size=1),
    "sales_channels": st.lists(st.sampled_from(["web"]), max_size=1),
}
names = st.lists(st.sampled_from(["view", "cart"]), min_size=1, max_size=2, unique=True)
campaigns = {
    "event": st.sampled_from(["received", "opened", "clicked", "bounced"]),
    "campaign_ids": st.lists(st.sampled_from(["c1", "c2"]), max_size=1),
    "channels": st.lists(st.sampled_from(["email", "sms"]), max_size=1),
}
steps = st.one_of(
    st.fixed_dictionaries({"type": st.just("purchase"), **filters}),
    st.fixed_dictionaries({"type": st.just("event"), "names": names}),
    st.fixed_dictionaries({"type": st.just("message"), **campaigns}),
)


def _node(kind: str, **fields: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({"type": st.just(kind), **fields})


def _compare(
    kind: str, key: str, name: str, operators: list[str], values: list[Any]
) -> st.SearchStrategy[Any]:
    value = st.sampled_from(values)
    return st.one_of(
        _node(kind, operator=st.sampled_from(operators), value=value).map(lambda n: {**n, key: name}),
        st.just({"type": kind, key: name, "operator": "is_known"}),
    )


ORDERS = ["eq", "ne", "lt", "le", "gt", "ge"]
layer_lists = st.lists(st.sampled_from(["a", "b", "c"]), min_size=1, max_size=2, unique=True)
leaves = st.one_of(
    _compare("trait", "field", "frequency", ORDERS, [0, 1, 2, 8, 9]),
    _compare("trait", "field", "recency_days", ORDERS, [0, 3, 9]),
    _compare("trait", "field", "favourite_category", ["eq", "ne", "contains", "starts_with"], ["tea", "pot", "%"]),
    _compare("trait", "field", "discount_share", ORDERS, [0, 0.5]),
    _compare("trait", "field", "last_order_date", ORDERS, [str(on(n).date()) for n in (0, 10, 30)]),
    _compare("trait", "field", "last_order_date", ["last_days"], [1, 10, 30]),
    _compare("attribute", "name", "size", ["eq", "ne", "contains", "starts_with"], ["7", "se", "Shanghai"]),
    _compare("attribute", "name", "size", ORDERS, [7, 12.5, 0]),
    _node("trait", field=st.just("favourite_category"), operator=st.just("in"), values=st.just(["tea", "soap"])),
    _node("trait", field=st.just("frequency"), operator=st.just("between"), value=st.just(1), high=st.just(3)),
    _node("attribute", name=st.just("size"), operator=st.just("in"), values=st.just([7, 12.5])),
    _node(
        "purchase", did=st.booleans(), measure=st.sampled_from(["count", "sum", "first", "last"]),
        comparison=comparisons, window=windows, **filters,
    ),
    _node(
        "event", did=st.booleans(), measure=st.sampled_from(["count", "first", "last"]), comparison=comparisons,
        window=windows, names=names,
    ),
    _node("message", did=st.booleans(), window=windows, **campaigns),
    _node("sequence", first=steps, then=steps, within_days=st.integers(0, 20), window=windows),
    _node("audience", audience_id=st.sampled_from(["aud_a", "aud_b"])),
    _node("consent", channel=st.sampled_from(["email", "sms"]), state=st.sampled_from(["granted", "withdrawn", "unknown"])),
    _node(
        "tier", did=st.booleans(),
        tiers=st.lists(st.sampled_from(["p:silver", "p:gold", "q:gold", "gold"]), min_size=1, max_size=2),
    ),
    _node("layer", scheme=st.sampled_from(["rfm", "need", "gone"]), layers=layer_lists, did=st.booleans()),
    _node(
        "moved", scheme=st.sampled_from(["rfm", "need"]), from_layers=layer_lists, to_layers=layer_lists,
        days=st.sampled_from([1, 7, 30]),
    ),
    _node(
        "due", categories=st.lists(st.sampled_from(["tea", "soap", "pot"]), max_size=2),
        state=st.sampled_from(["due", "overdue"]), within_days=st.sampled_from([1, 3, 7]),
    ),
    _node("reachable", channel=st.sampled_from(["email", "sms", "console"])),
    _node("anniversary", within_days=st.sampled_from([0, 3, 365])),
    _node("share", basis_points=st.sampled_from([1, 3000, 7000, 10_000]), salt=st.sampled_from(["a", "b"])),
    _node("members", member_ids=st.lists(st.sampled_from([*MEMBERS, "nobody"]), min_size=1, max_size=3)),
)  # fmt: skip
trees = st.recursive(
    leaves,
    lambda inner: st.one_of(
        _node("all", children=st.lists(inner, max_size=3)),
        _node("any", children=st.lists(inner, max_size=3)),
        _node("not", child=inner),
    ),
    max_leaves=5,
)
