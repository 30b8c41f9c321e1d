"""Shopify's credentials and the signature of its webhooks."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Generator, Mapping

import httpx

from shuke.sources.contract import SourceError
from shuke.sources.records import loads

TOKEN_HEADER = "X-Shopify-Access-Token"  # noqa: S105 - the name of a header


class AppToken(httpx.Auth):
    """The token of an app: one that was given, or one asked for with the app's id and secret.

    Tokens of apps made in the developer dashboard end after a day, so one is asked for when the first
    question is put, and again when it is refused.
    """

    requires_response_body = True

    def __init__(self, *, address: str, token: str, client_id: str, client_secret: str) -> None:
        self._address, self._token = address, token
        self._client = {"client_id": client_id, "client_secret": client_secret}
        self._may_ask = bool(client_id and client_secret)

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """Put the token on; ask for one where there is none or it ended."""
        if not self._token and self._may_ask:
            self._token = _token_in((yield self._asking()))
        request.headers[TOKEN_HEADER] = self._token
        response = yield request
        if response.status_code == 401 and self._may_ask:
            self._token = _token_in((yield self._asking()))
            request.headers[TOKEN_HEADER] = self._token
            yield request

    def _asking(self) -> httpx.Request:
        form = {"grant_type": "client_credentials", **self._client}
        return httpx.Request("POST", f"{self._address}/admin/oauth/access_token", data=form)


def _token_in(response: httpx.Response) -> str:
    try:
        content = loads(response.content) if response.status_code == 200 else None
    except ValueError:
        content = None
    token = content.get("access_token") if isinstance(content, Mapping) else None
    if not isinstance(token, str) or not token:
        raise SourceError(
            "not_allowed",
            "Shopify gave no token for the app's id and secret ({status}). Check both, and that the app is "
            "installed in the shop.",
            status=response.status_code,
        )
    return token


def is_signed(headers: Mapping[str, str], body: bytes, *, secret: str) -> bool:
    """Whether a webhook's signature is that of its body: base64 of HMAC-SHA256 with the app's secret."""
    given = headers.get("x-shopify-hmac-sha256", "")
    wanted = base64.b64encode(hmac.new(secret.encode(), body, hashlib.sha256).digest())
    return bool(secret) and hmac.compare_digest(given.encode(), wanted)
