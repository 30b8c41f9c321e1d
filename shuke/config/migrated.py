"""Whether the operational database is there and of this version, told in one sentence instead of a traceback."""

import warnings
from pathlib import Path

from django.db import DatabaseError, connection

PACKAGE = Path(__file__).resolve().parent.parent
EMPTY = "The database is empty. Run `shuke migrate` first, then this command again."
OLDER = (
    "The database is of an older version (migrations missing: {count}, first {first}). "
    "Stop Shuke, run `shuke migrate`, then this command again."
)
UNREACHABLE = "The database cannot be used: {reason}. Look at SHUKE_DATABASE_URL and whether the server runs."


class NotMigrated(Exception):
    """The operational database was never set up, or is of an older version."""


def check_database() -> None:
    """Raise ``NotMigrated`` for a database without our tables or without the newest changes of them.

    Needs no applications of Django loaded, and one query.  Raises ``DatabaseError`` if it cannot be asked.
    """
    with warnings.catch_warnings():
        # Django warns of any query before its applications are loaded; this one names no model.
        warnings.simplefilter("ignore", RuntimeWarning)
        try:
            applied = _applied()
        finally:
            connection.close()
    if not applied:
        raise NotMigrated(EMPTY)
    missing = sorted(_shipped() - applied)
    if missing:
        raise NotMigrated(OLDER.format(count=len(missing), first=".".join(missing[0])))


def explanation_of(error: DatabaseError) -> str:
    """What a person can do about a database that failed; empty if it is whole, and the fault is ours."""
    try:
        check_database()
    except NotMigrated as reason:
        return str(reason)
    except DatabaseError:
        return UNREACHABLE.format(
            reason=str(error).strip().splitlines()[0][:300] if str(error).strip() else "-"
        )
    return ""


def _applied() -> set[tuple[str, str]]:
    if "django_migrations" not in connection.introspection.table_names():
        return set()
    with connection.cursor() as cursor:
        cursor.execute("SELECT app, name FROM django_migrations")
        return {(app, name) for app, name in cursor.fetchall()}


def _shipped() -> set[tuple[str, str]]:
    """Every change that this version knows: (label of the app, name)."""
    return {(path.parent.parent.name, path.stem) for path in PACKAGE.glob("*/*/migrations/0*.py")}
