"""What points tell of a person: their statement.  Erasure keeps the sums and empties what people wrote."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from shuke.apps.loyalty.operations import forget_notes
from shuke.apps.loyalty.queries.statements import exported_points
from shuke.platform.privacy import register_eraser, register_exporter


@register_exporter("loyalty")
def export(member_id: str) -> Any:
    """Every transaction of every wallet."""
    return exported_points(member_id)


@register_eraser("loyalty")
def erase(member_id: str, at: datetime) -> Iterable[str]:
    """Empty the notes of adjustments; numbers stay, so that the ledger's sums stay true."""
    del at
    forget_notes(member_id=member_id)
    return ()
