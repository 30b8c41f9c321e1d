"""Adding a row whose unique key decides who was first."""

from django.db import connection
from django.db.models import Model


def insert_new(row: Model) -> bool:
    """Add a row in one statement, or nothing if one of its unique keys is taken; whether it was added.

    PostgreSQL waits for another transaction that is adding the same key.  Unlike a failed insert this leaves the
    transaction usable, so it needs no savepoint; unlike ``bulk_create`` it tells whose the row is, and its key.
    """
    key = row._meta.pk
    fields = [field for field in row._meta.concrete_fields if field is not key]
    values = [field.get_db_prep_save(field.pre_save(row, add=True), connection) for field in fields]
    quote = connection.ops.quote_name
    columns = ", ".join(quote(str(field.column)) for field in fields)
    places = ", ".join(["%s"] * len(fields))
    statement = (
        f"INSERT INTO {quote(row._meta.db_table)} ({columns}) VALUES ({places}) "  # noqa: S608
        f"ON CONFLICT DO NOTHING RETURNING {quote(str(key.column))}"
    )
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        found = cursor.fetchone()
    if found is None:
        return False
    row.pk, row._state.adding, row._state.db = found[0], False, connection.alias
    return True
