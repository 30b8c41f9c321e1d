import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("loyalty", "0006_checkout")]
    operations = [
        migrations.CreateModel(
            name="LedgerAccountName",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("role", models.CharField(max_length=20, unique=True)),
                ("name", models.CharField(max_length=120)),
            ],
        ),
        migrations.CreateModel(
            name="PointsCost",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("valid_from", models.DateField()),
                ("minor", models.PositiveBigIntegerField()),
                ("points", models.PositiveBigIntegerField()),
                ("created_at", models.DateTimeField()),
                (
                    "points_type",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="costs",
                        to="loyalty.pointstype",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("points_type", "valid_from"), name="points_cost_once"),
                    models.CheckConstraint(
                        condition=models.Q(("points__gt", 0)), name="points_cost_per_points"
                    ),
                ],
            },
        ),
    ]
