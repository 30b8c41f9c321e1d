"""What connections erases: files as they came, and rows that were put aside."""

from datetime import datetime

from shuke.apps.connections.operations.forgetting import forget_in_quarantine, forget_in_uploads
from shuke.platform.privacy import Trace, register_sweeper


@register_sweeper("connections")
def sweep(traces: tuple[Trace, ...], _at: datetime) -> int:
    """Stored uploads that hold the people, and quarantined rows that quote them."""
    return forget_in_uploads(traces) + forget_in_quarantine(traces)
