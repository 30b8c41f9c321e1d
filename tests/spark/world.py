"""A lake that both engines read: some households of the supermarket year, and rows that engines like to disagree on."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import ibis
import pyarrow as pa

from shuke.lake import Lake
from shuke.science.simulation.supermarket import supermarket_year
from shuke.science.traits import TraitFacts, TraitSettings, member_traits
from shuke.sources.public.calendars import calendar_days
from shuke.tables import TABLES
from tests.science.conftest import arrow

AS_OF = date(2017, 12, 31)
CURRENCY = "USD"
HOUSEHOLDS = 40
#: Ends of months and years, a leap day, the last day and days after it; some twice, so that dates tie.
DAYS = [
    date(2016, 2, 29), date(2016, 12, 31), date(2017, 1, 1), date(2017, 1, 31), date(2017, 2, 28), date(2017, 3, 31),
    date(2017, 4, 30), date(2017, 4, 30), date(2017, 11, 30), date(2017, 12, 30), AS_OF, AS_OF, date(2018, 1, 1),
]  # fmt: skip
#: Texts that engines sort, fold or trim differently.
KEYS = [
    "k1",
    "K1",
    "k1 ",
    "客-一",
    "straße",
    "STRASSE",
    "😀",
    "é",
    "e\u0301",
    "",
    "a'b",
    'q"q',
    "back\\slash",
    "%_",
]
PERSONS = [f"{key}·{number}" for number in range(3) for key in KEYS]
CHANNELS = ["store", "web", "Store", "微信", "ß"]
STORES = [None, "s1", "S1", "s é", "s1"]
GOODS = [f"good {name}" for name in ("a", "A", "ä", "牛奶", "茶", "z", "unknown")]
PROPERTIES = [
    None, "{}", "[broken", '{"rating": "1d"}', '{"question": "how", "rating": "NaN"}',
    '{"question": "why", "answer": "price", "rating": 4}', '{"question":"why","answer":"质量","rating":"2.5"}',
    '{"question": "why", "answer": "", "rating": 9}',
]  # fmt: skip
#: Zero, ties, one unit, a loss after refunds, and sums that do not fit 53 bits.
AMOUNTS = [0, 0, 1, 100, 100, 250, 999, 9_007_199_254_740_993]
#: Dates and numbers that engines read out of a text differently, or not at all.
TEXTS = [
    "2017-03-31", "2017-02-30", "2017-2-3", "2017", "2017-05", " 2017-05-06 ", "2017-05-06T10:00:00", "20170506",
    "2017-05-06 10:00:00", "17-05-06", "", " ", "12-31", "02-29", "NaN", "inf", "1e3", "1d", "1f", "0x10", " 7 ",
    "1_000", "1,5", "-0", "+7", ".5", "5.", "1e400", "深圳", "Shenzhen ", "CN-440300", "吉林", "Suzhou", "true", "１２",
    "Tel Aviv", "\tTel Aviv\n", "half", "\x0b7\x0c",
]  # fmt: skip


def fill(lake: Lake) -> None:
    """Write every table.  The draw is fixed, so that a difference shows again."""
    rng = random.Random(20171231)
    year = supermarket_year(ibis.duckdb.connect())
    chosen = [f"h{number}" for number in range(1, HOUSEHOLDS * 60, 60)]
    for name in ("orders", "order_lines", "identity_map"):
        table = year.tables[name]
        _add(lake, name, table.filter(table.person_key.isin(chosen)).to_pyarrow())
    bought = year.tables["order_lines"].filter(lambda t: t.person_key.isin(chosen))
    _add(lake, "products", year.tables["products"].semi_join(bought, "product_id").to_pyarrow())
    for name, rows in _nasty(rng).items():
        _add(lake, name, arrow(name, rows))
    _add(lake, "calendar_days", calendar_days("US", first=date(2017, 1, 1), last=AS_OF))
    _add(lake, "calendar_days", calendar_days("CN", first=date(2017, 1, 1), last=AS_OF))
    with lake.read() as snapshot:
        facts = TraitFacts(**{name: snapshot.table(name) for name in TraitFacts.__dataclass_fields__})
        for day in (AS_OF - timedelta(days=1), AS_OF):
            traits = member_traits(facts, as_of=day, settings=TraitSettings(currency=CURRENCY))
            _add(lake, "traits", snapshot.connection.to_pyarrow(traits))


def _add(lake: Lake, name: str, rows: pa.Table) -> None:
    lake.append(name, rows.cast(TABLES[name].arrow_schema))


def _nasty(rng: random.Random) -> dict[str, list[dict[str, Any]]]:
    orders = [_order(rng, number) for number in range(600)]
    lines = [line for order in orders for line in _lines(rng, order)]
    return {
        "orders": orders,
        "order_lines": lines,
        "refunds": [_refund(rng, number, rng.choice(lines)) for number in range(150)],
        "products": _products(),
        "identity_map": _identities(rng),
        "member_attributes": _attributes(rng),
        "events": [_event(rng, number) for number in range(400)] + _list_events(),
        "messages": [_message(rng, number) for number in range(300)],
        "consents": [_consent(rng) for _ in range(300)],
        "exposures": [_exposure(rng) for _ in range(60)],
        "tier_memberships": _tiers(rng),
        "regions": _regions(),
        "stores": [
            {"store_id": store, "name": store, "region": region, "sales_channel": "store", "batch_id": "b"}
            for store, region in (("s1", "North"), ("S1", None), ("s é", "南"), ("391", "North"))
        ],
        "costs": [_cost(rng, number) for number in range(20)],
        "member_layers": list(_layers(rng)),
        "forecasts": list(_forecasts(rng)),
        "recommendation_lists": _recommendation_lists(),
        "due_dates": [_due(rng, f"m·{key}", good) for key in KEYS for good in ("c", "C", "茶")],
    }


def _moment(rng: random.Random) -> datetime:
    """Few different instants, some of them a microsecond apart, over all of ``DAYS``."""
    day = rng.choice(DAYS)
    at = datetime(day.year, day.month, day.day, rng.choice([0, 9, 9, 23]), 59, 59, tzinfo=UTC)
    return at + timedelta(microseconds=rng.choice([0, 0, 1, 999_999]))


def _order(rng: random.Random, number: int) -> dict[str, Any]:
    return {
        "order_id": f"t:{number}", "person_key": rng.choice([*PERSONS, "stranger"]), "placed_at": _moment(rng),
        "sales_channel": rng.choice(CHANNELS), "store_id": rng.choice(STORES), "paid_minor": rng.choice(AMOUNTS),
        "payment_status": rng.choice(["paid", "paid", "paid", "pending", "refunded", "void"]),
        "lifecycle_status": rng.choice(["completed", "completed", "open", "cancelled"]),
        "currency": rng.choice([CURRENCY, CURRENCY, CURRENCY, "CNY"]),
        "voucher_codes": rng.choice([None, [], ["a"], ["a", ""], ["券", "a"]]),
    }  # fmt: skip


def _lines(rng: random.Random, order: dict[str, Any]) -> list[dict[str, Any]]:
    shared = {
        key: order[key]
        for key in ("order_id", "person_key", "placed_at", "sales_channel", "store_id", "currency")
    }
    return [
        {
            **shared, "line_no": line, "product_id": rng.choice(GOODS), "quantity": rng.choice([0, 1, 3]),
            "paid_minor": rng.choice(AMOUNTS[:7]), "discount_minor": rng.choice([0, 0, 5]),
            "voucher_minor": rng.choice([0, 0, 7]), "is_gift": rng.random() < 0.15,
        }
        for line in range(1, rng.choice([1, 2, 2, 5]))
    ]  # fmt: skip


def _refund(rng: random.Random, number: int, line: dict[str, Any]) -> dict[str, Any]:
    return {
        "refund_id": f"r:{number}", "order_id": line["order_id"], "line_no": rng.choice([0, line["line_no"]]),
        "person_key": line["person_key"], "refunded_at": _moment(rng),
        "currency": rng.choice([CURRENCY, CURRENCY, "CNY"]),
        "amount_minor": rng.choice([0, 100, line["paid_minor"], line["paid_minor"]]),
    }  # fmt: skip


def _products() -> list[dict[str, Any]]:
    levels = itertools.cycle([(None, None), ("D", "c"), ("d", "C"), ("饮品", None), ("", "")])
    return [
        {"product_id": good, "name": good, "department": department, "category": category, "brand": None}
        for good, (department, category) in zip(GOODS[:-1], levels, strict=False)
    ]


def _identities(rng: random.Random) -> list[dict[str, Any]]:
    """Two keys of most members, keys that changed their member at one instant, and merged members."""
    started = datetime(2016, 1, 1, tzinfo=UTC)
    members = [f"m·{key}" for key in KEYS]
    rows = [
        {"person_key": key, "member_id": rng.choice(members),
         "valid_from": started + timedelta(days=rng.choice([0, 0, 9])),
         "kind": rng.choice(["email", "card", "phone"]), "draw": rng.randrange(2**31)}
        for key in [*PERSONS, *rng.sample(PERSONS, 20)]
    ]  # fmt: skip
    merged = [
        {"person_key": members[number], "member_id": members[number + 1], "kind": "member", "draw": number,
         "valid_from": started}
        for number in range(0, 6, 2)
    ]  # fmt: skip
    # The key of the lake is (person_key, valid_from): of two assignments at one instant the file keeps one.
    unique = {(row["person_key"], row["valid_from"]): row for row in [*rows, *merged]}
    return list(unique.values())


def _attributes(rng: random.Random) -> list[dict[str, Any]]:
    told = [
        {"person_key": rng.choice(PERSONS), "attribute": name, "value": value, "observed_at": _moment(rng),
         "source": rng.choice(["a", "b"])}
        for value in TEXTS
        for name in ("joined_on", "birthday", "city", "points", "birth_year", "gender", "satisfaction")
    ]  # fmt: skip
    # Households with a birthday each, so that anniversaries find somebody.
    household = [
        {"person_key": f"h{n}", "attribute": "birthday", "value": f"{n % 12 + 1:02}-{n % 28 + 1:02}"}
        for n in range(1, HOUSEHOLDS * 60, 60)
    ]
    joined = [
        {"person_key": f"h{n}", "attribute": "joined_on", "value": text}
        for n, text in zip(range(1, HOUSEHOLDS * 60, 60), TEXTS, strict=False)
    ]
    unique = {
        (r["person_key"], r["attribute"], r.get("observed_at")): r for r in [*told, *household, *joined]
    }
    return list(unique.values())


def _event(rng: random.Random, number: int) -> dict[str, Any]:
    at = _moment(rng)
    return {
        "message_id": f"e{number}", "person_key": rng.choice(PERSONS), "occurred_at": at, "received_at": at,
        "name": rng.choice(["view", "view", "cart", "pay", "Cart", "Survey Answered", "Product Reviewed"]),
        "properties": rng.choice(PROPERTIES),
        "source": rng.choice(["web", "app", "微信"]),
    }  # fmt: skip


def _recommendation_lists() -> list[dict[str, Any]]:
    """A draw of its own: what other tables drew stays."""
    rng = random.Random(5)
    return [
        {
            "list_id": f"l{number}", "slot": rng.choice(["home", "Home"]), "slot_version": 1, "experiment_id": "exp",
            "arm": rng.choice(["a", "A"]), "strategy": rng.choice(["s", "t"]),
            "fallback": rng.choice(["", "", "popular"]), "strategy_chance": rng.choice([1.0, 0.25, 0.0]),
            "person_key": rng.choice([*PERSONS, None, "stranger"]),
            "anonymous_id": rng.choice([None, "d1", ""]), "listed_at": (at := _moment(rng)),
            "product_ids": rng.sample(GOODS, rng.randrange(4)), "explored_place": rng.choice([None, 1]),
            "local_date": at.date(), "local_month": f"{at:%Y-%m}", "local_hour": at.hour,
        }
        for number in range(300)
    ]  # fmt: skip


def _list_events() -> list[dict[str, Any]]:
    """Some in time, at its very end, too late or before; of lists that there are and of others; some broken."""
    rng = random.Random(6)
    names = ["Product List Viewed", "Product Clicked", "Product Clicked", "Product Added"]
    found = []
    for number, row in enumerate(_recommendation_lists()):
        at = row["listed_at"] + timedelta(
            hours=rng.choice([0, 3, 24, -1]), microseconds=rng.choice([0, -1, 1, 999_999])
        )
        product = rng.choice([*row["product_ids"], "other", ""])
        text = rng.choice(
            [
                '{"list_id": "%s", "product_id": "%s"}',
                '{"list_id":"%s","product_id":"%s","x":[1]}',
                '{"list_id: %s %s',
            ]
        )
        found.append(
            {
                "message_id": f"le{number}", "person_key": rng.choice(PERSONS), "occurred_at": at, "received_at": at,
                "name": rng.choice(names), "properties": text % (row["list_id"], product), "source": "web",
            }
        )  # fmt: skip
    return found


def _message(rng: random.Random, number: int) -> dict[str, Any]:
    return {
        "message_id": f"x{number % 80}", "campaign_id": rng.choice([None, "c1", "C1"]),
        "channel": rng.choice(["email", "sms"]), "person_key": PERSONS[number % 80 % len(PERSONS)],
        "occurred_at": _moment(rng), "is_machine": rng.random() < 0.2,
        "event": rng.choice(["sent", "delivered", "opened", "clicked", "bounced"]),
    }  # fmt: skip


def _consent(rng: random.Random) -> dict[str, Any]:
    households = [f"m{n}" for n in range(1, HOUSEHOLDS * 60, 60)]
    at = _moment(rng)
    return {
        "member_id": rng.choice([*households, *(f"m·{key}" for key in KEYS)]),
        "channel": rng.choice(["email", "email", "sms"]), "purpose": rng.choice(["marketing", "marketing", "service"]),
        "decided_at": at, "state": rng.choice(["granted", "granted", "withdrawn", "void"]),
        "source": rng.choice(["shop", "web"]),
        "brand": rng.choice(["", "", "b"]), "recorded_at": at + timedelta(seconds=rng.choice([0, 0, 1])),
    }  # fmt: skip


def _exposure(rng: random.Random) -> dict[str, Any]:
    at = datetime(2017, 3, 31, 9, 59, 59, tzinfo=UTC) + timedelta(days=rng.choice([0, 0, 30]))
    return {
        "person_key": rng.choice(PERSONS), "arm": rng.choice(["control", "a", "b"]), "assigned_at": at,
        "eligible_at": at + timedelta(microseconds=rng.choice([0, 1])),
    }  # fmt: skip


def _tiers(rng: random.Random) -> list[dict[str, Any]]:
    at = datetime(2017, 1, 1, tzinfo=UTC)
    return [
        {
            "member_id": f"m·{key}", "program_id": "p", "number": number, "tier": rng.choice(["gold", "Gold", ""]),
            "from_date": rng.choice(DAYS), "through_date": rng.choice([None, AS_OF]), "why": "qualified", "version": 1,
            "count": 0, "recorded_at": at,
        }
        for key in KEYS
        for number in (1, 2)
    ]  # fmt: skip


def _cost(rng: random.Random, number: int) -> dict[str, Any]:
    return {
        "cost_id": f"k{number}", "campaign_id": rng.choice([None, "c1", "C1"]), "kind": "messages",
        "amount_minor": rng.choice(AMOUNTS[:7]), "currency": rng.choice([CURRENCY, CURRENCY, "CNY"]),
        "incurred_on": AS_OF,
    }  # fmt: skip


def _layers(rng: random.Random) -> Iterator[dict[str, Any]]:
    for day in (date(2017, 11, 30), date(2017, 12, 30), AS_OF):
        for member in rng.sample(KEYS, 10):
            layer = rng.choice(["high", "High", "低", ""])
            yield {
                "member_id": f"m·{member}",
                "as_of": day,
                "scheme": "value",
                "layer": layer,
                "score": rng.choice([None, 0.5]),
            }


def _due(rng: random.Random, member: str, category: str) -> dict[str, Any]:
    expected = AS_OF + timedelta(days=rng.choice([-20, 0, 1, 9, 10]))
    return {
        "member_id": member, "as_of": AS_OF, "category": category, "last_date": rng.choice(DAYS), "cycle_days": 7.5,
        "due_date": expected, "earliest": expected - timedelta(days=1), "latest": expected + timedelta(days=1),
        "purchases": 3,
    }  # fmt: skip


def _forecasts(rng: random.Random) -> Iterator[dict[str, Any]]:
    columns = [field.name for field in TABLES["forecasts"].arrow_schema]
    for study, item, week in itertools.product((AS_OF, AS_OF - timedelta(days=1)), "abß", range(4)):
        known = {
            "as_of": study, "origin_date": date(2017, 11, 30), "item": item, "level": "product", "is_rest": False,
            "measure": "quantity", "period_start": date(2017, 12, 4) + timedelta(days=7 * week), "step_days": 7,
            "horizon": week + 1, "mean": rng.random() * 100, "low": 10.0, "high": 60.0, "coverage": 0.8,
            "naive": rng.random() * 100, "method": "naive", "model": "naive",
        }  # fmt: skip
        yield {name: value for name, value in known.items() if name in columns}


def _regions() -> list[dict[str, Any]]:
    rows = [
        ("CN-440300", "CN", 2, "CN-44", "Shenzhen", "深圳市", "深圳"),
        ("CN-44", "CN", 1, None, "Guangdong", "广东省", "广东"),
        ("CN-22", "CN", 1, None, "Jilin", "吉林省", "吉林"),
        ("CN-220200", "CN", 2, "CN-22", "Jilin", "吉林市", "吉林"),
        ("CN-320500", "CN", 2, "CN-32", "Suzhou", "苏州市", "苏州"),
        ("CN-341300", "CN", 2, "CN-34", "Suzhou", "宿州市", "宿州"),
        ("IL-TA", "IL", 1, None, "Tel Aviv", None, None),
        ("DE-BY", "DE", 1, None, "Straße", None, None),
    ]
    names = ("region_id", "country", "level", "parent_id", "name", "name_zh", "short_zh")
    return [
        {
            **dict(zip(names, row, strict=True)),
            "kind": "city",
            "source": "t",
            "latitude": None,
            "longitude": 0.5,
        }
        for row in rows
    ]
