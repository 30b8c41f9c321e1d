"""Identifiers from before there were merges belong to whom they were first given to."""

from typing import Any

from django.db import migrations
from django.db.models import F


def remember_owners(apps: Any, _schema_editor: Any) -> None:
    identifiers = apps.get_model("identity", "Identifier").objects.filter(origin=None)
    identifiers.exclude(member=None).update(origin_id=F("member_id"), owned_at=F("created_at"))


class Migration(migrations.Migration):
    dependencies = [("identity", "0002_links_and_merges")]

    operations = [migrations.RunPython(remember_owners, migrations.RunPython.noop)]
