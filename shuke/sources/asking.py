"""One question to a shop over HTTP, and what its answer may be."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import httpx

from shuke.sources.contract import SourceError
from shuke.sources.records import loads

#: An answer larger than this is no page of a shop.
MAX_BYTES = 64 * 2**20
Params = Mapping[str, str | int]


@dataclass(frozen=True)
class Answer:
    """What came back: the body is unpacked."""

    status: int
    headers: Mapping[str, str]
    body: bytes


def ask(http: httpx.Client, path: str, params: Params | None = None) -> Any:
    """The JSON of a GET; ``None`` where there is nothing (404).  Raises ``SourceError``."""
    return answered(sent(http, "GET", path, params=dict(params or {})))


def sent(http: httpx.Client, method: str, path: str, **rest: Any) -> Answer:
    """The answer, whatever its status.  Raises ``SourceError`` where there is none."""
    try:
        with http.stream(method, path, **rest) as response:
            return Answer(response.status_code, response.headers, _body(response))
    except httpx.TimeoutException as error:
        raise SourceError(
            "timed_out", "The shop did not answer in time. It is tried again later.", is_transient=True
        ) from error
    except (httpx.TransportError, httpx.DecodingError) as error:
        raise SourceError(
            "unreachable",
            "The shop could not be reached. Check its address, and whether it is online.",
            is_transient=True,
        ) from error
    except httpx.InvalidURL as error:
        raise SourceError("bad_address", "The shop's address is not one. Correct it.") from error


def _body(response: httpx.Response) -> bytes:
    """The body up to the limit: a page may be a bomb."""
    body = bytearray()
    for block in response.iter_bytes():
        body += block
        if len(body) > MAX_BYTES:
            raise SourceError(
                "too_large",
                "The shop's answer is larger than {limit} MB. Ask for fewer records a page.",
                limit=MAX_BYTES // 2**20,
            )
    return bytes(body)


def answered(answer: Answer) -> Any:
    """The JSON of an answer, ``None`` for 404.  Raises ``SourceError`` for everything else."""
    status = answer.status
    if status == 404:
        return None
    if status in {401, 403}:
        raise SourceError(
            "not_allowed",
            "The shop refused the credentials ({status}). Check them and their rights.",
            status=status,
        )
    if status == 429 or status >= 500:
        raise SourceError(
            "throttled" if status == 429 else "shop_fault",
            "The shop is busy or has a fault ({status}). It is tried again later.",
            is_transient=True,
            retry_after=retry_after(answer.headers),
            status=status,
        )
    if status >= 300:
        raise SourceError(
            "refused",
            "The shop refused the question ({status}). Check its address and version.",
            status=status,
        )
    try:
        return loads(answer.body)
    except ValueError as error:
        raise SourceError(
            "not_json",
            "The shop answered with a page instead of data. Check the address; it may be in maintenance.",
            is_transient=True,
        ) from error


def retry_after(headers: Mapping[str, str]) -> float | None:
    """The seconds of ``Retry-After``; a date or nonsense is nothing.

    >>> retry_after({"retry-after": "2"}), retry_after({"retry-after": "soon"})
    (2.0, None)
    """
    value = headers.get("retry-after", "")
    return float(value) if re.fullmatch(r"\d{1,6}(\.\d+)?", value) else None


def listed(answer: Any) -> list[Mapping[str, Any]]:
    """An answer that must be a list of records.  Raises ``SourceError``."""
    if not isinstance(answer, list) or not all(isinstance(record, Mapping) for record in answer):
        raise SourceError("odd_answer", "The shop answered something else than a list. Check its version.")
    return answer
