from django.db import migrations, models


class Migration(migrations.Migration):
    """Names of kinds of vouchers by language."""

    dependencies = [("promotions", "0001_initial")]

    operations = [
        migrations.AddField(
            model_name="voucherdefinition", name="names", field=models.JSONField(default=dict)
        )
    ]
