"""Erasing what was written to a member."""

from django.db import transaction

from shuke.apps.channels.models import Message


@transaction.atomic
def forget_messages(*, member_id: str) -> list[str]:
    """Delete every message to the member, with its content; returns the person keys they were sent under."""
    rows = Message.objects.select_for_update().filter(member__public_id=member_id)
    person_keys = list(rows.values_list("person_key", flat=True))
    rows.delete()
    return person_keys
