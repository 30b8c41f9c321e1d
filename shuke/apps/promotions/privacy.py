"""What vouchers tell of a person.  Erasure cancels what is live and takes the person out of what was used."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from shuke.apps.promotions.operations import forget_member
from shuke.apps.promotions.queries import vouchers_record
from shuke.platform.privacy import register_eraser, register_exporter


@register_exporter("promotions")
def export(member_id: str) -> list[dict[str, Any]]:
    """Every voucher of the member with its steps."""
    return vouchers_record(member_id)


@register_eraser("promotions")
def erase(member_id: str, at: datetime) -> Iterable[str]:
    """Amounts stay, so that budgets and reports stay true."""
    forget_member(member_id=member_id, at=at)
    return ()
