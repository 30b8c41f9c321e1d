import django.db.models.deletion
import shuke.apps.loyalty.models.exchanges
from django.db import migrations, models


class Migration(migrations.Migration):
    """Points exchanged for vouchers, and what benefits cost by month."""

    dependencies = [
        ("loyalty", "0011_names"),
        ("members", "0002_merged_members"),
    ]

    operations = [
        migrations.CreateModel(
            name="BenefitCostMonth",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("month", models.DateField(unique=True)),
                ("body", models.JSONField()),
                ("computed_at", models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name="VoucherExchange",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "public_id",
                    models.CharField(
                        default=shuke.apps.loyalty.models.exchanges.new_exchange_id,
                        editable=False,
                        max_length=24,
                        unique=True,
                    ),
                ),
                ("definition_id", models.CharField(max_length=24)),
                ("voucher_id", models.CharField(max_length=24, unique=True)),
                ("points", models.PositiveBigIntegerField()),
                ("spent_id", models.CharField(max_length=24)),
                (
                    "state",
                    models.CharField(
                        choices=[("made", "made"), ("taken_back", "taken_back")],
                        default="made",
                        max_length=10,
                    ),
                ),
                ("made_at", models.DateTimeField()),
                ("actor", models.CharField(max_length=120)),
                ("back_through", models.DateTimeField(blank=True, null=True)),
                ("given_back_id", models.CharField(blank=True, max_length=24)),
                ("returned", models.PositiveBigIntegerField(default=0)),
                ("expired", models.PositiveBigIntegerField(default=0)),
                ("ended_at", models.DateTimeField(blank=True, null=True)),
                (
                    "member",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="voucher_exchanges",
                        to="members.member",
                    ),
                ),
                (
                    "points_type",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="exchanges",
                        to="loyalty.pointstype",
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(fields=["member", "-made_at"], name="loyalty_vou_member__3bc84b_idx"),
                    models.Index(fields=["-made_at"], name="loyalty_vou_made_at_7538bf_idx"),
                ],
                "constraints": [
                    models.CheckConstraint(condition=models.Q(("points__gt", 0)), name="exchange_above_zero"),
                    models.CheckConstraint(
                        condition=models.Q(("state", "made"), ("ended_at__isnull", False), _connector="OR"),
                        name="exchange_back_has_a_time",
                    ),
                ],
            },
        ),
    ]
