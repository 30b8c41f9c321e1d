"""Worlds that many tests begin with: built once in a process, put back for each further test.

``remembered("shop", open_shop, folders=[lake_home])`` calls ``open_shop`` for the first test that asks.  A later one
gets the same answer, the same rows in the database and the same files in its own folders, in a few hundredths of the
time.  A test whose tables do not begin as full as those of the first (a fixture before this one added a user, say) is
another beginning, for which the world is built anew.
"""

from __future__ import annotations

import atexit
import copy
import shutil
import tempfile
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from django.db import connection, transaction

Answer = TypeVar("Answer")
Rows = dict[str, list[tuple[Any, ...]]]
KEPT = Path(tempfile.mkdtemp(prefix="shuke-remembered-"))
atexit.register(shutil.rmtree, KEPT, ignore_errors=True)


@dataclass(frozen=True)
class World:
    """What a build answered, which rows came and went by it (by quoted table), and copies of its folders."""

    answer: Any
    came: Rows
    went: Rows
    folders: list[Path]


_worlds: dict[tuple[Hashable, ...], World] = {}
_tables: list[str] = []


def remembered(name: Hashable, build: Callable[[], Answer], *, folders: Sequence[Path] = ()) -> Answer:
    """What ``build`` answers, with all that it leaves in the database and in ``folders``.

    A world that is built of the time belongs to its day: let ``name`` hold the date.
    """
    key = (name, _fullness())
    if key in _worlds:
        return _put_back(_worlds[key], folders)
    before = all_rows()
    answer = build()
    after = all_rows()
    kept = [KEPT / str(len(_worlds)) / str(number) for number in range(len(folders))]
    for folder, place in zip(folders, kept, strict=True):
        _copy(folder, place)
    _worlds[key] = World(copy.deepcopy(answer), _more(after, before), _more(before, after), kept)
    return answer


def _names(cursor: Any) -> list[str]:
    if not _tables:
        _tables.extend(connection.introspection.table_names(cursor))
    return [connection.ops.quote_name(table) for table in _tables]


def _fullness() -> tuple[tuple[int, int], ...]:
    """How many rows each table has."""
    with connection.cursor() as cursor:
        counts = (f"SELECT {place}, COUNT(*) FROM {table}" for place, table in enumerate(_names(cursor)))
        cursor.execute(" UNION ALL ".join(counts))
        return tuple(sorted(cursor.fetchall()))


def all_rows() -> Rows:
    """The rows of every table, as the driver gives them."""
    found = {}
    with connection.cursor() as cursor:
        for table in _names(cursor):
            cursor.execute(f"SELECT * FROM {table}")
            found[table] = cursor.fetchall()
    return found


def _more(one: Rows, other: Rows) -> Rows:
    """The rows of each table that only ``one`` has."""
    lone = {}
    for table, rows in one.items():
        known = {repr(_plain(row)) for row in other[table]}
        lone[table] = [row for row in map(_plain, rows) if repr(row) not in known]
    return {table: rows for table, rows in lone.items() if rows}


def _plain(row: Sequence[Any]) -> tuple[Any, ...]:
    return tuple(bytes(value) if isinstance(value, memoryview) else value for value in row)


def _put_back(world: World, folders: Sequence[Path]) -> Any:
    for kept, folder in zip(world.folders, folders, strict=True):
        _copy(kept, folder)
    # One transaction, so that rows may come before those they refer to.
    with transaction.atomic(), connection.cursor() as cursor:
        for table, rows in world.went.items():
            place, key = _key(cursor, table)
            cursor.executemany(f"DELETE FROM {table} WHERE {key} = %s", [(row[place],) for row in rows])
        for table, rows in world.came.items():
            holes = ", ".join(["%s"] * len(rows[0]))
            cursor.executemany(f"INSERT INTO {table} VALUES ({holes})", rows)
    return copy.deepcopy(world.answer)


def _key(cursor: Any, quoted: str) -> tuple[int, str]:
    """The place and the name of a table's key."""
    table = quoted.strip('"')
    key = connection.introspection.get_primary_key_column(cursor, table)
    columns = [column.name for column in connection.introspection.get_table_description(cursor, table)]
    return columns.index(key), connection.ops.quote_name(key)


def _copy(source: Path, target: Path) -> None:
    if source.exists():
        shutil.copytree(source, target, dirs_exist_ok=True)
