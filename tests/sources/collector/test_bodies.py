"""What of a body can be read, whatever one event in it holds."""

import gzip
import json
import zlib

import pytest

from shuke.sources.collector.bodies import MOST_EVENTS, UnreadableBody, call_kind, read_body
from shuke.sources.collector.compression import BodyTooLarge, DamagedBody, UnknownEncoding, inflated

GOOD = b'{"type":"track","event":"Viewed","userId":"1","messageId":"good"}'


def batch(*events: bytes, tail: bytes = b"") -> bytes:
    return b'{"batch":[' + b",".join(events) + b"]" + tail + b"}"


@pytest.mark.parametrize(
    ("event", "code"),
    [
        (b'{"type":"track","messageId":"m","properties":{"x":NaN,"y":"}],"}}', "not_a_number"),
        (b'{"type":"track","messageId":"m","properties":{"x":-Infinity}}', "not_a_number"),
        (b'{"type":"track","messageId":"m","event":"\\ud83d"}', "not_unicode"),
        (b'{"messageId":"m","a":' + b"[" * 5000 + b"]" * 5000 + b"}", "too_deep"),
        (b'{"type":"track","messageId":"m","event":"a\x00b"}', "not_json"),
        (b'{"type":"track","messageId":"m","n":01}', "not_json"),
        (b'{"type":"track","messageId":"m","e":"\xff","n":NaN}', "not_a_number"),
        (b"[1,NaN]", "not_an_object"),
    ],
)
def test_one_event_that_is_no_json_leaves_its_neighbours(event, code):
    body = read_body(batch(GOOD, event, GOOD, tail=b',"sentAt":"2026-11-27","writeKey":"wk"'), kind=b"b")
    kept = json.loads(body.content)
    assert (body.kind, body.count, body.write_key) == (b"q", 3, "wk")
    assert [item["messageId"] for item in kept["batch"]] == ["good", "good"]
    assert [fault["code"] for fault in kept["bad"]] == [code]
    assert kept["sentAt"] == "2026-11-27"


def test_a_sound_body_is_kept_byte_by_byte():
    content = batch(GOOD, b'{"n":1180591620717411303424,"e":"\xff"}')
    body = read_body(content, kind=b"b")
    assert (body.kind, body.content, body.count) == (b"b", content, 2)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"null",
        b"[]",
        b"{}",
        b'{"batch":null}',
        b'{"batch":{}}',
        b"\x00\x01\xfe",
        batch(GOOD)[:-3],
        b"{not json}",
    ],
)
def test_what_holds_nothing_readable_is_refused(content):
    with pytest.raises(UnreadableBody) as refusal:
        read_body(content, kind=b"b")
    assert refusal.value.code == "not_json"


def test_a_call_with_a_number_that_is_none_is_kept_and_tells_its_key():
    body = read_body(b'{"event":"x","messageId":"m","writeKey":"wk","p":NaN}', kind=b"t")
    assert (body.kind, body.count, body.write_key) == (b"q", 1, "wk")
    assert b"wk" not in body.content
    with pytest.raises(UnreadableBody):
        read_body(b"{not json}", kind=b"t")


def test_too_many_events_and_brackets_without_end_are_refused():
    with pytest.raises(UnreadableBody) as refusal:
        read_body(batch(*[b"{}"] * (MOST_EVENTS + 1)), kind=b"b")
    assert refusal.value.code == "too_many_events"
    with pytest.raises(UnreadableBody):
        read_body(b'{"batch":[' + b"[" * 2_000_001, kind=b"b")


def test_paths():
    assert [call_kind(path) for path in ("/v1/batch", "/v1/b", "/v1/track", "/v1/p", "/v1/alias")] == [
        b"b", b"b", b"t", b"p", b"a",
    ]  # fmt: skip
    assert [call_kind(path) for path in ("/v1", "/v2/batch", "/batch", "/v1/batch/x", "")] == [None] * 5


def test_compression_is_undone():
    content = batch(GOOD)
    raw = zlib.compressobj(wbits=-15)
    for encoding, data in (
        ("gzip", gzip.compress(content)),
        ("GZIP", gzip.compress(content[:20]) + gzip.compress(content[20:])),
        ("deflate", zlib.compress(content)),
        ("deflate", raw.compress(content) + raw.flush()),
        ("identity", content),
        ("", content),
    ):
        assert inflated(data, encoding=encoding, limit=1000) == content


def test_a_bomb_is_not_unpacked():
    bomb = gzip.compress(bytes(200_000_000), 9)
    assert len(bomb) < 200_000
    with pytest.raises(BodyTooLarge):
        inflated(bomb, encoding="gzip", limit=10 * 2**20)
    many = gzip.compress(bytes(900_000)) * 20
    with pytest.raises(BodyTooLarge):
        inflated(many, encoding="gzip", limit=10 * 2**20)
    assert len(inflated(gzip.compress(bytes(1000)), encoding="gzip", limit=1000)) == 1000


def test_damaged_compression_is_told():
    for data in (b"", b"no gzip", gzip.compress(b"cut off" * 100)[:-9], gzip.compress(b"a") + b"tail"):
        with pytest.raises(DamagedBody):
            inflated(data, encoding="gzip", limit=1000)


def test_other_encodings_are_told():
    with pytest.raises(UnknownEncoding):
        inflated(b"x", encoding="br", limit=1000)
