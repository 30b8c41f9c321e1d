"""A new row is noted in three indexes instead of six, and so is each of its two changes by the relay."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("outbox", "0002_positions")]
    operations = [
        migrations.RemoveIndex(model_name="outboxrow", name="outbox_stream"),
        migrations.RemoveIndex(model_name="outboxrow", name="outbox_relayed"),
        migrations.AlterField(
            model_name="outboxrow", name="recorded_at", field=models.DateTimeField(auto_now_add=True)
        ),
        migrations.AddIndex(
            model_name="outboxrow",
            index=models.Index(
                condition=models.Q(("position__isnull", False)),
                fields=["table", "position"],
                name="outbox_stream",
            ),
        ),
        migrations.AddIndex(
            model_name="outboxrow",
            index=models.Index(
                condition=models.Q(("relayed_at__isnull", False)),
                fields=["relayed_at"],
                name="outbox_relayed",
            ),
        ),
    ]
