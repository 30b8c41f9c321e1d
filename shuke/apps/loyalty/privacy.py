"""What points tell of a person: their statement.  Erasure keeps the sums and empties what people wrote."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from shuke.apps.loyalty.operations import forget_notes
from shuke.apps.loyalty.operations.checkout import forget_checkouts
from shuke.apps.loyalty.operations.exchanging import forget_exchanges
from shuke.apps.loyalty.operations.forgetting import forget_benefits
from shuke.apps.loyalty.operations.tiers import forget_tiers
from shuke.apps.loyalty.queries.benefits import exported_benefits
from shuke.apps.loyalty.queries.checkout import exported_checkouts
from shuke.apps.loyalty.queries.exchanges import exported_exchanges
from shuke.apps.loyalty.queries.plans import exported_plans
from shuke.apps.loyalty.queries.statements import exported_points
from shuke.apps.loyalty.queries.tiers import exported_tiers
from shuke.platform.privacy import register_eraser, register_exporter


@register_exporter("loyalty")
def export(member_id: str) -> Any:
    """Every transaction of every wallet, receipt, reservation and exchange for a voucher, every tier."""
    return {
        **exported_points(member_id),
        "checkout": exported_checkouts(member_id),
        "voucher_exchanges": exported_exchanges(member_id),
        "tiers": exported_tiers(member_id),
        "benefits": exported_benefits(member_id),
        "paid_membership": exported_plans(member_id),
    }


@register_eraser("loyalty")
def erase(member_id: str, at: datetime) -> Iterable[str]:
    """Empty notes, cut receipts and exchanges from the member, delete tiers; sums stay, so the books stay true."""
    forget_notes(member_id=member_id)
    forget_checkouts(member_id=member_id, at=at)
    forget_exchanges(member_id=member_id)
    forget_tiers(member_id=member_id)
    forget_benefits(member_id=member_id)
    return ()
