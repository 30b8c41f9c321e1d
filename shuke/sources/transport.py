"""Asking politely: calls are spaced, passing failures repeated, and a shop's wish to wait is followed.

Connectors only read, so every call may be repeated, a GraphQL question by POST as well.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import httpx

from shuke.sources.asking import retry_after
from shuke.sources.contract import SourceError

#: Answers that say "not now".
PASSING = frozenset({429, 502, 503, 504})
ATTEMPTS = 5
FIRST_WAIT_SECONDS = 1.0
#: A shop that wants more patience than this is asked again by a later job.
LONGEST_WAIT_SECONDS = 60.0

Sleep = Callable[[float], None]


class PoliteTransport(httpx.BaseTransport):
    """Wraps a transport.  ``requests_per_second`` 0 is no limit; ``sleep`` and ``clock`` (seconds) are for tests."""

    def __init__(
        self,
        inner: httpx.BaseTransport,
        *,
        requests_per_second: float,
        sleep: Sleep = time.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._inner, self._sleep, self._clock = inner, sleep, clock
        self._gap = 1 / requests_per_second if requests_per_second > 0 else 0.0
        self._free_at = 0.0

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send it, up to five times.  Raises ``SourceError`` if the shop wants more than a minute's patience."""
        for attempt in range(ATTEMPTS):
            is_last = attempt == ATTEMPTS - 1
            wait = FIRST_WAIT_SECONDS * 2**attempt
            self._take_turn()
            try:
                response = self._inner.handle_request(request)
            except httpx.TransportError:
                if is_last:
                    raise
            else:
                asked = retry_after(response.headers)
                if response.status_code not in PASSING or is_last:
                    return response
                response.close()
                wait = _patient(asked if asked is not None else wait)
            self._sleep(wait)
        raise AssertionError("The last attempt returns or raises.")

    def _take_turn(self) -> None:
        """Wait until a gap has passed since the last call."""
        moment = self._clock()
        if moment < self._free_at:
            self._sleep(self._free_at - moment)
        self._free_at = max(moment, self._free_at) + self._gap

    def close(self) -> None:
        """Close the connections."""
        self._inner.close()


def _patient(seconds: float) -> float:
    if seconds > LONGEST_WAIT_SECONDS:
        raise SourceError(
            "throttled",
            "The shop asks to wait for {seconds} seconds. The synchronisation goes on by itself then.",
            is_transient=True,
            retry_after=seconds,
            seconds=round(seconds),
        )
    return seconds
