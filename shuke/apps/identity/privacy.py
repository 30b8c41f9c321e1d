"""What identity hands out and erases."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from shuke.apps.identity.operations import forget_identifiers
from shuke.apps.identity.queries import identifiers_of, value_hash
from shuke.platform.privacy import Traced, register_eraser, register_exporter, register_tracer


@register_exporter("identity")
def export(member_id: str) -> list[dict[str, Any]]:
    """Every identifier, in the clear."""
    return [row.model_dump(mode="json") for row in identifiers_of(member_id, unmask=True)]


@register_tracer("identity")
def trace(member_id: str) -> Iterable[Traced]:
    """Every identifier with its hash and its key in the lake."""
    for row in identifiers_of(member_id, unmask=True):
        yield Traced(row.kind, row.value, row.scope, row.person_key, value_hash(row.kind, row.value))


@register_eraser("identity")
def erase(member_id: str, at: datetime) -> Iterable[str]:
    """Delete the identifiers; their keys tell the lake which facts to delete."""
    return forget_identifiers(at=at, member_id=member_id)
