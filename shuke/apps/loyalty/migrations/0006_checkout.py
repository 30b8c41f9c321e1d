import django.db.models.deletion
import shuke.apps.loyalty.models.checkout
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("loyalty", "0005_benefits")]
    operations = [
        migrations.CreateModel(
            name="PointsRate",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("starts_on", models.DateField()),
                ("points", models.PositiveIntegerField()),
                ("minor", models.PositiveIntegerField()),
                ("minimum_points", models.PositiveIntegerField(default=1)),
                ("maximum_percent", models.PositiveSmallIntegerField(default=100)),
                ("created_at", models.DateTimeField()),
                (
                    "points_type",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="rates",
                        to="loyalty.pointstype",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="CheckoutCall",
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
                        default=shuke.apps.loyalty.models.checkout.new_call_id,
                        editable=False,
                        max_length=24,
                        unique=True,
                    ),
                ),
                ("key", models.CharField(max_length=120, unique=True)),
                ("call", models.CharField(max_length=10)),
                ("request_hash", models.CharField(max_length=64)),
                ("answer", models.JSONField(default=dict)),
                ("at", models.DateTimeField()),
                (
                    "member",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="members.member",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Reservation",
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
                        default=shuke.apps.loyalty.models.checkout.new_reservation_id,
                        editable=False,
                        max_length=24,
                        unique=True,
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("open", "open"),
                            ("committed", "committed"),
                            ("released", "released"),
                            ("ended", "ended"),
                        ],
                        default="open",
                        max_length=10,
                    ),
                ),
                ("basket", models.JSONField()),
                ("quote", models.JSONField()),
                ("hold_id", models.CharField(blank=True, max_length=24)),
                ("expires_at", models.DateTimeField()),
                ("created_at", models.DateTimeField()),
                ("ended_at", models.DateTimeField(blank=True, null=True)),
                ("actor", models.CharField(max_length=120)),
                (
                    "member",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="reservations",
                        to="members.member",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Receipt",
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
                        default=shuke.apps.loyalty.models.checkout.new_receipt_id,
                        editable=False,
                        max_length=24,
                        unique=True,
                    ),
                ),
                ("order_id", models.CharField(max_length=200, null=True, unique=True)),
                ("payment_reference", models.CharField(blank=True, max_length=120)),
                ("quote", models.JSONField()),
                ("spent_id", models.CharField(blank=True, max_length=24)),
                ("earned", models.JSONField(default=dict)),
                ("committed_at", models.DateTimeField()),
                ("actor", models.CharField(max_length=120)),
                (
                    "member",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="receipts",
                        to="members.member",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="CheckoutReturn",
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
                        default=shuke.apps.loyalty.models.checkout.new_return_id,
                        editable=False,
                        max_length=24,
                        unique=True,
                    ),
                ),
                ("number", models.PositiveIntegerField()),
                ("lines", models.JSONField()),
                ("refunds", models.JSONField()),
                ("recovered", models.JSONField(default=dict)),
                ("lost_vouchers", models.JSONField(default=list)),
                ("shipping_minor", models.BigIntegerField(default=0)),
                ("points_given_back", models.BigIntegerField(default=0)),
                ("points_taken_back", models.JSONField(default=dict)),
                ("vouchers", models.JSONField(default=list)),
                ("at", models.DateTimeField()),
                ("actor", models.CharField(max_length=120)),
                (
                    "receipt",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="returns",
                        to="loyalty.receipt",
                    ),
                ),
            ],
        ),
        migrations.AddField(
            model_name="receipt",
            name="reservation",
            field=models.OneToOneField(
                on_delete=django.db.models.deletion.PROTECT, related_name="receipt", to="loyalty.reservation"
            ),
        ),
        migrations.AddIndex(
            model_name="pointsrate",
            index=models.Index(fields=["points_type", "-starts_on"], name="loyalty_poi_points__a3dfd1_idx"),
        ),
        migrations.AddConstraint(
            model_name="pointsrate",
            constraint=models.CheckConstraint(
                condition=models.Q(("minor__gt", 0), ("points__gt", 0)), name="rate_above_zero"
            ),
        ),
        migrations.AddConstraint(
            model_name="pointsrate",
            constraint=models.CheckConstraint(
                condition=models.Q(("maximum_percent__lte", 100)), name="rate_share"
            ),
        ),
        migrations.AddConstraint(
            model_name="checkoutreturn",
            constraint=models.UniqueConstraint(fields=("receipt", "number"), name="return_number_once"),
        ),
        migrations.AddIndex(
            model_name="reservation",
            index=models.Index(
                condition=models.Q(("state", "open")), fields=["expires_at"], name="reservations_open"
            ),
        ),
        migrations.AddIndex(
            model_name="reservation",
            index=models.Index(fields=["-created_at"], name="loyalty_res_created_618217_idx"),
        ),
        migrations.AddIndex(
            model_name="receipt",
            index=models.Index(fields=["member", "-committed_at"], name="loyalty_rec_member__2721a2_idx"),
        ),
        migrations.AddIndex(
            model_name="receipt",
            index=models.Index(fields=["-committed_at"], name="loyalty_rec_committ_314b7c_idx"),
        ),
    ]
