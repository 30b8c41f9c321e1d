"""Working out by night what benefits cost."""

from datetime import datetime

from shuke.apps.loyalty.models import BenefitCostMonth
from shuke.apps.loyalty.queries.benefit_costs import first_month
from shuke.apps.loyalty.queries.benefit_months import month_costs
from shuke.apps.loyalty.rules import finance
from shuke.apps.loyalty.rules.benefit_costs import month_as_json
from shuke.platform.retailer.queries import retailer

#: So many months are worked out anew: late orders, and vouchers of gifts that are used later, still change them.
CHANGING = 13


def refresh_benefit_costs(*, at: datetime) -> int:
    """Work out the months that can still change and those that never were; returns how many.  Safe to run twice."""
    now = finance.first_of_month(at, time_zone=retailer().time_zone)
    settled = finance.next_month(now, by=-CHANGING)
    known = set(BenefitCostMonth.objects.filter(month__lt=settled).values_list("month", flat=True))
    months = [month for month in finance.months_through(first_month(at), now) if month not in known]
    for month in months:
        values = {"body": month_as_json(month_costs(month, at=at)), "computed_at": at}
        BenefitCostMonth.objects.update_or_create(month=month, defaults=values)
    return len(months)
