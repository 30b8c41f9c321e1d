"""A wallet's open lots in the order in which they are spent, and less work within a posting on PostgreSQL."""

from django.db import migrations, models

from shuke.apps.loyalty.migrations import _first_lot_functions, _lean_functions

# Rows that every posting rewrites find room on their page, so that no index has to hear of it.
ROOM = (
    "ALTER TABLE loyalty_wallet SET (fillfactor = 60)",
    "ALTER TABLE loyalty_pointslot SET (fillfactor = 85)",
)
NO_ROOM = (
    "ALTER TABLE loyalty_wallet RESET (fillfactor)",
    "ALTER TABLE loyalty_pointslot RESET (fillfactor)",
)


def _run_on_postgresql(statements):
    def run(_apps, schema_editor):
        if schema_editor.connection.vendor == "postgresql":
            for statement in statements:
                schema_editor.execute(statement, params=None)

    return run


class Migration(migrations.Migration):
    dependencies = [("loyalty", "0012_exchanges")]
    operations = [
        migrations.RemoveIndex(model_name="pointslot", name="lots_open"),
        migrations.AddIndex(
            model_name="pointslot",
            index=models.Index(
                condition=models.Q(("is_open", True)),
                fields=["wallet", "expires_at", "number"],
                name="lots_open",
            ),
        ),
        migrations.RunPython(
            _run_on_postgresql([*ROOM, *_first_lot_functions.CREATE, "DROP FUNCTION loyalty_link"]),
            _run_on_postgresql([*_lean_functions.CREATE, *NO_ROOM]),
        ),
    ]
