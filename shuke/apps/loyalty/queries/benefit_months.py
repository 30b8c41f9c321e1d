"""What benefits cost in one month, from receipts, imported purchases, birthday gifts and recorded uses."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from fractions import Fraction
from zoneinfo import ZoneInfo

from django.db.models import Min, Sum

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
from shuke.apps.loyalty.queries.tiers import members_by_tier, tiers_on
from shuke.apps.loyalty.rules import benefit_costs as rules
from shuke.apps.loyalty.rules import finance
from shuke.apps.loyalty.rules.benefit_costs import MonthCosts, TierCost
from shuke.apps.loyalty.rules.benefits import Benefit, terms_from_json
from shuke.apps.promotions.queries import voucher_costs
from shuke.platform.batches import in_batches
from shuke.platform.clock import business_date
from shuke.platform.retailer.queries import retailer

BIRTHDAY = "birthday:"
#: Purchases that were taken in together with one this old are a history: no multiplier was applied to them.
HISTORY = timedelta(days=31)


@dataclass(frozen=True)
class _Paid:
    """What a receipt says of benefits."""

    order_id: str
    tier: str
    on: date
    discount: int
    shipping: int


def month_costs(month: date, *, at: datetime) -> MonthCosts:
    """What the benefits of each tier cost in a month of the retailer, as far as ``at``, before returns.

    Discounts and free shipping as the receipts have them; gifts as they were given (points) or used (vouchers);
    extra points worked out from the points that receipts and imported purchases earned and the multiplier of the
    terms of that day.
    """
    shop = retailer()
    zone = ZoneInfo(shop.time_zone)
    begins, ends = (
        finance.start_of(day, time_zone=shop.time_zone) for day in (month, finance.next_month(month))
    )
    found: dict[str, TierCost] = defaultdict(TierCost)
    purchases = list(_purchases(begins, min(ends, at), zone))
    for paid in purchases:
        cost = found[paid.tier]
        cost.purchases += 1
        cost.minor["discount"] += paid.discount
        cost.minor["shipping"] += paid.shipping
    worth = _Worth()
    _count_extra_points(found, purchases, worth)
    untold = _count_imported(found, month, worth, at=at)
    _count_uses(found, begins, min(ends, at), worth, zone)
    last_day = finance.next_month(month) - timedelta(days=1)
    members = members_by_tier(min(last_day, business_date(at, shop.time_zone)))
    return MonthCosts(tiers=dict(found), members=dict(members), untold=untold)


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

    def multiplies(self, day: date) -> bool:
        """Whether anybody had more points on a day."""
        valid = [terms for starts_on, terms in self._terms if starts_on <= day]
        return bool(valid) and any(benefit.kind == "points" for benefit in valid[-1])

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
    ground = ground_rules()
    for ids in in_batches(sorted(multiplied)):
        rows = OrderEarning.objects.filter(order_id__in=ids)
        for order_id, version, given in rows.values_list("order_id", "version", "body__rules"):
            paid = multiplied[order_id]
            multiplier = worth.multiplier(paid.tier, on=paid.on)
            extra = _extra(given, ground.get(version, frozenset()), multiplier)
            _add_extra(found[paid.tier], extra, worth, on=paid.on)


def _extra(
    given: Mapping[str, Mapping[str, int]] | None, ground: frozenset[str], multiplier: Fraction
) -> dict[str, int]:
    """By points type, what the multiplier added to what the rules of the basic rate gave."""
    basic = {kind: sum(n for rule, n in by.items() if rule in ground) for kind, by in (given or {}).items()}
    return {kind: rules.extra_points(points, multiplier) for kind, points in basic.items()}


def _add_extra(cost: TierCost, extra: Mapping[str, int], worth: _Worth, *, on: date) -> None:
    for kind in worth.spendable() & set(extra):
        cost.points[kind] += extra[kind]
        cost.minor["points"] += worth.minor(extra[kind], points_type=kind, on=on)


def _count_imported(found: dict[str, TierCost], month: date, worth: _Worth, *, at: datetime) -> int:
    """Extra points of purchases that the lake told of; returns how many purchases cannot be told.

    The multiplier was that of the member's tier on the day the purchase was taken in.
    """
    rows = OrderEarning.objects.filter(
        teller="lake",
        local_date__gte=month,
        local_date__lt=finance.next_month(month),
        recorded_at__lte=at,
    )
    untold, ground = 0, ground_rules()
    zone = retailer().time_zone
    taken_in = rows.order_by("recorded_at").values_list("recorded_at", flat=True).distinct()
    days = {run: business_date(run, zone) for run in taken_in}
    runs = [run for run, day in days.items() if worth.multiplies(day)]
    if not runs:
        return 0
    oldest = dict(
        OrderEarning.objects.filter(teller="lake", recorded_at__in=runs)
        .values_list("recorded_at")
        .annotate(oldest=Min("placed_at"))
        .order_by()
    )
    for run in runs:
        mine = rows.filter(recorded_at=run)
        if oldest[run] < run - HISTORY:
            untold += mine.count()
            continue
        tiers = tiers_on(days[run])
        columns = ("member_id", "version", "local_date", "body__rules")
        for member, version, on, given in mine.values_list(*columns).iterator(chunk_size=2000):
            tier = tiers.get(member, "")
            multiplier = worth.multiplier(tier, on=days[run])
            extra = _extra(given, ground.get(version, frozenset()), multiplier)
            _add_extra(found[tier], extra, worth, on=on)
            found[tier].imported += 1
    return untold


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
