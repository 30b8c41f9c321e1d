"""Writing the audit."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.utils.functional import Promise

from shuke.platform.audit.models import AuditEntry
from shuke.platform.permissions import Actor


def record_audit(
    *, actor: Actor, at: datetime, verb: str, subject: tuple[str, str], changes: Mapping[str, Any]
) -> None:
    """Add an entry in the caller's transaction.

    ``verb`` is like ``audience.changed``, ``subject`` is (noun, public id).

    ``changes`` maps a field to [before, after].  Never pass a name, phone, email or address.
    """
    AuditEntry.objects.create(
        at=at,
        actor_kind=actor.kind,
        actor_id=actor.id,
        actor_name=actor.name,
        verb=verb,
        subject_kind=subject[0],
        subject_id=subject[1],
        changes={key: _plain(value) for key, value in changes.items()},
    )


def _plain(value: Any) -> Any:
    """JSON can hold it: dates become text, lazy translations become their text."""
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if value is None or isinstance(value, (str, int, float, bool)):
        return value
    if isinstance(value, Promise):
        return str(value)
    return DjangoJSONEncoder().default(value)


def delete_entries(before: datetime) -> int:
    """Delete entries older than that, where the retailer's rule of retention says so; returns how many."""
    return AuditEntry.objects.filter(at__lt=before).delete()[0]
