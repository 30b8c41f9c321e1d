"""The rows of postings, written as plain SQL: at a till's pace and at that of a replayed history.

Going through models would cost more than all else of a posting.  Ids are drawn beforehand, so that every
table takes its rows in one statement and a row can name another one that is not written yet.
"""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import cache
from typing import Any

from django.db import connection
from django.db.models import Model

#: Rows per statement on PostgreSQL.
CHUNK = 1_000

Rows = Sequence[Sequence[Any]]


@cache
def is_sqlite() -> bool:
    """Whether the database is SQLite; asked once, since a history asks it a million times."""
    return connection.vendor == "sqlite"


def draw_ids(counts: Mapping[type[Model], int]) -> dict[type[Model], Sequence[int]]:
    """So many new ids of each table.  On SQLite only inside an immediate transaction, which lets nobody else in."""
    wanted = {model._meta.db_table: (model, count) for model, count in counts.items() if count}
    found: dict[type[Model], Sequence[int]] = dict.fromkeys(counts, ())
    if not wanted:
        return found
    with connection.cursor() as cursor:
        if is_sqlite():
            places = ", ".join(["%s"] * len(wanted))
            cursor.execute(f"SELECT name, seq FROM sqlite_sequence WHERE name IN ({places})", list(wanted))  # noqa: S608
            last = dict(cursor.fetchall())
            for table, (model, count) in wanted.items():
                first = last.get(table, 0) + 1
                found[model] = range(first, first + count)
            return found
        one = "SELECT %s, nextval(pg_get_serial_sequence(%s, 'id')) FROM generate_series(1, %s)"
        values = [value for table, (_, count) in wanted.items() for value in (table, table, count)]
        cursor.execute(" UNION ALL ".join([one] * len(wanted)), values)
        drawn: dict[str, list[int]] = {table: [] for table in wanted}
        for table, number in cursor.fetchall():
            drawn[table].append(number)
        return found | {wanted[table][0]: sorted(numbers) for table, numbers in drawn.items()}


def stored(value: datetime | None) -> object:
    """A time as the database keeps it."""
    if value is None or not is_sqlite():
        return value
    return str(value if value.tzinfo is UTC else value.astimezone(UTC))[:-6]


def stored_json(value: object) -> str:
    """JSON as the database keeps it."""
    return json.dumps(value)


def insert(model: type[Model], columns: Sequence[str], *, rows: Rows) -> None:
    """Add rows; the columns are those of the table."""
    if not rows:
        return
    head = f"INSERT INTO {model._meta.db_table} ({', '.join(columns)}) VALUES "  # noqa: S608
    one = f"({', '.join(['%s'] * len(columns))})"
    with connection.cursor() as cursor:
        if is_sqlite():
            cursor.executemany(head + one, rows)
            return
        for start in range(0, len(rows), CHUNK):
            part = rows[start : start + CHUNK]
            cursor.execute(head + ", ".join([one] * len(part)), [value for row in part for value in row])


def update(model: type[Model], columns: Sequence[str], *, rows: Rows, where: Sequence[str]) -> int:
    """Change rows, whose last values are those of ``where``; returns how many were found."""
    if not rows:
        return 0
    changes = ", ".join(f"{column} = %s" for column in columns)
    found = " AND ".join(f"{column} = %s" for column in where)
    statement = f"UPDATE {model._meta.db_table} SET {changes} WHERE {found}"  # noqa: S608
    with connection.cursor() as cursor:
        if len(rows) == 1:
            cursor.execute(statement, rows[0])
        else:
            cursor.executemany(statement, rows)
        return int(cursor.rowcount)
