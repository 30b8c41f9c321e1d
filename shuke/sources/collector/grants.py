"""Who may send: write keys held in memory, and how much each source may send."""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field

#: A source may send this many seconds' worth at once after a pause.
BURST_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Grant:
    """What a write key opens."""

    source: str
    role: str
    events_per_second: int | None = None


def key_hash(key: str) -> str:
    """What is kept of a key (64 hex).  Keys have 160 random bits, so a plain hash is enough."""
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()


@dataclass
class Grants:
    """The keys that open now, by their hashes."""

    by_hash: Mapping[str, Grant] = field(default_factory=dict)
    _met: dict[str, Grant] = field(default_factory=dict)

    def replace(self, by_hash: Mapping[str, Grant]) -> None:
        """Hold other keys from now on."""
        self.by_hash, self._met = by_hash, {}

    def find(self, key: str) -> Grant | None:
        """What the key opens, ``None`` for one that opens nothing."""
        met = self._met.get(key)
        if met is None and (met := self.by_hash.get(key_hash(key))) is not None:
            self._met[key] = met
        return met


@dataclass
class Allowance:
    """How much one source may send: tokens that grow with time.

    A batch larger than what is there is let through once there is anything, and its debt waited for: no batch is
    too large for ever.
    """

    rate: int
    tokens: float
    at: float

    def take(self, count: int, *, now: float) -> float:
        """Take tokens; 0 if they were taken, else the seconds to wait.  ``now`` is monotonic seconds."""
        self.tokens = min(self.rate * BURST_SECONDS, self.tokens + (now - self.at) * self.rate)
        self.at = now
        if self.tokens <= 0:
            return max(-self.tokens / self.rate, 1.0 / self.rate)
        self.tokens -= count
        return 0.0


class Allowances:
    """The allowances of all sources with a limit."""

    def __init__(self) -> None:
        self._by_source: dict[str, Allowance] = {}

    def take(self, grant: Grant, count: int, *, now: float) -> float:
        """0 if the source may send so many events now, else the seconds to wait."""
        rate = grant.events_per_second
        if rate is None:
            self._by_source.pop(grant.source, None)
            return 0.0
        known = self._by_source.get(grant.source)
        if known is None or known.rate != rate:
            known = self._by_source[grant.source] = Allowance(rate, rate * BURST_SECONDS, now)
        return known.take(count, now=now)


def presented_key(authorization: bytes) -> str:
    """The write key of an Authorization header: the user name of Basic, or a Bearer token; empty if there is none."""
    scheme, _, credentials = authorization.strip().partition(b" ")
    if scheme.lower() == b"bearer":
        return credentials.strip().decode("utf-8", "replace")
    if scheme.lower() != b"basic":
        return ""
    try:
        decoded = base64.b64decode(credentials.strip(), validate=True)
    except (binascii.Error, ValueError):
        return ""
    return decoded.partition(b":")[0].decode("utf-8", "replace")
