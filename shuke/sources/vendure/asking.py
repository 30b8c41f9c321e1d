"""Questions to Vendure's Admin API, and how one signs in to it."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from typing import Any

import httpx

from shuke.sources.asking import answered, sent
from shuke.sources.contract import SourceError
from shuke.sources.records import Record

_LOGIN = "mutation($name: String!, $password: String!) { login(username: $name, password: $password) { __typename } }"
#: Codes of GraphQL errors that mean the credentials.
_CREDENTIALS = frozenset({"FORBIDDEN", "UNAUTHENTICATED", "UNAUTHORIZED"})


class Session(httpx.Auth):
    """Signs in by name and password when it must, for shops whose Admin API takes no API keys."""

    requires_response_body = True

    def __init__(self, *, name: str, password: str) -> None:
        self._name, self._password, self._token = name, password, ""

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """Send with the token; sign in first if there is none, and once more if it has run out."""
        if not self._token:
            yield from self._sign_in(request)
        request.headers["Authorization"] = f"Bearer {self._token}"
        response = yield request
        if b'"FORBIDDEN"' in response.content:
            yield from self._sign_in(request)
            request.headers["Authorization"] = f"Bearer {self._token}"
            yield request

    def _sign_in(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        body = {"query": _LOGIN, "variables": {"name": self._name, "password": self._password}}
        response = yield httpx.Request("POST", request.url, json=body, extensions=request.extensions)
        self._token = response.headers.get("vendure-auth-token", "")
        if response.status_code == 200 and not self._token:
            raise SourceError(
                "not_allowed",
                "The shop refused the credentials ({status}). Check them and their rights.",
                status=200,
            )


def ask(http: httpx.Client, query: str, **variables: Any) -> Mapping[str, Any]:
    """The data of an answer.  Raises ``SourceError``."""
    answer = answered(sent(http, "POST", "", json={"query": query, "variables": variables}))
    if not isinstance(answer, Mapping):
        raise SourceError(
            "no_graphql", "There is no Admin API of Vendure at this address. Check address and path."
        )
    errors = answer.get("errors")
    if errors:
        raise _error(errors)
    data = answer.get("data")
    if not isinstance(data, Mapping):
        raise SourceError(
            "no_graphql", "There is no Admin API of Vendure at this address. Check address and path."
        )
    return data


def _error(errors: Any) -> SourceError:
    first = errors[0] if isinstance(errors, list) and errors and isinstance(errors[0], Mapping) else {}
    extensions = first.get("extensions")
    code = str(extensions.get("code", "")) if isinstance(extensions, Mapping) else ""
    if code in _CREDENTIALS:
        return SourceError(
            "not_allowed",
            "The shop refused the credentials ({status}). Check them and their rights.",
            status=code,
        )
    # The message of an error may quote a person's data; that of a wrong question names fields only.
    reason = str(first.get("message", ""))[:200] if code == "GRAPHQL_VALIDATION_FAILED" else code
    return SourceError(
        "refused_question",
        "The shop could not answer a question: {reason}. Its version may differ; tell us.",
        reason=reason or "?",
    )


def items_of(data: Mapping[str, Any], name: str) -> list[Record]:
    """The records of a list.  Raises ``SourceError`` if it is none."""
    found = data.get(name)
    items = found.get("items") if isinstance(found, Mapping) else None
    if not isinstance(items, list) or not all(isinstance(item, Mapping) for item in items):
        raise SourceError("odd_answer", "The shop answered something else than a list. Check its version.")
    return items
