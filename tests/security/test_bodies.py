"""Hostile bodies at every operation of the API that takes one: a clear refusal, and nothing has changed."""

import json
from collections.abc import Iterator
from functools import cache

import pytest

from shuke.config.api import api
from tests.security.conftest import rows_held

DEEP = 50_000
#: Name → (bytes, content type).
BODIES: dict[str, tuple[bytes, str]] = {
    "nothing": (b"", "application/json"),
    "no JSON": (b"{", "application/json"),
    "a list": (b"[1, 2]", "application/json"),
    "a number": (b"7", "application/json"),
    "null": (b"null", "application/json"),
    "deep lists": (b"[" * DEEP + b"]" * DEEP, "application/json"),
    "deep objects": (b'{"a":' * DEEP + b"1" + b"}" * DEEP, "application/json"),
    "deep conditions": (
        b'{"name": "x", "conditions": ' + b'{"type": "not", "child": ' * 200 + b"{}" + b"}" * 200 + b"}",
        "application/json",
    ),
    "not a number": (b'{"name": NaN, "value": Infinity}', "application/json"),
    "beyond 64 bits": (b'{"name": 1180591620717411303424}', "application/json"),
    "a very long number": (b'{"name": ' + b"9" * 5_000 + b"}", "application/json"),
    "NUL": (b'{"name": "a\\u0000b"}', "application/json"),
    "half a surrogate pair": (b'{"name": "\\ud800"}', "application/json"),
    "no UTF-8": (b'{"name": "\xff\xfe"}', "application/json"),
    "UTF-16": ('{"name": [1]}'.encode("utf-16"), "application/json"),
    "the same key twice": (b'{"name": "a", "name": {"b": 1}}', "application/json"),
    "a prototype": (
        b'{"__proto__": {"a": 1}, "constructor": {"b": 2}, "__class__": "x"}',
        "application/json",
    ),
    "a form": (b"name=x&name=y", "application/x-www-form-urlencoded"),
    "XML": (b'<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><x>&e;</x>', "application/xml"),
    "a torn form": (b"--x\r\nContent-Disposition: form-data; name=", "multipart/form-data; boundary=x"),
    "a form without a boundary": (b"x", "multipart/form-data"),
    "compressed": (b"\x1f\x8b\x08\x00\x00\x00\x00\x00", "application/json"),
    "an unknown encoding": (b'{"name": [1]}', "application/json; charset=klingon"),
    "too large": (b'{"name": "' + b"x" * (3 << 20) + b'"}', "application/json"),
}


@cache
def operations() -> tuple[tuple[str, str], ...]:
    """(method, path) of every operation that takes a body, with an unknown id in its address; the document is dear."""
    return tuple(_operations())


def _operations() -> Iterator[tuple[str, str]]:
    for path, methods in api.get_openapi_schema()["paths"].items():
        for method, operation in methods.items():
            if "requestBody" in operation:
                filled = path
                while "{" in filled:
                    filled = filled[: filled.index("{")] + "x1" + filled[filled.index("}") + 1 :]
                yield method, filled


def test_the_sweep_sees_the_api():
    assert len(operations()) >= 12


@pytest.mark.parametrize("name", BODIES)
def test_every_operation_refuses_it(name, bearer, client, lake_home):
    body, kind = BODIES[name]
    before, wrong = rows_held(), []
    for method, path in operations():
        answer = client.generic(method.upper(), path, data=body, content_type=kind, headers=bearer)
        is_refused = 400 <= answer.status_code < 500
        is_problem = is_refused and {"code", "message"} <= set(json.loads(answer.content))
        if not is_problem:
            wrong.append((method, path, answer.status_code, answer.content[:100]))
    assert wrong == []
    assert rows_held() == before


def test_a_deep_or_large_query_is_refused(bearer, client, lake_home):
    for query in (
        "limit=-1",
        "limit=1e9",
        "limit=%00",
        "offset=99999999999999999999",
        "q=%00",
        "q=%ff%fe",
        "q=" + "x" * 5_000,
    ):
        answer = client.get(f"/api/v1/members?{query}", headers=bearer)
        assert answer.status_code in {200, 400, 422}, (query, answer.status_code)
    assert client.get("/api/v1/members/" + "x" * 5_000, headers=bearer).status_code == 404
    assert client.get("/api/v1/members/%00", headers=bearer).status_code == 404
    assert client.get("/api/v1/members/%2e%2e%2f%2e%2e%2fetc%2fpasswd", headers=bearer).status_code == 404


def test_the_ends_of_the_calendar_are_refused(bearer, client, lake_home):
    """There the next month, or the same moment in another time zone, does not exist."""
    costs = "/api/v1/points-finance/gift/costs"
    for moment in ("0001-01-01T00:00:00Z", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00"):
        at = moment.replace("+", "%2B")
        for path in ("members/x1/points/gift", "points-finance/gift", "points-finance/gift/months"):
            assert client.get(f"/api/v1/{path}?at={at}", headers=bearer).status_code == 422
        body = json.dumps({"member_id": "x1", "event": "Review", "occurred_at": moment})
        headers = {**bearer, "Idempotency-Key": "calendar"}
        told = client.post("/api/v1/earning/events", body, content_type="application/json", headers=headers)
        assert told.status_code == 422
        cost = json.dumps({"valid_from": moment[:10], "minor": 1, "points": 100})
        assert client.post(costs, cost, content_type="application/json", headers=bearer).status_code == 422
    endless = f"/api/v1/recommendations/bundles?offset={10**30}"
    assert client.get(endless, headers=bearer).status_code == 422
