"""From records to events: clocks, ids, hostile values, identifiers that must not reach the lake."""

import json

import msgspec
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shuke.sources.collector.clock import SECOND, moment, occurred_at
from shuke.sources.collector.parts import faulty, frame_of, with_plain_facts
from shuke.sources.collector.personal import SUSPICIOUS, UnfitValue, without_identifiers
from shuke.sources.collector.reasons import REASONS
from shuke.sources.collector.records import Record
from shuke.sources.collector.unpacking import Unpacked, unpack

SOURCE = "src_0123456789abcdef"
NOW = 1_795_773_600_000_000  # 2026-11-27T10:00:00Z
GOOD = {"type": "track", "event": "Viewed", "userId": "good", "messageId": "good"}


def unpacked(*bodies: object, kind: bytes = b"b", role: str = "server") -> Unpacked:
    raw = [body if isinstance(body, bytes) else json.dumps(body).encode() for body in bodies]
    made = [
        Record(received_at=NOW, kind=kind, role=role, source=SOURCE, body=body, end=number)
        for number, body in enumerate(raw, start=1)
    ]
    return unpack(made, segment=1)


def judged(found: Unpacked) -> dict[str, str | None]:
    """Message ids with their faults, those of unpacking included."""
    frame = with_plain_facts(frame_of(found.rows), found)
    faults = dict(frame.select("message_id", "fault").iter_rows())
    return faults | {str(bad.shown.get("message_id")): bad.code for bad in found.bad}


@pytest.mark.parametrize(
    ("event", "code"),
    [
        ({"type": "track", "userId": "u"}, "no_name"),
        ({"type": "track", "event": "x"}, "no_person"),
        ({"type": "track", "event": "x", "userId": "undefined", "anonymousId": None}, "no_person"),
        ({"type": "buy", "userId": "u"}, "unknown_type"),
        ({"type": "track", "event": "x", "userId": ["u"]}, "wrong_field"),
        ({"type": "track", "event": "x", "userId": "u" * 256}, "id_too_long"),
        ({"type": "track", "event": "x" * 201, "userId": "u"}, "name_too_long"),
        ({"type": "track", "event": "x", "userId": "u\x00"}, "has_nul"),
        ({"type": "track", "event": "x", "userId": "u", "timestamp": "yesterday"}, "bad_time"),
        ({"type": "track", "event": "x", "userId": "u", "timestamp": "1970-01-01T00:00:01Z"}, "bad_time"),
        ({"type": "track", "event": "x", "userId": "u", "properties": {"n": 2**70}}, "number_too_large"),
        ({"type": "track", "event": "x", "userId": "u", "properties": {"n": ["a\x00"]}}, "has_nul"),
        ({"type": "track", "event": "x", "userId": "u", "properties": "text"}, "wrong_field"),
        ({"type": "track", "event": "x", "userId": "u", "context": [1]}, "wrong_field"),
        ({"type": "track", "event": "x", "userId": "u", "properties": {"p": "y" * 2**20}}, "too_large"),
    ],
)
def test_a_bad_event_is_put_aside_and_its_neighbours_are_kept(event, code):
    event = {**event, "messageId": "bad"}
    after = {**GOOD, "messageId": "after"}
    assert judged(unpacked({"batch": [GOOD, event, after]})) == {"good": None, "bad": code, "after": None}
    assert code in REASONS


def nested(depth: int) -> bytes:
    return b'{"a":' * depth + b"1" + b"}" * depth


@pytest.mark.parametrize(
    ("properties", "code"),
    [
        (nested(32), None),
        (nested(33), "too_deep"),
        (nested(600), "too_deep"),
        (b'{"a":"\xff"}', "not_utf8"),
        (b'{"a":1e999}', "number_too_large"),
        (b'{"a":"\\u0000"}', "has_nul"),
        (b'{"a":"\\\\u0000"}', None),
        (b"null", None),
    ],
)
def test_properties_that_nobody_could_keep(properties, code):
    event = b'{"type":"track","event":"x","userId":"u","messageId":"m","properties":' + properties + b"}"
    assert judged(unpacked(b'{"batch":[' + event + b"]}"))["m"] == code


def test_names_that_are_not_utf8_spoil_only_their_own_event():
    raw = b'{"batch":[' + json.dumps(GOOD).encode() + b',{"type":"track","event":"\xff","userId":"u"},7]}'
    found = unpacked(raw)
    assert [row[6] for row in found.rows] == ["good"]
    assert [(bad.index, bad.code) for bad in found.bad] == [(1, "not_utf8"), (2, "not_an_object")]


def test_what_one_call_brings_and_what_is_missing():
    found = unpacked({"event": "x", "anonymousId": 17}, kind=b"t")
    (row,) = found.rows
    assert row[4:9] == ("track", "x", "none-100000001-0", None, "17")
    assert row[9:11] == (NOW, NOW)
    assert unpacked({"anonymousId": "d", "name": None}, kind=b"p").rows[0][5] == "page"
    mended = {"kind": "t", "bad": [{"code": "not_a_number", "type": "track", "event": "x"}], "batch": []}
    assert [(bad.code, bad.shown) for bad in unpacked(mended, kind=b"q").bad] == [
        ("not_a_number", {"type": "track", "name": "x"})
    ]


