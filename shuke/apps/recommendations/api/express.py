"""The short way to a slot's answer: before Django, without the database, with the same words.

Takes what it can answer well: a ``GET`` with a token it knows, for a slot that is live, with a question that can be
read.  All else goes on to Django, whose door gives the refusals; so there is one place that words them.  What it knows
of slots and tokens is read aside, twice a second; older than two seconds it is not used, and Django answers.
"""

from __future__ import annotations

import logging
import secrets
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from threading import Event, Lock, Thread
from typing import Any
from urllib.parse import parse_qsl

import msgspec
from django.conf import settings
from django.db import close_old_connections, connection
from django.http.request import split_domain_port, validate_host
from pydantic import ValidationError

from shuke.apps.recommendations.operations.answering import Proposal, note, propose, turn
from shuke.apps.recommendations.queries.bundles import serving_bundle
from shuke.apps.recommendations.queries.current import current_surroundings
from shuke.apps.recommendations.queries.serving import Surroundings
from shuke.apps.recommendations.queries.slots import slots
from shuke.apps.recommendations.schemas import SlotView
from shuke.apps.recommendations.schemas.asking import AskedInput, answer_data
from shuke.platform.accounts.remembered import RememberedTokens
from shuke.platform.clock import now
from shuke.platform.observability.metrics import observe_request
from shuke.platform.rates import count_call
from shuke.web.parsing import unstorable

log = logging.getLogger("shuke.recommendations")
PREFIX = "/api/v1/recommendations/"
PERMISSION = "recommendations.view"
ROUTE = "api:recommendations"
REFRESH_SECONDS, OLDEST_SECONDS = 0.5, 2.0
#: Without a question for so long nothing is read any more.
IDLE_SECONDS = 60.0

Environ = dict[str, Any]
StartResponse = Callable[..., Any]
Application = Callable[[Environ, StartResponse], Iterable[bytes]]
_encode = msgspec.json.Encoder().encode


@dataclass(frozen=True)
class Known:
    """What was read aside, and when (monotonic s)."""

    slots: Mapping[str, SlotView]
    around: Surroundings
    read_at: float


class Express:
    """A WSGI application in front of another."""

    def __init__(self, behind: Application) -> None:
        self.behind = behind
        self.tokens = RememberedTokens()
        self._known: Known | None = None
        self._asked_at = 0.0
        self._thread: Thread | None = None
        self._wake = Event()
        self._lock = Lock()

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """Answer, or let Django."""
        path: str = environ.get("PATH_INFO", "")
        if not path.startswith(PREFIX) or environ.get("REQUEST_METHOD") != "GET":
            return self.behind(environ, start_response)
        begun = time.perf_counter()
        try:
            with turn:
                proposal = self._proposal(path.removeprefix(PREFIX), environ)
            body = None if proposal is None else _encode(answer_data(note(proposal)))
        except Exception:
            log.exception("the short way failed")
            body = None
        if body is None:
            return self.behind(environ, start_response)
        observe_request(method="GET", route=ROUTE, status=200, seconds=time.perf_counter() - begun)
        start_response(
            "200 OK",
            [
                ("Content-Type", "application/json; charset=utf-8"),
                ("Content-Length", str(len(body))),
                ("X-Content-Type-Options", "nosniff"),
                ("X-Request-Id", secrets.token_hex(8)),
            ],
        )
        return [body]

    def _proposal(self, code: str, environ: Environ) -> Proposal | None:
        """The answer to be given, or None where Django is to answer."""
        known = self._fresh()
        kind, _, secret = environ.get("HTTP_AUTHORIZATION", "").partition(" ")
        if known is None or kind.lower() != "bearer":
            return None
        slot, found = known.slots.get(code), self.tokens.find(secret.strip())
        if slot is None or found is None or not _is_own_host(environ.get("HTTP_HOST", "")):
            return None
        actor, token = found
        at = now()
        has_ended = token.expires_at is not None and token.expires_at <= at
        if has_ended or not actor.may(PERMISSION):
            return None
        asked = _asked(environ.get("QUERY_STRING", ""))
        if asked is None:
            return None
        minute = int(at.timestamp() // 60)
        rates = Path(settings.SHUKE_HOME) / "api-rates"
        if count_call(rates, key=f"{actor.kind}:{actor.id}", minute=minute) > token.requests_per_minute:
            return None
        question = asked.asked(code, at=at)
        return propose(question, slot=slot, bundle=serving_bundle(), around=known.around)

    def _fresh(self) -> Known | None:
        """What was read in the last two seconds; sees to it that somebody reads."""
        moment = time.monotonic()
        self._asked_at = moment
        if self._thread is None or not self._thread.is_alive():
            with self._lock:
                if self._thread is None or not self._thread.is_alive():
                    self._thread = Thread(target=self._read_on, name="recommendations", daemon=True)
                    self._thread.start()
        known = self._known
        return known if known is not None and moment - known.read_at <= OLDEST_SECONDS else None

    def _read_on(self) -> None:
        """Read twice a second while somebody asks."""
        try:
            while time.monotonic() - self._asked_at < IDLE_SECONDS:
                close_old_connections()
                try:
                    self.read()
                except Exception:
                    log.exception("slots and tokens could not be read")
                self._wake.wait(REFRESH_SECONDS)
        finally:
            self._known = None
            connection.close()

    def read(self) -> None:
        """Read slots, tokens and what surrounds them; the same object goes on for a slot that did not change."""
        at, before = now(), self._known.slots if self._known else {}
        # Stock and ages may take long at first; how old slots and tokens are counts from after that.
        around = current_surroundings(list((before or _live({})).values()), at=at)
        begun = time.monotonic()
        self.tokens.refresh(at=at)
        self._known = Known(_live(before), around, begun)


def _live(before: Mapping[str, SlotView]) -> dict[str, SlotView]:
    """The slots that answer, by code; what is made of a slot once is kept by its identity."""
    live = {}
    for slot in slots():
        if slot.state == "live":
            same = before.get(slot.code)
            live[slot.code] = slot if same is None or same != slot else same
    return live


def _asked(query: str) -> AskedInput | None:
    """The question, or None for one that Django is to refuse."""
    if not query:
        return AskedInput.model_validate({})
    try:
        pairs = parse_qsl(query, keep_blank_values=True, errors="strict", max_num_fields=50)
        values = dict(pairs)
        if len(values) != len(pairs) or unstorable(values):
            return None
        return AskedInput.model_validate(values)
    except (ValueError, ValidationError):
        return None


@lru_cache(maxsize=64)
def _is_own_host(host: str) -> bool:
    """Whether Django would take the request's host."""
    domain, _port = split_domain_port(host)
    return bool(domain) and validate_host(domain, settings.ALLOWED_HOSTS)
