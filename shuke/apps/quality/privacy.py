"""What quality hands out and erases: issues about a member, and corrections of their values."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from shuke.apps.quality.operations import forget_member
from shuke.apps.quality.queries import member_record
from shuke.platform.privacy import register_eraser, register_exporter


@register_exporter("quality")
def export(member_id: str) -> list[dict[str, Any]]:
    """What looked wrong, and what was set instead, in the clear."""
    return member_record(member_id)


@register_eraser("quality")
def erase(member_id: str, _at: datetime) -> Iterable[str]:
    """Delete both."""
    forget_member(member_id=member_id)
    return ()
