"""What strangers throw at the collector's port: each a clear answer, and honest senders are served meanwhile."""

import base64
import gzip
import json
import socket
import zlib
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.systems.sdks.conftest import House

pytestmark = pytest.mark.slow
GOOD = {"type": "track", "event": "Fine", "userId": "u", "messageId": "m"}


@pytest.fixture
def client(house: House) -> Any:
    # A new connection each time: the collector may hang up on one that carried something hostile.
    limits = httpx.Limits(max_keepalive_connections=0)
    with httpx.Client(base_url=house.url, timeout=60, limits=limits) as client:
        yield client


def basic(key: str) -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(f"{key}:".encode()).decode()}


@pytest.fixture
def headers(house: House) -> dict[str, str]:
    return basic(house.keys["hostile"][1])


def is_refusal(answer: httpx.Response, *statuses: int) -> bool:
    """A named status, and JSON with a code and a sentence."""
    body = answer.json()
    assert answer.status_code in statuses, (answer.status_code, body)
    assert body["code"]
    assert len(body["message"]) > 10
    return True


def still_serves(client: httpx.Client, headers: dict[str, str]) -> bool:
    answer = client.post("/v1/batch", json={"batch": [GOOD]}, headers=headers)
    assert (answer.status_code, answer.json()) == (200, {"success": True})
    return True


def bomb(megabytes: int, layers: int = 1) -> bytes:
    """A gzip of nothing but spaces."""
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    body = b"".join(packer.compress(b" " * 2**20) for _number in range(megabytes)) + packer.flush()
    for _layer in range(layers - 1):
        body = gzip.compress(body)
    return body


@pytest.mark.parametrize(("megabytes", "layers"), [(11, 1), (150, 1), (50, 2)])
def test_bombs_are_refused_without_being_unpacked(client, headers, house, megabytes, layers):
    packed = bomb(megabytes, layers)
    assert len(packed) < 200_000
    before = memory(house)
    encoding = ", ".join(["gzip"] * layers)
    answer = client.post("/v1/batch", content=packed, headers=headers | {"Content-Encoding": encoding})
    assert is_refusal(answer, 413, 415, 400)
    # 150 MB were never held: the process grew by no more than a few bodies.
    assert memory(house) - before < 80 * 2**20
    assert still_serves(client, headers)


def memory(house: House) -> int:
    """Resident bytes of the collector."""
    fields = Path(f"/proc/{house.processes['collector'].pid}/statm").read_text().split()
    return int(fields[1]) * 4096


def test_a_body_over_the_limit_is_refused_whether_it_says_so_or_not(client, headers):
    body = b'{"batch": [' + b" " * (11 * 2**20) + b"]}"
    assert is_refusal(client.post("/v1/batch", content=body, headers=headers), 413)
    pieces = (body[start : start + 2**16] for start in range(0, len(body), 2**16))
    # Cut off while it was still sending: as good as an answer.
    with suppress(httpx.WriteError, httpx.ReadError, httpx.RemoteProtocolError):
        assert is_refusal(client.post("/v1/batch", content=pieces, headers=headers), 413)
    lying = b"POST /v1/batch HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999999999\r\n\r\n"
    assert raw(client, lying) != 200
    assert still_serves(client, headers)


def raw(client: httpx.Client, request: bytes) -> int:
    """The status of the answer to bytes as they are; 0 if the connection was just closed."""
    with socket.create_connection((client.base_url.host, client.base_url.port), timeout=30) as link:
        link.sendall(request)
        answer = link.recv(4096)
    return int(answer.split()[1]) if answer.startswith(b"HTTP/") else 0


@pytest.mark.parametrize(
    "body",
    [
        b"", b"{", b"null", b"[]", b'"x"', b"\x00", b"\xff\xfe{\x00}", b"{'batch': []}", b'{"batch": {}}',
        b'{"batch": 7}',
        b"[" * 200_000, b'{"batch": [' + b"[" * 200_000, b'{"a":' * 100_000, b"\x1f\x8b" + b"x" * 50, b"<xml/>",
    ],
    ids=lambda body: repr(body[:12]),
)  # fmt: skip
def test_what_is_no_request_is_refused_with_a_sentence(client, headers, body):
    assert is_refusal(client.post("/v1/batch", content=body, headers=headers), 400, 413)
    assert still_serves(client, headers)


BAD_EVENTS = (
    b"7", b'"x"', b"null", b"[]", b"{}", b'{"type": "hack"}', b'{"type": "track"}', b'{"type": 7, "event": []}',
    b'{"type": "track", "event": "a\\u0000b", "userId": "u"}', b'{"type": "track", "event": "\xff", "userId": "u"}',
    b'{"type":"track","event":"e","userId":"u","properties":{"n":NaN,"i":-Infinity}}',
    b'{"type":"track","event":"e","userId":"u","properties":{"s":"\\ud800","big":1180591620717411303424}}',
    b'{"type":"track","event":"e","userId":"u","properties":' + b'{"a":' * 5000 + b"1" + b"}" * 5001,
    b'{"type":"track","event":"e","userId":"' + b"u" * 100_000 + b'"}',
    b'{"type":"track","event":"e","userId":{"$ne":null},"messageId":["a"]}',
    b'{"type":"track","type":"page","event":"e","userId":"u","timestamp":"9999-99-99"}',
)  # fmt: skip


