"""The list of who was forgotten, for the day on which an old backup brings them back.

One line per erasure in a file of the home directory: keyed hashes that name nobody without the
keyring.  Keep its newest copy beside the backups.
"""

import json
import os
from collections.abc import Iterable, Iterator
from datetime import datetime
from pathlib import Path

from django.conf import settings

from shuke.apps.compliance.models import ErasureRequest
from shuke.apps.members.queries import living_member_ids
from shuke.platform.crypto import keyed_hash
from shuke.platform.privacy import Trace
from shuke.platform.warehouse import lake

MEMBER, KEY = "erasure:member", "erasure:person_key"


def replay_file() -> Path:
    """Where the list lies."""
    return Path(settings.SHUKE_HOME) / "erasures.jsonl"


def remember(traces: Iterable[Trace], *, at: datetime) -> None:
    """Add a line for each person and force it to disk.  A second line of the same person does no harm."""
    _append("".join(json.dumps(_line(trace, at=at), separators=(",", ":")) + "\n" for trace in traces))


def keep_lines(path: Path) -> None:
    """Take the lines of another copy over that this one lacks."""
    own = replay_file()
    known = set(own.read_text().splitlines()) if own.exists() else set()
    _append("".join(f"{line}\n" for line in path.read_text().splitlines() if line not in known))


def _append(lines: str) -> None:
    path = replay_file()
    is_new = not path.exists()
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
    with os.fdopen(descriptor, "rb+") as file:
        end = file.seek(0, os.SEEK_END)
        file.seek(max(end - 1, 0))
        # A kill may have cut the last line off; it must not swallow the next one.
        torn = "\n" if end and file.read(1) != b"\n" else ""
        file.write((torn + lines).encode())
        file.flush()
        os.fsync(file.fileno())
    if is_new:
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def _line(trace: Trace, *, at: datetime) -> dict[str, object]:
    return {
        "at": at.isoformat(),
        "member": keyed_hash(trace.member_id, purpose=MEMBER),
        "keys": [keyed_hash(key, purpose=KEY) for key in trace.person_keys],
    }


def remembered(path: Path) -> tuple[set[str], set[str]]:
    """Hashes of the members and of the person keys on a list; lines that were cut off are left out."""
    members: set[str] = set()
    keys: set[str] = set()
    for line in path.read_text().splitlines():
        try:
            entry = json.loads(line)
        except ValueError:
            continue
        members.add(entry["member"])
        keys.update(entry["keys"])
    return members, keys


def returned_members(path: Path) -> list[str]:
    """Members of the list that are known again, such as after a restore of the database."""
    members, _keys = remembered(path)
    open_ones = set(
        ErasureRequest.objects.exclude(step__in=["done", "cancelled"]).values_list("member_id", flat=True)
    )
    return [
        member_id
        for member_id in living_member_ids()
        if member_id not in open_ones and keyed_hash(member_id, purpose=MEMBER) in members
    ]


def returned_keys(path: Path) -> set[str]:
    """Person keys of the list that facts of the lake carry again, such as after a restore of the lake."""
    _members, keys = remembered(path)
    return {key for key in _keys_in_lake() if keyed_hash(key, purpose=KEY) in keys} if keys else set()


def _keys_in_lake() -> Iterator[str]:
    seen: set[str] = set()
    with lake().read() as snapshot:
        for name, table in lake().tables.items():
            if "person_key" not in table.column_names or snapshot.version(name) is None:
                continue
            column = snapshot.table(name).select("person_key").distinct().to_pyarrow()["person_key"]
            fresh = {key for key in column.to_pylist() if key} - seen
            seen |= fresh
            yield from fresh
