"""Adjustments by two, reminders, verifications, and where the points of merged members go."""

import django.db.models.deletion
import shuke.apps.loyalty.models.care
from django.db import migrations, models

KINDS = [
    (kind, kind)
    for kind in (
        "earn activate expire hold commit release give_back claw_back adjust transfer_out transfer_in reverse "
        "merge_out merge_in unmerge_out unmerge_in"
    ).split()
]


def key() -> models.BigAutoField:
    return models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")


class Migration(migrations.Migration):
    dependencies = [("loyalty", "0001_initial"), ("members", "0002_merged_members")]

    operations = [
        migrations.AddField(
            model_name="pointstype",
            name="adjustment_limit",
            field=models.PositiveBigIntegerField(blank=True, default=1000, null=True),
        ),
        migrations.AddField(
            model_name="wallet", name="moved_by", field=models.CharField(blank=True, max_length=80)
        ),
        migrations.AddField(
            model_name="wallet",
            name="moved_to",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="moved_from",
                to="loyalty.wallet",
            ),
        ),
        migrations.AlterField(
            model_name="pointstransaction",
            name="kind",
            field=models.CharField(choices=KINDS, max_length=12),
        ),
        migrations.CreateModel(
            name="LedgerHead",
            fields=[
                ("id", key()),
                ("seq", models.BigIntegerField()),
                ("hash", models.CharField(max_length=64)),
                ("verified_at", models.DateTimeField()),
                (
                    "wallet",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="verified_head",
                        to="loyalty.wallet",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Verification",
            fields=[
                ("id", key()),
                (
                    "public_id",
                    models.CharField(
                        default=shuke.apps.loyalty.models.care.new_verification_id,
                        editable=False,
                        max_length=24,
                        unique=True,
                    ),
                ),
                ("started_at", models.DateTimeField()),
                ("finished_at", models.DateTimeField()),
                ("is_full", models.BooleanField()),
                ("started_by", models.CharField(max_length=120)),
                ("wallets", models.BigIntegerField()),
                ("wallets_looked_at", models.BigIntegerField()),
                ("transactions", models.BigIntegerField()),
                ("findings", models.BigIntegerField()),
                ("results", models.JSONField()),
                ("heads_digest", models.CharField(max_length=64)),
            ],
            options={"indexes": [models.Index(fields=["-finished_at"], name="verifications_newest")]},
        ),
        migrations.CreateModel(
            name="Adjustment",
            fields=[
                ("id", key()),
                (
                    "public_id",
                    models.CharField(
                        default=shuke.apps.loyalty.models.care.new_adjustment_id,
                        editable=False,
                        max_length=24,
                        unique=True,
                    ),
                ),
                ("key", models.CharField(max_length=160, unique=True)),
                ("request_hash", models.CharField(max_length=64)),
                ("points", models.BigIntegerField()),
                ("reason", models.CharField(max_length=60)),
                ("note", models.TextField(blank=True)),
                (
                    "state",
                    models.CharField(
                        choices=[(state, state) for state in ("waiting", "posted", "rejected")],
                        max_length=10,
                    ),
                ),
                ("requester_id", models.CharField(max_length=120)),
                ("requester_name", models.CharField(max_length=120)),
                ("requested_at", models.DateTimeField()),
                ("decider_id", models.CharField(blank=True, max_length=120)),
                ("decider_name", models.CharField(blank=True, max_length=120)),
                ("decided_at", models.DateTimeField(blank=True, null=True)),
                ("answer", models.TextField(blank=True)),
                (
                    "member",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="adjustments",
                        to="members.member",
                    ),
                ),
                (
                    "points_type",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="adjustments",
                        to="loyalty.pointstype",
                    ),
                ),
                (
                    "transaction",
                    models.OneToOneField(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="adjustment",
                        to="loyalty.pointstransaction",
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(fields=["state", "requested_at"], name="adjustments_by_state"),
                    models.Index(fields=["member", "requested_at"], name="adjustments_by_member"),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("points", 0), _negated=True), name="adjustment_not_zero"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("decider_id", models.F("requester_id")), _negated=True),
                            ("decider_id", ""),
                            _connector="OR",
                        ),
                        name="adjustment_by_two",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="ExpiryReminder",
            fields=[
                ("id", key()),
                ("ends_on", models.DateField()),
                ("stage", models.PositiveSmallIntegerField()),
                ("points", models.BigIntegerField()),
                ("reminded_at", models.DateTimeField()),
                (
                    "wallet",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="reminders",
                        to="loyalty.wallet",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("wallet", "ends_on", "stage"), name="reminded_once")
                ]
            },
        ),
    ]
