"""Fewer indexes at every posting, and what is left of a lot beside the lot."""

import django.db.models.deletion
import shuke.apps.loyalty.models.ledger
from django.db import migrations, models

from shuke.apps.loyalty.migrations._stored_functions import CREATE, DROP

# What is left of a lot is its points where they began, and its moves.
FILL_LOTS = """
UPDATE loyalty_pointslot SET
    pending = CASE bucket WHEN 'pending' THEN points ELSE 0 END + COALESCE((
        SELECT SUM(delta) FROM loyalty_lotmove WHERE lot_id = loyalty_pointslot.id AND bucket = 'pending'), 0),
    available = CASE bucket WHEN 'available' THEN points ELSE 0 END + COALESCE((
        SELECT SUM(delta) FROM loyalty_lotmove WHERE lot_id = loyalty_pointslot.id AND bucket = 'available'), 0),
    held = CASE bucket WHEN 'held' THEN points ELSE 0 END + COALESCE((
        SELECT SUM(delta) FROM loyalty_lotmove WHERE lot_id = loyalty_pointslot.id AND bucket = 'held'), 0)
"""
CLOSE_LOTS = "UPDATE loyalty_pointslot SET is_open = (pending + available + held > 0)"


def _run_on_postgresql(statements):
    def run(_apps, schema_editor):
        if schema_editor.connection.vendor == "postgresql":
            for statement in statements:
                schema_editor.execute(statement, params=None)

    return run


class Migration(migrations.Migration):
    dependencies = [("loyalty", "0007_finance"), ("outbox", "0002_positions")]
    operations = [
        migrations.RemoveIndex(model_name="pointstransaction", name="loyalty_poi_related_86bb53_idx"),
        migrations.AddField(model_name="pointslot", name="pending", field=models.BigIntegerField(default=0)),
        migrations.AddField(
            model_name="pointslot", name="available", field=models.BigIntegerField(default=0)
        ),
        migrations.AddField(model_name="pointslot", name="held", field=models.BigIntegerField(default=0)),
        migrations.AddField(model_name="pointslot", name="is_open", field=models.BooleanField(default=True)),
        migrations.RunSQL(FILL_LOTS, migrations.RunSQL.noop),
        migrations.RunSQL(CLOSE_LOTS, migrations.RunSQL.noop),
        migrations.AlterField(
            model_name="lotmove",
            name="lot",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="moves",
                to="loyalty.pointslot",
            ),
        ),
        migrations.AlterField(
            model_name="pointsentry",
            name="transaction",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="entries",
                to="loyalty.pointstransaction",
            ),
        ),
        migrations.AlterField(
            model_name="pointslot",
            name="wallet",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="lots",
                to="loyalty.wallet",
            ),
        ),
        migrations.AlterField(
            model_name="pointstransaction", name="key", field=models.CharField(max_length=160)
        ),
        migrations.AlterField(
            model_name="pointstransaction",
            name="public_id",
            field=models.CharField(
                default=shuke.apps.loyalty.models.ledger.new_transaction_id, editable=False, max_length=24
            ),
        ),
        # Django drops every index of a column that loses its own, partial unique ones too: they are made anew.
        migrations.RemoveConstraint(model_name="pointstransaction", name="reversed_once"),
        migrations.RemoveConstraint(model_name="pointstransaction", name="hold_ends_once"),
        migrations.AlterField(
            model_name="pointstransaction",
            name="related",
            field=models.ForeignKey(
                blank=True,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="following",
                to="loyalty.pointstransaction",
            ),
        ),
        migrations.AddConstraint(
            model_name="pointstransaction",
            constraint=models.UniqueConstraint(
                condition=models.Q(("kind", "reverse")), fields=("related",), name="reversed_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="pointstransaction",
            constraint=models.UniqueConstraint(
                condition=models.Q(("kind__in", ["commit", "release"])),
                fields=("related",),
                name="hold_ends_once",
            ),
        ),
        migrations.AlterField(
            model_name="pointstransaction",
            name="wallet",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="transactions",
                to="loyalty.wallet",
            ),
        ),
        migrations.AddIndex(
            model_name="pointslot",
            index=models.Index(condition=models.Q(("is_open", True)), fields=["wallet"], name="lots_open"),
        ),
        migrations.AddIndex(
            model_name="pointstransaction",
            index=models.Index(
                condition=models.Q(("related__isnull", False)),
                fields=["related", "kind"],
                name="transaction_following",
            ),
        ),
        migrations.AddConstraint(
            model_name="pointslot",
            constraint=models.CheckConstraint(
                condition=models.Q(("available__gte", 0), ("held__gte", 0), ("pending__gte", 0)),
                name="lot_signs",
            ),
        ),
        migrations.AddConstraint(
            model_name="pointstransaction",
            constraint=models.UniqueConstraint(fields=("public_id",), name="transaction_id_once"),
        ),
        migrations.AddConstraint(
            model_name="pointstransaction",
            constraint=models.UniqueConstraint(fields=("key",), name="key_once"),
        ),
        migrations.RunPython(_run_on_postgresql(CREATE), _run_on_postgresql(DROP)),
    ]
