"""SQL, templates, markup, formulas and header lines in every field: kept as text, never executed."""

import csv
import io
from datetime import UTC, datetime

import polars as pl
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shuke.apps.channels.adapters.contract import Outgoing
from shuke.apps.channels.adapters.email.composition import BadHeader, compose, sender
from shuke.apps.identity.operations import register_members
from shuke.apps.identity.queries import find_members
from shuke.apps.identity.schemas import MemberRegistration
from shuke.apps.members.models import Member
from shuke.apps.members.queries.directory import Wanted, directory
from shuke.apps.members.queries.timeline import Cut, timeline
from shuke.apps.members.schemas import MemberProfile
from shuke.lake import Lake
from shuke.platform.clock import now
from shuke.platform.outbox.relay import drain
from shuke.platform.retailer.queries import retailer
from shuke.platform.warehouse import lake
from shuke.sources.files.exporting import csv_lines, harmless
from shuke.tables import TABLES
from tests.browser.shop import open_shop
from tests.security.conftest import INJECTIONS, rows_held

AT = datetime(2026, 3, 1, 12, tzinfo=UTC)
#: Keys as they look, with everything behind them.
KEYS = [
    f"per_5gypmepessjk1mz{number}{text}"
    for number, text in enumerate(("", "'", "''", "\\'", *INJECTIONS[:10]))
]
#: What may stand at the start of a cell only if a spreadsheet would not run it.
RUN_BY_SPREADSHEETS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def test_search_filters_and_paging_take_everything_as_text(client_of, bearer, client, lake_home):
    """No injection finds more than nothing, and none is a fault."""
    shop = open_shop()
    browser = client_of("administrator")
    before = rows_held()
    for text in INJECTIONS[::4]:
        for wanted in ({"q": text}, dict.fromkeys(("stage", "segment", "channel"), text)):
            answer = browser.get(
                "/members/", wanted | dict.fromkeys(("bought", "audience", "sort", "page"), text)
            )
            assert answer.status_code == 200, text
            assert shop[0] not in answer.text, text
        everything = dict.fromkeys(
            ("kind", "channel", "until", "skip", "actor", "verb", "subject", "category", "q"), text
        )
        for path in (
            f"/members/{shop[0]}/timeline/",
            "/settings/audit/",
            "/products/",
            "/messages/",
            "/campaigns/",
        ):
            assert browser.get(path, everything).status_code == 200, (path, text)
        asked = {"q": text[:200], "stage": text[:20], "channel": text[:40]}
        assert client.get("/api/v1/members", asked, headers=bearer).json()["total"] == 0, text
        path = f"/api/v1/members/{text[:20].replace('/', '')}"
        assert client.get(path, headers=bearer).status_code in {404, 405}
    assert rows_held() == before


def test_audience_conditions_take_everything_as_text(bearer, client, lake_home):
    shop = open_shop()
    assert len(shop) == 4
    for text in INJECTIONS[::4]:
        leaves = (
            {"type": "trait", "field": text[:60], "operator": "eq", "value": "x"},
            {"type": "trait", "field": "lifecycle_stage", "operator": "eq", "value": text},
            {"type": "trait", "field": "lifecycle_stage", "operator": text[:20], "value": "x"},
            {"type": "attribute", "field": "city", "operator": "contains", "value": text},
            {"type": text[:20]},
        )
        for leaf in leaves:
            body = {"conditions": {"type": "all", "children": [leaf]}, "name": text[:100]}
            answer = client.post(
                "/api/v1/audiences/evaluate", body, content_type="application/json", headers=bearer
            )
            assert answer.status_code in {200, 422}, (text, leaf, answer.text[:300])
            if answer.status_code == 200:
                assert answer.json()["size"] == 0, (text, leaf)


def test_names_are_shown_as_text(client_of, lake_home):
    """A member, an attribute, a product, a store and an event that are called like markup and templates."""
    evil = "<script>alert(1)</script>{{ 7*7 }}"
    row = MemberRegistration(
        row_no=1,
        identifiers={"card": "C1", "email": "a@example.com"},
        profile=MemberProfile(name=evil),
        attributes={"city": evil, evil: "x"},
    )
    register_members(at=now(), account="tills", source=evil[:60], region="CN", registrations=[row])
    drain()
    (member_id,) = find_members("a@example.com")
    key = lake().read().__enter__().table("identity_map").person_key.to_pyarrow()[0].as_py()
    plain = {
        "id": evil,
        "text": evil,
        "int": 1,
        "minor": 1,
        "bool": True,
        "float": 0.0,
        "ts": AT,
        "date": AT.date(),
    }
    for table in ("events", "orders", "order_lines", "products", "stores", "messages", "voucher_events"):
        filled = {c.name: plain.get(c.type, None if c.nullable else []) for c in TABLES[table].columns}
        filled |= {"person_key": key} if "person_key" in filled else {}
        filled |= {"local_month": "2026-03"} if "local_month" in filled else {}
        filled |= {"currency": "CNY"} if "currency" in filled else {}
        filled |= {"properties": '{"name": "<script>alert(2)</script>"}'} if table == "events" else {}
        lake().append(table, pa.Table.from_pylist([filled], schema=TABLES[table].arrow_schema))
    browser = client_of("administrator")
    pages = [
        browser.get(f"/members/{member_id}/"),
        browser.get(f"/members/{member_id}/timeline/"),
        browser.post(f"/members/{member_id}/unmask/"),
        browser.get("/products/"),
    ]
    for page in pages:
        assert page.status_code == 200
        assert "<script>alert" not in page.text
        assert "{{ 7*7 }}" in page.text or "49" not in page.text
    assert "&lt;script&gt;" in pages[1].text
    assert "&lt;script&gt;" in pages[2].text


