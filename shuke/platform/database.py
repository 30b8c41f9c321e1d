"""Making sure that deleted rows are gone from the database's files."""

from django.db import connection

#: How often the write-ahead log is tried to be emptied while others read from it.
ATTEMPTS = 40


def scrub_database() -> bool:
    """Empty SQLite's write-ahead log, which holds deleted rows, or let PostgreSQL free dead rows.

    SQLite overwrites deleted content in the file itself (``secure_delete`` in the settings).  Returns
    whether it was done: inside a transaction neither is possible.
    """
    if connection.in_atomic_block:
        return False
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("VACUUM")
            return True
        # Waits for readers as long as for a lock, 30 seconds each time.
        for _ in range(ATTEMPTS):
            cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            if cursor.fetchone()[0] == 0:
                return True
    return False
