from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("loyalty", "0006_checkout")]
    operations = []
