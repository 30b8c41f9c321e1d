"""The hash chain of a wallet: whoever edits, removes or adds a transaction breaks it."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from json.encoder import encode_basestring_ascii as quoted
from typing import Any

from shuke.apps.loyalty.rules.postings import Posting

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


def posting_hash(previous: str, *, facts: Mapping[str, Any], posting: Posting) -> str:
    """What ``chained`` gives for the body of a posting, in a quarter of its time.

    The text is written out here, as the stored functions of PostgreSQL write it too; the checks recompute
    it by the general form, so a difference between the three is found.
    """
    entries = ",".join(f"[{quoted(a)},{n}]" for a, n in sorted(posting.entries.items()))
    lots = ",".join(
        f'[{n.number},{n.points},"{_text(n.activates_at)}",{_moment(n.expires_at)},{quoted(n.bucket)}]'
        for n in posting.new_lots
    )
    moves = ",".join(f"[{move.lot},{quoted(move.bucket)},{move.delta}]" for move in posting.moves)
    text = (
        f'[{VERSION},"{previous}",{{"entries":[{entries}],"facts":{_facts_text(facts)},'
        f'"lots":[{lots}],"moves":[{moves}]}}]'
    )
    return hashlib.sha256(text.encode()).hexdigest()


def _facts_text(facts: Mapping[str, Any]) -> str:
    balances = ",".join(f"{quoted(a)}:{n}" for a, n in sorted(facts["balances"].items()))
    return (
        f'{{"actor":{quoted(facts["actor"])},"balances":{{{balances}}},'
        f'"effective_at":"{_text(facts["effective_at"])}","key":{quoted(facts["key"])},'
        f'"kind":{quoted(facts["kind"])},"reason":{quoted(facts["reason"])},'
        f'"recorded_at":"{_text(facts["recorded_at"])}","related":{quoted(facts["related"])},'
        f'"request":{quoted(facts["request"])},"seq":{facts["seq"]},'
        f'"source":{quoted(facts["source"])},"wallet":{facts["wallet"]}}}'
    )


def _moment(value: datetime | None) -> str:
    return "null" if value is None else f'"{_text(value)}"'
