"""WooCommerce's signatures: of questions over plain HTTP, and of its webhooks.

Over HTTPS the key and secret go as HTTP Basic.  Over plain HTTP WooCommerce takes OAuth 1.0a with one
leg: the query is signed with HMAC-SHA256, so that the secret never travels.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
import time
from collections.abc import Callable, Generator, Mapping, Sequence
from urllib.parse import parse_qsl, quote, urlencode

import httpx


def oauth_signature(
    method: str, address: str, *, params: Sequence[tuple[str, str]], consumer_secret: str
) -> str:
    """HMAC-SHA256 over method, address without query, and sorted parameters; base64."""
    pairs = sorted((_encoded(name), _encoded(value)) for name, value in params)
    query = "&".join(f"{name}={value}" for name, value in pairs)
    text = "&".join((method.upper(), _encoded(address), _encoded(query)))
    return _hmac(text.encode(), f"{consumer_secret}&")


def _encoded(text: str) -> str:
    return quote(text, safe="~")


def _hmac(message: bytes, secret: str) -> str:
    return base64.b64encode(hmac.new(secret.encode(), message, hashlib.sha256).digest()).decode()


class QuerySigning(httpx.Auth):
    """Signs each request anew: WooCommerce takes a number once and a time of the last quarter of an hour."""

    def __init__(
        self,
        key: str,
        secret: str,
        *,
        clock: Callable[[], float] = time.time,
        number: Callable[[], str] = secrets.token_hex,
    ) -> None:
        self._key, self._secret, self._clock, self._number = key, secret, clock, number

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """Sign, and once more if it was refused: a repeated question bears a number that was used."""
        response = yield self._signed(request)
        if response.status_code == 401:
            yield self._signed(request)

    def _signed(self, request: httpx.Request) -> httpx.Request:
        """Add the five parameters to the query."""
        url = request.url
        params = [
            *((name, value) for name, value in _pairs(url.query) if not name.startswith("oauth_")),
            ("oauth_consumer_key", self._key),
            ("oauth_nonce", self._number()),
            ("oauth_signature_method", "HMAC-SHA256"),
            ("oauth_timestamp", str(int(self._clock()))),
        ]
        address = str(url.copy_with(query=None))
        signature = oauth_signature(request.method, address, params=params, consumer_secret=self._secret)
        query = urlencode([*params, ("oauth_signature", signature)], quote_via=quote)
        request.url = url.copy_with(query=query.encode())
        return request


def _pairs(query: bytes) -> list[tuple[str, str]]:
    return parse_qsl(query.decode(), keep_blank_values=True)


def credentials(address: str, *, key: str, secret: str) -> httpx.Auth:
    """How a shop at this address is asked."""
    if address.lower().startswith("https:"):
        return httpx.BasicAuth(key, secret)
    return QuerySigning(key, secret)


def is_signed(headers: Mapping[str, str], body: bytes, *, secret: str) -> bool:
    """Whether a webhook's signature is that of its body."""
    given = headers.get("x-wc-webhook-signature", "")
    return bool(secret) and hmac.compare_digest(given.encode(), _hmac(body, secret).encode())
