"""Politeness towards shops, with a clock and a sleep of our own."""

import httpx
import pytest

from shuke.sources.contract import SourceError
from shuke.sources.transport import PoliteTransport


class Shop(httpx.BaseTransport):
    """Answers in turn with statuses, headers or exceptions; time passes only by sleeping."""

    def __init__(self, *answers):
        self.answers, self.now, self.asked_at, self.slept = list(answers), 100.0, [], []

    def handle_request(self, request):
        self.asked_at.append(self.now)
        answer = self.answers.pop(0) if self.answers else 200
        if isinstance(answer, Exception):
            raise answer
        status, headers = answer if isinstance(answer, tuple) else (answer, {})
        return httpx.Response(status, headers=headers, request=request)

    def sleep(self, seconds):
        self.slept.append(seconds)
        self.now += seconds

    def client(self, requests_per_second=0.0):
        transport = PoliteTransport(
            self, requests_per_second=requests_per_second, sleep=self.sleep, clock=lambda: self.now
        )
        return httpx.Client(base_url="http://shop.test", transport=transport)


def test_calls_are_spaced_by_the_limit_of_the_connection():
    shop = Shop()
    with shop.client(requests_per_second=4) as http:
        for _ in range(5):
            http.get("/")
    assert shop.asked_at == [100.0, 100.25, 100.5, 100.75, 101.0]


def test_retry_after_is_followed():
    shop = Shop((429, {"retry-after": "7"}), 200)
    with shop.client() as http:
        assert http.get("/").status_code == 200
    assert shop.asked_at == [100.0, 107.0]


def test_passing_failures_are_repeated_ever_more_slowly():
    shop = Shop(503, httpx.ConnectError("down"), 502, 200)
    with shop.client() as http:
        assert http.post("/", json={"query": "{}"}).status_code == 200
    assert shop.slept == [1.0, 2.0, 4.0]


def test_what_does_not_pass_is_told_as_it_is():
    shop = Shop(*[503] * 9)
    with shop.client() as http:
        assert http.get("/").status_code == 503
    assert len(shop.asked_at) == 5
    for status in (400, 401, 404, 500):
        shop = Shop(status)
        with shop.client() as http:
            assert http.get("/").status_code == status
        assert len(shop.asked_at) == 1


def test_a_shop_that_wants_more_than_a_minute_is_left_alone_until_then():
    shop = Shop((429, {"retry-after": "900"}))
    with shop.client() as http, pytest.raises(SourceError) as caught:
        http.get("/")
    assert (caught.value.code, caught.value.retry_after, caught.value.is_transient) == (
        "throttled",
        900.0,
        True,
    )
    assert shop.slept == []


def test_a_connection_that_stays_down_is_an_error_of_httpx():
    shop = Shop(*[httpx.ConnectError("down")] * 5)
    with shop.client() as http, pytest.raises(httpx.ConnectError):
        http.get("/")
