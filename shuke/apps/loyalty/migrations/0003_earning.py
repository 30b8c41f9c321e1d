import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("loyalty", "0002_adjustments"),
        ("members", "0002_merged_members"),
    ]
    operations = [
        migrations.CreateModel(
            name="EarningPosition",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("name", models.CharField(max_length=40, unique=True)),
                ("read_until", models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name="EarningVersion",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("number", models.IntegerField(unique=True)),
                (
                    "state",
                    models.CharField(
                        choices=[("draft", "draft"), ("published", "published")],
                        default="draft",
                        max_length=10,
                    ),
                ),
                ("starts_at", models.DateTimeField(blank=True, null=True)),
                ("body", models.JSONField(default=dict)),
                ("note", models.CharField(blank=True, max_length=200)),
                ("changed_at", models.DateTimeField()),
                ("changed_by", models.CharField(max_length=120)),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("state", "draft")), fields=("state",), name="earning_draft_once"
                    ),
                    models.UniqueConstraint(fields=("starts_at",), name="earning_start_once"),
                    models.CheckConstraint(
                        condition=models.Q(("state", "draft"), ("starts_at__isnull", False), _connector="OR"),
                        name="earning_published_starts",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="EarningCount",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("scope", models.CharField(max_length=60)),
                ("period", models.CharField(blank=True, max_length=10)),
                ("used", models.BigIntegerField(default=0)),
                (
                    "member",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="members.member",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("member", "scope", "period"), name="earning_count_once"),
                    models.CheckConstraint(condition=models.Q(("used__gte", 0)), name="earning_count_sign"),
                ],
            },
        ),
        migrations.CreateModel(
            name="EventEarning",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("key", models.CharField(max_length=160, unique=True)),
                ("event", models.CharField(max_length=100)),
                ("version", models.IntegerField()),
                ("occurred_at", models.DateTimeField()),
                ("local_date", models.DateField()),
                ("points", models.JSONField()),
                ("recorded_at", models.DateTimeField()),
                (
                    "member",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="members.member",
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(fields=["local_date"], name="loyalty_eve_local_d_2da86a_idx"),
                    models.Index(fields=["member", "event"], name="loyalty_eve_member__4a1f3e_idx"),
                ],
            },
        ),
        migrations.CreateModel(
            name="OrderEarning",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("order_id", models.CharField(max_length=160, unique=True)),
                ("version", models.IntegerField()),
                (
                    "teller",
                    models.CharField(choices=[("checkout", "checkout"), ("lake", "lake")], max_length=8),
                ),
                ("placed_at", models.DateTimeField()),
                ("local_date", models.DateField()),
                ("basis", models.BigIntegerField(default=0)),
                ("body", models.JSONField()),
                ("recorded_at", models.DateTimeField()),
                (
                    "member",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="members.member",
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(fields=["local_date"], name="loyalty_ord_local_d_f253cb_idx"),
                    models.Index(fields=["member", "placed_at"], name="loyalty_ord_member__c414b9_idx"),
                ],
            },
        ),
    ]