def test_a_bad_event_never_fails_its_neighbours(client, headers, house):
    """Each batch of a good and a bad one is acknowledged, and the good one arrives."""
    beside = set()
    for number, event in enumerate(BAD_EVENTS):
        good = json.dumps(GOOD | {"messageId": f"beside-{number}"}).encode()
        answer = client.post(
            "/v1/batch", content=b'{"batch": [' + good + b"," + event + b"]}", headers=headers
        )
        assert (answer.status_code, answer.json()) == (200, {"success": True}), event[:60]
        beside.add(f"beside-{number}")
    house.arrived(house.keys["hostile"][0], beside)


def test_what_was_put_aside_has_its_reason(client, headers, house):
    source = house.keys["hostile"][0]
    odd = b'{"batch": [7, {"type": "hack", "messageId": "hack-1", "email": "ann@example.com"}]}'
    assert client.post("/v1/batch", content=odd, headers=headers).status_code == 200
    client.post("/v1/batch", json={"batch": [GOOD | {"messageId": "after-hack"}]}, headers=headers)
    house.arrived(source, {"after-hack"})
    aside = house.rows(source, "rejected_rows")
    assert aside
    assert all(row["code"] and row["message"] for row in aside)
    assert "ann@example.com" not in json.dumps(aside, default=str)


def test_guessed_and_malformed_keys_open_nothing(client, house):
    real = house.keys["hostile"][1]
    for key in (
        "",
        "wk_",
        "admin",
        real[:-1],
        real + "0",
        real.upper(),
        "\x00",
        "键",
        "' OR 1=1 --",
        "a" * 10_000,
    ):
        answer = client.post("/v1/batch", json={"batch": [GOOD]}, headers=basic(key))
        assert is_refusal(answer, 401)
    for value in ("Basic", "Basic !!!", "Bearer", "Digest x", "Basic " + "A" * 5000):
        assert is_refusal(
            client.post("/v1/batch", json={"batch": [GOOD]}, headers={"Authorization": value}), 401
        )
    assert is_refusal(client.post("/v1/t", json=GOOD | {"writeKey": "wk_guess"}), 401)
    assert is_refusal(client.post("/v1/t", json=GOOD | {"writeKey": {"$gt": ""}}), 400, 401)
    assert is_refusal(client.get("/v1/projects/wk_guess/settings"), 401, 404)


def test_paths_methods_and_slashes(client, headers):
    for path in ("/v1/batch", "/v1/batch/", "/v1/b", "/v1/import"):
        assert client.post(path, json={"batch": [GOOD]}, headers=headers).status_code == 200, path
    for path in ("/v1/t", "/v1/track", "/v1/track/"):
        assert client.post(path, json=GOOD, headers=headers).status_code == 200, path
    for path in (
        "/",
        "/v1/../v1/x",
        "/v1/batch/../../etc/passwd",
        "/%2e%2e/keyring.json",
        "/v1/z",
        "/shuke.js/../x",
    ):
        assert is_refusal(client.get(path), 404), path
    assert is_refusal(client.get("/v1/batch"), 405)
    for method in ("PUT", "DELETE", "PATCH"):
        assert is_refusal(client.request(method, "/v1/batch", headers=headers), 405)
    assert not client.post("/v1/batch/", json={"batch": [GOOD]}, headers=headers).has_redirect_location


def test_browsers_of_any_shop_may_send_without_credentials(client, headers):
    asked = {"Origin": "https://shop.example", "Access-Control-Request-Method": "POST"}
    asked |= {"Access-Control-Request-Headers": "authorization, content-type"}
    preflight = client.options("/v1/b", headers=asked)
    assert preflight.status_code in {200, 204}
    assert preflight.headers["Access-Control-Allow-Origin"] == "*"
    assert "authorization" in preflight.headers["Access-Control-Allow-Headers"].lower()
    assert "Access-Control-Allow-Credentials" not in preflight.headers
    answer = client.post(
        "/v1/b", json={"batch": [GOOD]}, headers=headers | {"Origin": "https://shop.example"}
    )
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert "Set-Cookie" not in answer.headers


def test_a_page_can_read_how_long_to_wait(client):
    """Retry-After is hidden from scripts of other origins unless it is named."""
    answer = client.post("/v1/b", json={"batch": [GOOD]}, headers=basic("wk_guess"))
    assert "retry-after" in answer.headers.get("Access-Control-Expose-Headers", "").lower()


@pytest.mark.parametrize("how", ["header", "body"])
def test_many_who_send_a_byte_now_and_then_keep_nobody_out(client, headers, house, how):
    """Slowloris: more connections than requests in work, none of which ever ends."""
    head = b"POST /v1/batch HTTP/1.1\r\nHost: x\r\n"
    start = head if how == "header" else head + b"Content-Length: 1000\r\n\r\n{"
    links = [socket.create_connection(("127.0.0.1", house.port)) for _number in range(700)]
    try:
        for link in links:
            link.sendall(start)
        for _round in range(3):
            assert still_serves(client, headers)
            for link in links:
                with suppress(OSError):
                    link.sendall(b"x")
    finally:
        for link in links:
            link.close()
    assert still_serves(client, headers)
