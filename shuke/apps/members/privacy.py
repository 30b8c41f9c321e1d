"""What members hands out and erases."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from shuke.apps.members.operations import erase_profile
from shuke.apps.members.queries import profile_record
from shuke.platform.privacy import Traced, register_eraser, register_exporter, register_tracer


@register_exporter("members")
def export(member_id: str) -> dict[str, Any]:
    """The profile, in the clear."""
    return profile_record(member_id)


@register_tracer("members")
def trace(member_id: str) -> Iterable[Traced]:
    """The name."""
    name = profile_record(member_id).get("name")
    if name:
        yield Traced("name", name)


@register_eraser("members")
def erase(member_id: str, at: datetime) -> Iterable[str]:
    """Empty the profile; the row stays as a tombstone, so that the id is never given again."""
    erase_profile(at=at, member_id=member_id)
    return ()
