"""Taking words out of a table's log: smallest and largest values, and the conditions of deletions.

Entries are rewritten under their own name and never removed: the name is what keeps two writers from
committing the same version (docs/algorithms/erasure.md).
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Collection
from typing import TYPE_CHECKING, Any

from shuke.lake.layout import open_table

if TYPE_CHECKING:
    from pathlib import Path

ERASED = "erased"
#: Words per look: a longer alternative is slow to compile and no faster to match.
WORDS = 500


def scrub_log(path: Path, *, words: Collection[str]) -> int:
    """Take every mention of the words out of the log; returns how many entries were rewritten.

    Call it when no row of the newest version holds any of them.  The newest state is written as a checkpoint,
    and older checkpoints, which repeat older entries, are removed.
    """
    log = path / "_delta_log"
    if not words or not log.is_dir():
        return 0
    patterns = _patterns(words)
    entries = [file for file in sorted(log.glob("*.json")) if _mentions(file.read_bytes(), patterns)]
    for file in entries:
        _rewrite(file, patterns)
    if entries or list(log.glob("*.checkpoint*.parquet")):
        renew_checkpoint(path)
    return len(entries)


def _patterns(words: Collection[str]) -> list[re.Pattern[bytes]]:
    # A word may stand escaped in JSON that lies as text in JSON.
    forms = {form for word in words if word for form in (word, json.dumps(word)[1:-1])}
    ordered = sorted(forms, key=len, reverse=True)
    parts = [ordered[start : start + WORDS] for start in range(0, len(ordered), WORDS)]
    return [re.compile(b"|".join(re.escape(form.encode()) for form in part)) for part in parts]


def _mentions(content: bytes, patterns: list[re.Pattern[bytes]]) -> bool:
    return any(pattern.search(content) for pattern in patterns)


def _rewrite(file: Path, patterns: list[re.Pattern[bytes]]) -> None:
    lines = [_clean(line, patterns) for line in file.read_bytes().splitlines()]
    # Beside the table, where no reader of the log meets a half-written entry.
    draft = file.parent.parent / f".{file.name}.scrubbed"
    with draft.open("wb") as output:
        output.write(b"\n".join(lines) + b"\n")
        output.flush()
        os.fsync(output.fileno())
    draft.replace(file)


def _clean(line: bytes, patterns: list[re.Pattern[bytes]]) -> bytes:
    """The entry without its statistics and conditions, which only help; what makes the table is left alone."""
    if not _mentions(line, patterns):
        return line
    action = json.loads(line)
    for kind in ("add", "remove"):
        if kind in action:
            # They only help to skip files, and this file is gone.
            action[kind].pop("stats", None)
    if "commitInfo" in action:
        action["commitInfo"] = _without(action["commitInfo"], patterns)
    return json.dumps(action, separators=(",", ":")).encode()


def _without(value: Any, patterns: list[re.Pattern[bytes]]) -> Any:
    if isinstance(value, dict):
        return {key: _without(item, patterns) for key, item in value.items()}
    if isinstance(value, list):
        return [_without(item, patterns) for item in value]
    if isinstance(value, str) and _mentions(value.encode(), patterns):
        return ERASED
    return value


def renew_checkpoint(path: Path) -> None:
    """Write the newest state as a checkpoint and remove the older ones."""
    handle = open_table(path)
    if handle is None:
        return
    handle.create_checkpoint()
    kept = f"{handle.version():020}."
    for file in (path / "_delta_log").glob("*.checkpoint*.parquet"):
        if file.name < kept:
            file.unlink(missing_ok=True)
