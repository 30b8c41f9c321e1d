"""What members have used of limits over time."""

from shuke.apps.loyalty.models import EarningCount
from shuke.apps.loyalty.rules.earning_limits import Counts


def counts_of(member_id: str) -> Counts:
    """What one member, by public id, has used."""
    rows = EarningCount.objects.filter(member__public_id=member_id)
    return Counts(
        {(scope, period): used for scope, period, used in rows.values_list("scope", "period", "used")}
    )
