"""Earning and spending find the wallet by themselves: one call of PostgreSQL is all that a posting asks."""

from django.db import migrations

from shuke.apps.loyalty.migrations import _lean_functions, _stored_functions


def _run_on_postgresql(statements):
    def run(_apps, schema_editor):
        if schema_editor.connection.vendor == "postgresql":
            for statement in statements:
                schema_editor.execute(statement, params=None)

    return run


class Migration(migrations.Migration):
    dependencies = [
        ("loyalty", "0009_inactivity"),
        ("members", "0001_initial"),
        ("outbox", "0002_positions"),
        ("retailer", "0001_initial"),
    ]
    operations = [
        migrations.RunPython(
            _run_on_postgresql([*_stored_functions.DROP[:-1], *_lean_functions.CREATE]),
            _run_on_postgresql([*_lean_functions.DROP, *_stored_functions.CREATE]),
        )
    ]
