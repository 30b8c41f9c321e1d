"""What audiences hold of a member: its id in lists of members."""

from collections.abc import Iterable
from datetime import datetime

from shuke.apps.audiences.operations import erase_member
from shuke.apps.audiences.queries import audiences_listing
from shuke.platform.privacy import register_eraser, register_exporter


@register_exporter("audiences")
def exported(member_id: str) -> dict[str, list[str]]:
    """Ids of the audiences that name the member in a list."""
    found = audiences_listing(member_id)
    return {"listed_in": found} if found else {}


@register_eraser("audiences")
def erased(member_id: str, at: datetime) -> Iterable[str]:  # noqa: ARG001
    """Takes the member out of every list; no facts of its own lie in the lake."""
    erase_member(member_id=member_id)
    return ()
