"""The cost of each tier's benefits in a year, from receipts, birthday gifts and recorded uses."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from fractions import Fraction
from zoneinfo import ZoneInfo

from django.db.models import Sum

from shuke.apps.loyalty.models import (
    BenefitTerms,
    BenefitUse,
    OrderEarning,
    PointsTransaction,
    PointsType,
    Receipt,
)
from shuke.apps.loyalty.queries.earning_plans import ground_rules
from shuke.apps.loyalty.queries.finance.costs import rates_of
from shuke.apps.loyalty.queries.tiers import members_by_tier, tier_names
from shuke.apps.loyalty.rules import benefit_costs as rules
from shuke.apps.loyalty.rules import finance
from shuke.apps.loyalty.rules.benefit_costs import TierCost
from shuke.apps.loyalty.rules.benefits import Benefit, terms_from_json
from shuke.apps.loyalty.schemas.benefits import BenefitCosts, TierBenefitCost
from shuke.apps.promotions.queries import voucher_costs
from shuke.platform.batches import in_batches
from shuke.platform.clock import business_date
from shuke.platform.retailer.queries import retailer

BIRTHDAY = "birthday:"


@dataclass(frozen=True)
class _Paid:
    """What a receipt says of benefits."""

    order_id: str
    tier: str
    on: date
    discount: int
    shipping: int


def benefit_costs(year: int, *, at: datetime) -> BenefitCosts:
    """What the benefits of each tier cost in a calendar year of the retailer, as far as ``at``, before returns.

    Discounts and free shipping as the receipts have them; gifts as they were given (points) or used (vouchers);
    extra points worked out from the points that receipts earned and the multiplier of the terms of that day.
    """
    shop = retailer()
    zone = ZoneInfo(shop.time_zone)
    begins, ends = (datetime(y, 1, 1, tzinfo=zone) for y in (year, year + 1))
    found: dict[str, TierCost] = defaultdict(TierCost)
    purchases = list(_purchases(begins, min(ends, at), zone))
    for paid in purchases:
        cost = found[paid.tier]
        cost.purchases += 1
        cost.minor["discount"] += paid.discount
        cost.minor["shipping"] += paid.shipping
    worth = _Worth()
    _count_extra_points(found, purchases, worth)
    _count_uses(found, begins, min(ends, at), worth, zone)
    today = business_date(at, shop.time_zone)
    members = members_by_tier(min(date(year, 12, 31), today))
    names = {**tier_names(), "": ""}
    codes = [code for code in names if code] + [code for code in found if code and code not in names] + [""]
    return BenefitCosts(
        year=year,
        currency=shop.currency,
        is_running=ends > at,
        tiers=[
            _row(code, names.get(code, code), found[code], members.get(code, 0))
            for code in codes
            if code or found[""].uses or found[""].minor.total()
        ],
        years=_years(zone, at),
    )


def _row(code: str, name: str, cost: TierCost, members: int) -> TierBenefitCost:
    minor = {part: cost.minor[part] for part in rules.PARTS}
    total = sum(minor.values())
    return TierBenefitCost(
        code=code,
        name=name,
        members=members,
        purchases=cost.purchases,
        minor=minor,
        extra_points=dict(cost.points),
        uses=dict(cost.uses),
        total_minor=total,
        member_minor=finance.rounded(Fraction(total, members)) if members else None,
    )


def _purchases(begins: datetime, ends: datetime, zone: ZoneInfo) -> Iterator[_Paid]:
    rows = Receipt.objects.filter(committed_at__gte=begins, committed_at__lt=ends, member__isnull=False)
    columns = (
        "public_id", "order_id", "committed_at", "quote__tier", "quote__deductions",
        "quote__shipping_list_minor", "quote__shipping_minor",
    )  # fmt: skip
    for public_id, order_id, at, tier, deductions, list_minor, paid_minor in rows.values_list(
        *columns
    ).iterator(chunk_size=2000):
        yield _Paid(
            order_id=order_id or f"checkout:{public_id}",
            tier=tier or "",
            on=at.astimezone(zone).date(),
            discount=rules.discount_minor(deductions or ()),
            shipping=rules.free_shipping_minor(
                deductions or (), list_minor=list_minor or 0, paid_minor=paid_minor or 0
            ),
        )


class _Worth:
    """What points cost by the month they were given in, and the terms by the day."""

    def __init__(self) -> None:
        self._rates = {kind.code: rates_of(kind.pk) for kind in PointsType.objects.filter(is_spendable=True)}
        rows = BenefitTerms.objects.filter(state="published").order_by("starts_on", "number")
        self._terms = [(row.starts_on or date.max, terms_from_json(row.benefits)) for row in rows]
        self._multipliers: dict[tuple[date, str], Fraction] = {}

    def spendable(self) -> set[str]:
        """The types of points that cost something."""
        return set(self._rates)

    def minor(self, points: int, *, points_type: str, on: date) -> int:
        """Points of a day in minor units; 0 for those that are never spent or that nobody has given a cost."""
        return finance.rounded(points * finance.rate_in(self._rates.get(points_type, ()), on.replace(day=1)))

    def multiplier(self, tier: str, *, on: date) -> Fraction:
        """By how much the tier multiplied points on a day."""
        if (on, tier) not in self._multipliers:
            valid = [terms for starts_on, terms in self._terms if starts_on <= on]
            terms: list[Benefit] = valid[-1] if valid else []
            self._multipliers[on, tier] = rules.multiplier_of(terms, tier)
        return self._multipliers[on, tier]


def _count_extra_points(found: dict[str, TierCost], purchases: Iterable[_Paid], worth: _Worth) -> None:
    multiplied = {paid.order_id: paid for paid in purchases if worth.multiplier(paid.tier, on=paid.on) > 1}
    ground, spendable = ground_rules(), worth.spendable()
    for ids in in_batches(sorted(multiplied)):
        rows = OrderEarning.objects.filter(order_id__in=ids)
        for order_id, version, given in rows.values_list("order_id", "version", "body__rules"):
            paid = multiplied[order_id]
            multiplier = worth.multiplier(paid.tier, on=paid.on)
            for points_type in spendable & set(given or {}):
                basic = sum(n for rule, n in given[points_type].items() if rule in ground.get(version, ()))
                extra = rules.extra_points(basic, multiplier)
                found[paid.tier].points[points_type] += extra
                found[paid.tier].minor["points"] += worth.minor(extra, points_type=points_type, on=paid.on)


def _count_uses(
    found: dict[str, TierCost], begins: datetime, ends: datetime, worth: _Worth, zone: ZoneInfo
) -> None:
    """Uses of benefits that are counted, and what birthday gifts cost."""
    uses = BenefitUse.objects.filter(
        hold__state="used", hold__created_at__gte=begins, hold__created_at__lt=ends
    )
    for source, benefit, total in (
        uses.values_list("source", "benefit").annotate(total=Sum("quantity") - Sum("returned")).order_by()
    ):
        found[_tier_of(source)].uses[benefit] += total
    gifts = dict(uses.filter(hold__key__startswith=BIRTHDAY).values_list("hold__key", "source"))
    for keys in in_batches(sorted(gifts)):
        for key, kind, points, at in _points_given(keys):
            on = at.astimezone(zone).date()
            found[_tier_of(gifts[key])].minor["gifts"] += worth.minor(points, points_type=kind, on=on)
        for key, minor in voucher_costs(keys).items():
            found[_tier_of(gifts[key])].minor["gifts"] += minor


def _points_given(keys: Iterable[str]) -> list[tuple[str, str, int, datetime]]:
    rows = PointsTransaction.objects.filter(key__in=list(keys), kind="earn", entries__account="issued")
    columns = ("key", "wallet__points_type__code", "entries__points", "effective_at")
    return [(key, kind, -points, at) for key, kind, points, at in rows.values_list(*columns)]


def _tier_of(source: str) -> str:
    """The tier of a column: everybody's and paid memberships' are no tier's."""
    return "" if source == "*" or source.startswith("plan:") else source


def _years(zone: ZoneInfo, at: datetime) -> list[int]:
    first = Receipt.objects.order_by("committed_at").values_list("committed_at", flat=True).first()
    uses = BenefitUse.objects.order_by("hold__created_at").values_list("hold__created_at", flat=True).first()
    begun = [moment.astimezone(zone).year for moment in (first, uses) if moment]
    last = at.astimezone(zone).year
    counted = Counter(range(min([*begun, last]), last + 1))
    return sorted(counted, reverse=True)
