from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("jobs", "0001_initial")]

    operations = [
        # With a default of the database, so that a worker of the version before can still note itself.
        migrations.AddField(
            model_name="worker",
            name="queues",
            field=models.CharField(default="", db_default="", max_length=200),
        ),
    ]
