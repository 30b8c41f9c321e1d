"""What commerce hands out and erases: who got the parcels."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from shuke.apps.commerce.operations import forget_receivers
from shuke.apps.commerce.queries import receivers_of_buyer
from shuke.platform.privacy import register_eraser, register_exporter, trace_of


@register_exporter("commerce")
def export(member_id: str) -> list[dict[str, Any]]:
    """Receivers of the member's orders: the member told them, so they are handed out with the rest."""
    found = receivers_of_buyer(trace_of(member_id).person_keys)
    return [receiver.model_dump(mode="json", exclude={"person_key"}) for receiver in found]


@register_eraser("commerce")
def erase(member_id: str, _at: datetime) -> Iterable[str]:
    """Receivers of the member's orders, and the member as receiver of others' parcels."""
    trace = trace_of(member_id)
    forget_receivers(person_keys=trace.person_keys, phones=trace.values("phone"))
    return []
