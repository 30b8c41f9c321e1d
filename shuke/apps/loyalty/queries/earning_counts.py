"""What members have used of limits over time."""

from django.db.models import Sum

from shuke.apps.loyalty.models import EarningCount
from shuke.apps.loyalty.rules.earning_limits import Counts
from shuke.apps.members.queries import family_keys


def counts_of(member_id: str) -> Counts:
    """What one member, by public id, has used, together with all that were merged into one person with it."""
    rows = EarningCount.objects.filter(member_id__in=family_keys(member_id)).values_list("scope", "period")
    sums = rows.annotate(total=Sum("used")).order_by()
    return Counts({(scope, period): used for scope, period, used in sums})
