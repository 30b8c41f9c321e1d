"""Reading the whole ledger: plain SQL that SQLite and PostgreSQL understand alike, on one state of it."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from django.apps import apps
from django.db import connection

from shuke.platform.batches import in_batches

#: Every change of a lot's bucket, its beginning included, with the place in its wallet's order.
CHANGES = """
    SELECT lot.id AS lot_id, lot.wallet_id, lot.bucket, lot.points AS delta, made.wallet_seq AS seq
    FROM loyalty_pointslot lot JOIN loyalty_pointstransaction made ON made.id = lot.transaction_id
    UNION ALL
    SELECT move.lot_id, lot.wallet_id, move.bucket, move.delta, told.wallet_seq
    FROM loyalty_lotmove move
    JOIN loyalty_pointslot lot ON lot.id = move.lot_id
    JOIN loyalty_pointstransaction told ON told.id = move.transaction_id
"""


def rows_of(sql: str, parameters: Sequence[Any] = ()) -> Iterator[tuple[Any, ...]]:
    """The rows of a statement, in which ``{changes}`` is ``CHANGES``, without holding them all."""
    with connection.cursor() as cursor:
        cursor.execute(sql.replace("{changes}", CHANGES), list(parameters))
        while rows := cursor.fetchmany(1000):
            yield from rows


def of_wallets(sql: str, wallets: Sequence[int] | None) -> Iterator[tuple[Any, ...]]:
    """The rows of a statement whose ``{wallets}`` is a condition on the column ``wallet_id``."""
    if wallets is None:
        yield from rows_of(sql.replace("{wallets}", "1 = 1"))
        return
    for keys in in_batches(wallets):
        marks = ", ".join(["%s"] * len(keys))
        yield from rows_of(sql.replace("{wallets}", f"wallet_id IN ({marks})"), keys)


def count_anew() -> None:
    """Let PostgreSQL count what is in the tables that the checks read; the plans of their statements follow from it.

    It does so by itself, but later: right after a history was replayed or a backup restored it would plan for
    empty tables, and read them again for every row (docs/decisions/0219).  Reads a sample, so it takes no longer
    for a large ledger; a table that is being cleaned up is left out.
    """
    if connection.vendor != "postgresql":
        return
    models = (model for app in ("loyalty", "promotions") for model in apps.get_app_config(app).get_models())
    names = ", ".join(connection.ops.quote_name(model._meta.db_table) for model in models)
    with connection.cursor() as cursor:
        cursor.execute(f"ANALYZE (SKIP_LOCKED) {names}")


@contextmanager
def one_state() -> Iterator[None]:
    """Let all reads inside see the ledger as of one moment, while tills go on writing.

    Inside a transaction it is that transaction's business.  ``atomic`` will not do: on SQLite it takes the
    writers' lock for as long as we read.
    """
    if connection.in_atomic_block:
        yield
        return
    is_postgresql = connection.vendor == "postgresql"
    with connection.cursor() as cursor:
        cursor.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY" if is_postgresql else "BEGIN")
        try:
            yield
        finally:
            cursor.execute("ROLLBACK")