def test_of_an_event_put_aside_only_its_shape_is_kept():
    event = {
        "type": "track",
        "event": "x",
        "messageId": "m",
        "properties": {"email": "ann@example.com", "n": 1},
    }
    (bad,) = unpacked({"batch": [event]}).bad
    assert "example" not in json.dumps(bad.shown)
    wrong = {**event, "userId": 1.5}
    (bad,) = unpacked({"batch": [wrong]}).bad
    assert bad.shown["shape"]["properties"] == {"email": "text", "n": "number"}
    assert "example" not in json.dumps(bad.shown)


def test_traits_that_lie_in_the_context_only():
    event = {"type": "identify", "userId": "u", "context": {"traits": {"plan": "gold"}}}
    (said,) = unpacked({"batch": [event]}).said
    assert json.loads(said.traits) == {"plan": "gold"}


@pytest.mark.parametrize(
    ("timestamp", "sent_at", "expected"),
    [
        ("2026-11-27T10:00:00.000Z", "2026-11-27T10:00:05Z", "2026-11-27T09:59:55Z"),
        ("2026-11-27T13:00:00+00:00", "2026-11-27T13:00:05Z", "2026-11-27T09:59:55Z"),
        ("2026-11-24T10:00:00Z", "2026-11-27T10:00:00Z", "2026-11-24T10:00:00Z"),
        ("2031-01-01T00:00:00Z", "2031-01-01T00:00:00Z", "2026-11-27T10:00:00Z"),
        ("2026-11-27T18:00:00+08:00", None, "2026-11-27T10:00:00Z"),
        ("2026-11-27T09:00:00", None, "2026-11-27T09:00:00Z"),
    ],
)
def test_clocks_of_senders(timestamp, sent_at, expected):
    found = occurred_at(moment(timestamp), sent_at=moment(sent_at), received_at=NOW)
    assert found == moment(expected)


def test_moments():
    assert moment(1_795_773_600) == moment(1_795_773_600_000) == NOW
    assert moment("2026-11-27T10:00:00.000001Z") == NOW + 1
    assert [moment(value) for value in ("", "x", None, True, -1, 1e30, {}, "0001-01-01T00:00:00Z")][:7] == [
        None
    ] * 7
    assert moment("2000-01-01T00:00:00Z") == 946_684_800 * SECOND


def test_direct_identifiers_do_not_pass():
    given_value = {
        "E-Mail": "x",
        "firstName": "Ann",
        "手机号": "x",
        "product": {"name": "Oil", "id": "sku"},
        "customer": {"name": "Ann", "id": 7, "segment": "gold"},
        "note": "write to ann@example.com",
        "tel_": "x",
        "call": "+44 20 7946 0018",
        "mobile_number_text": "138 0013 8000",
        "number": 13800138000,
        "order": "20261127001",
        "url": "https://shop.example/p?email=ann%40example.com#top",
        "list": ["ann@example.com", 1, {"ip": "10.0.0.1", "kept": True}],
    }
    assert without_identifiers(given_value) == {
        "product": {"name": "Oil", "id": "sku"},
        "customer": {"segment": "gold"},
        "order": "20261127001",
        "url": "https://shop.example/p",
        "list": [1, {"kept": True}],
    }
    assert without_identifiers({"name": "Ann", "plan": "gold"}, of_person=True) == {"plan": "gold"}


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**65), 2**65) | st.floats(allow_nan=False) | st.text(max_size=12)
    | st.sampled_from(["ann@example.com", "+8613800138000", "(138) 0013-8000", "a%40b.example", "0044 20 7946 0018"]),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(
        st.text(max_size=6) | st.sampled_from(["Email", "user", "na me", "first name", "手机", "_ip_", "DEVICE", "id"]),
        inner,
        max_size=4,
    ),
    max_leaves=8,
)  # fmt: skip


@settings(max_examples=50, deadline=None)
@given(
    st.dictionaries(st.text(max_size=5) | st.sampled_from(["Phone", "user", "id", "name"]), JSON, max_size=4),
    st.booleans(),
)
def test_the_glance_misses_nothing_that_the_careful_look_would_change(value, is_ascii):
    text = json.dumps(value, ensure_ascii=is_ascii) if is_ascii else msgspec.json.encode(value).decode()
    try:
        is_changed = without_identifiers(json.loads(text)) != json.loads(text)
    except UnfitValue:
        is_changed = True
    if is_changed or "\\u0000" in text:
        assert pl.Series([text]).str.contains(SUSPICIOUS).item()


def test_faulty_rows_tell_who_they_are():
    found = unpacked({"batch": [{**GOOD, "messageId": "ann@example.com", "properties": {"n": 2**70}}]})
    (bad,) = faulty(with_plain_facts(frame_of(found.rows), found))
    assert (bad.code, bad.index, bad.position) == ("number_too_large", 0, (1 << 32) + 1)
    assert bad.shown == {"type": "track", "name": "Viewed"}
