"""The cost of each tier's benefits in a year: months as they were worked out by night, the others at once."""

from datetime import date, datetime
from fractions import Fraction
from zoneinfo import ZoneInfo

from django.db.models import Min

from shuke.apps.loyalty.models import BenefitCostMonth, BenefitUse, OrderEarning, Receipt
from shuke.apps.loyalty.queries.benefit_months import month_costs
from shuke.apps.loyalty.queries.tiers import tier_names
from shuke.apps.loyalty.rules import benefit_costs as rules
from shuke.apps.loyalty.rules import finance
from shuke.apps.loyalty.rules.benefit_costs import TierCost
from shuke.apps.loyalty.schemas.benefits import BenefitCosts, TierBenefitCost
from shuke.platform.clock import business_date
from shuke.platform.retailer.queries import retailer


def benefit_costs(year: int, *, at: datetime) -> BenefitCosts:
    """What the benefits of each tier cost in a calendar year of the retailer, as far as ``at``, before returns.

    Months that were worked out by night are read (``as_of`` is the oldest of those nights that does not close its
    month); a month that was not is worked out now (``queries.benefit_months.month_costs``).
    """
    shop = retailer()
    today = business_date(at, shop.time_zone)
    months = [date(year, number, 1) for number in range(1, 13) if date(year, number, 1) <= today]
    stored = {
        row.month: row for row in BenefitCostMonth.objects.filter(month__in=months, computed_at__lte=at)
    }
    parts = [
        rules.month_from_json(stored[month].body) if month in stored else month_costs(month, at=at)
        for month in months
    ]
    found = rules.added(parts)
    members = parts[-1].members if parts else {}
    names = {**tier_names(), "": ""}
    codes = [code for code in names if code] + [code for code in found if code and code not in names] + [""]
    nobody = found.get("", TierCost())
    newest = stored.get(months[-1]) if months else None
    return BenefitCosts(
        year=year,
        currency=shop.currency,
        is_running=date(year + 1, 1, 1) > today,
        tiers=[
            _row(code, names.get(code, code), found.get(code, TierCost()), members.get(code, 0))
            for code in codes
            if code or nobody.uses or nobody.minor.total()
        ],
        years=_years(ZoneInfo(shop.time_zone), at),
        untold_imports=sum(part.untold for part in parts),
        as_of=newest.computed_at if newest else at,
    )


def _row(code: str, name: str, cost: TierCost, members: int) -> TierBenefitCost:
    minor = {part: cost.minor[part] for part in rules.PARTS}
    total = sum(minor.values())
    return TierBenefitCost(
        code=code,
        name=name,
        members=members,
        purchases=cost.purchases,
        imported=cost.imported,
        minor=minor,
        extra_points=dict(cost.points),
        uses=dict(cost.uses),
        total_minor=total,
        member_minor=finance.rounded(Fraction(total, members)) if members else None,
    )


def _years(zone: ZoneInfo, at: datetime) -> list[int]:
    last = at.astimezone(zone).year
    return sorted(range(min(first_month(at).year, last), last + 1), reverse=True)


def first_month(at: datetime) -> date:
    """The month of the first receipt, use or imported purchase; this month without any."""
    zone = ZoneInfo(retailer().time_zone)
    receipts = Receipt.objects.aggregate(first=Min("committed_at"))["first"]
    uses = BenefitUse.objects.aggregate(first=Min("hold__created_at"))["first"]
    orders = OrderEarning.objects.filter(teller="lake").aggregate(first=Min("local_date"))["first"]
    days = [moment.astimezone(zone).date() for moment in (receipts, uses, at) if moment]
    return min([*days, *filter(None, [orders])]).replace(day=1)
