from django.db import migrations, models


class Migration(migrations.Migration):
    """Names of points types and tier programmes by language."""

    dependencies = [("loyalty", "0010_one_call")]

    operations = [
        migrations.AddField(model_name="pointstype", name="names", field=models.JSONField(default=dict)),
        migrations.AddField(model_name="tierprogram", name="names", field=models.JSONField(default=dict)),
    ]
