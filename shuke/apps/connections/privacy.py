"""What connections erases: files as they came, rows that were put aside, and records that webhooks named."""

from datetime import datetime

from shuke.apps.connections.operations.forgetting import forget_in_quarantine, forget_in_uploads
from shuke.apps.connections.operations.webhooks import forget_deliveries
from shuke.platform.privacy import Trace, register_sweeper


@register_sweeper("connections")
def sweep(traces: tuple[Trace, ...], _at: datetime) -> int:
    """Stored uploads that hold the people, quarantined rows that quote them, messages that name them."""
    return forget_in_uploads(traces) + forget_in_quarantine(traces) + forget_deliveries(traces)
