"""The hash chain of a wallet: whoever edits, removes or adds a transaction breaks it."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

VERSION = 1
GENESIS = "0" * 64


def canonical(value: Any) -> str:
    """JSON with sorted keys and without spaces; times in UTC with microseconds."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True, default=_text)


def _text(value: Any) -> str:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="microseconds")
    raise TypeError(f"{type(value).__name__} has no canonical form.")


def request_hash(request: Mapping[str, Any]) -> str:
    """Tells a repeated request from another one with the same key (64 hex)."""
    return hashlib.sha256(canonical(request).encode()).hexdigest()


def chained(previous: str, body: Mapping[str, Any], *, version: int = VERSION) -> str:
    """The hash of a transaction after the one before it (64 hex)."""
    return hashlib.sha256(canonical([version, previous, body]).encode()).hexdigest()


def body_of(
    *,
    facts: Mapping[str, Any],
    entries: Mapping[str, int],
    moves: Sequence[tuple[int, str, int]],
    lots: Sequence[tuple[int, int, datetime, datetime | None, str]],
) -> dict[str, Any]:
    """What is hashed of a transaction; ``facts`` are its columns."""
    return {
        "facts": dict(facts),
        "entries": sorted(entries.items()),
        "moves": [list(move) for move in moves],
        "lots": [list(lot) for lot in lots],
    }