@settings(max_examples=10, deadline=None, suppress_health_check=list(HealthCheck))
@given(wanted=st.lists(st.sampled_from(KEYS), min_size=1, max_size=4))
def test_erasing_by_a_hostile_key_takes_that_key_only(tmp_path_factory, wanted):
    """The keys of an erasure stand in SQL; whatever they say, only rows with exactly them go."""
    store = Lake(tmp_path_factory.mktemp("lake"))
    keys = sorted(KEYS)
    rows = [{"person_key": k, "member_id": "m", "kind": "card", "valid_from": AT, "draw": 1} for k in keys]
    store.append("identity_map", pa.Table.from_pylist(rows, schema=TABLES["identity_map"].arrow_schema))
    store.delete_persons(wanted)
    with store.read() as snapshot:
        left = snapshot.table("identity_map").person_key.to_pyarrow().to_pylist()
    assert sorted(left) == [key for key in keys if key not in set(wanted)]


@settings(max_examples=50, deadline=None)
@given(st.text(max_size=30))
def test_a_cell_that_a_spreadsheet_would_run_gets_a_quote(text):
    for start in ("", *RUN_BY_SPREADSHEETS):
        cell = harmless(start + text)
        is_number = cell.lstrip("+-").replace(".", "", 1).isdigit()
        assert not cell.startswith(RUN_BY_SPREADSHEETS) or is_number
        assert cell in {start + text, "'" + start + text}


def test_what_is_exported_comes_back_as_it_was_written():
    rows = [[text, "-3.5", "+49", "1;2", 'say "no"\n'] for text in INJECTIONS]
    data = b"".join(csv_lines(["=name", "n", "p", "s", "q"], rows)).decode("utf-8-sig")
    back = list(csv.reader(io.StringIO(data, newline="")))
    assert back[0][0] == "'=name"
    assert [
        [cell.removeprefix("'") if cell[1:2] in RUN_BY_SPREADSHEETS else cell for cell in row]
        for row in back[1:]
    ] == [
        [cell.removeprefix("'") if cell[1:2] in RUN_BY_SPREADSHEETS else cell for cell in row] for row in rows
    ]
    assert all(row[1] == "-3.5" for row in back[1:])


def outgoing(**changed):
    plain = {
        "message_id": "msg_1", "address": "a@example.com", "subject": "Hello", "text": "Hi", "html": "<p>Hi</p>",
        "unsubscribe_url": "https://shop.example/u/x", "queued_at": AT,
    }  # fmt: skip
    fields = {name: value for name, value in plain.items() if name in Outgoing.__dataclass_fields__}
    return Outgoing(**fields | changed)


BREAKS = (
    "\r\nBcc: all@example.com",
    "\nBcc: all@example.com",
    "\rX: y",
    "\x00",
    "\x0bX",
    "\x85X: y",
    "\u2028X: y",
)


@pytest.mark.parametrize("tail", BREAKS)
def test_no_field_of_a_letter_adds_a_header(tail):
    from_ = sender("Shop", "shop@example.com")
    for field in ("subject", "address", "unsubscribe_url"):
        try:
            mail = compose(outgoing(**{field: getattr(outgoing(), field) + tail}), from_=from_)
        except BadHeader:
            continue
        head = mail.split(b"\r\n\r\n")[0]
        assert not any(line.lower().startswith((b"bcc:", b"x:")) for line in head.splitlines())
    for name, address in (("Shop" + tail, "shop@example.com"), ("Shop", "shop@example.com" + tail)):
        try:
            mail = compose(outgoing(), from_=sender(name, address))
        except BadHeader:
            continue
        assert b"\nBcc:" not in mail.split(b"\r\n\r\n")[0]


def test_the_sender_of_the_settings_takes_no_line_break(client_of, lake_home):
    browser, before = client_of("administrator"), retailer()
    form = before.model_dump() | {"sender_address": "shop@example.com"}
    for field in ("sender_name", "sender_address"):
        answer = browser.post("/settings/", form | {field: "Shop\r\nBcc: all@example.com"})
        assert answer.status_code in {302, 422}
        assert "\n" not in retailer().sender_name + retailer().sender_address
        assert "\r" not in retailer().sender_name + retailer().sender_address


def test_a_hostile_member_list_is_taken_as_text(db, lake_home):
    """Every injection as a name, an attribute and a card number: each becomes exactly one member."""
    registrations = [
        MemberRegistration(
            row_no=number,
            identifiers={"card": text[:60]},
            profile=MemberProfile(name=text[:200]),
            attributes={"city": text[:200]},
        )
        for number, text in enumerate(INJECTIONS, start=1)
    ]
    register_members(at=AT, account="tills", source="test", region="CN", registrations=registrations)
    drain()
    assert Member.objects.count() == len(INJECTIONS)
    rows, total = directory(wanted=Wanted(sort="newest"), limit=50, offset=0)
    assert total == len(rows) == len(INJECTIONS)
    told = pl.from_arrow(lake().read().__enter__().table("member_attributes").to_pyarrow())
    assert set(told["value"]) == {text[:200] for text in INJECTIONS}
    assert all(timeline(member_id=row.id, cut=Cut()) for row in rows)
