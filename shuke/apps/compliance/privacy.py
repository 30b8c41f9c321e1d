"""What compliance hands out and erases."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from shuke.apps.compliance.operations import forget_permission, hide_addresses
from shuke.apps.compliance.queries import consents_of, decisions_of, suppressions_of
from shuke.platform.privacy import Trace, register_eraser, register_exporter, register_sweeper


@register_exporter("compliance")
def export(member_id: str) -> dict[str, Any]:
    """What holds, every decision with the text that was shown, and the suppressions."""
    return {
        "consents": [row.model_dump(mode="json") for row in consents_of(member_id)],
        "decisions": [row.model_dump(mode="json", exclude={"id"}) for row in decisions_of(member_id)],
        "suppressions": suppressions_of(member_id),
    }


@register_eraser("compliance")
def erase(member_id: str, _at: datetime) -> Iterable[str]:
    """Delete decisions and suppressions."""
    forget_permission(member_id=member_id)
    return ()


@register_sweeper("compliance")
def sweep(traces: tuple[Trace, ...], _at: datetime) -> int:
    """What is shown of suppressed addresses; their hashes stay, so that they are never written to."""
    return hide_addresses([value for trace in traces for value in trace.values("email", "phone")])
