"""What purchases earn, and what was earned."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import date, datetime
from typing import Literal

from shuke.apps.loyalty.models import EventEarning, OrderEarning
from shuke.apps.loyalty.queries.earning_counts import counts_of
from shuke.apps.loyalty.queries.earning_plans import (
    draft_version,
    earning_version,
    earning_versions,
    in_language,
    plan_from,
    published_plans,
    version_in_force,
)
from shuke.apps.loyalty.queries.standing import Standing, standings_of
from shuke.apps.loyalty.queries.types import points_type_rows
from shuke.apps.loyalty.rules.earning import Plan, Purchase
from shuke.apps.loyalty.rules.earning_limits import Counts, earned_within
from shuke.apps.loyalty.rules.expiry import Expiry, activation_time
from shuke.apps.loyalty.rules.order_earnings import OrderRecord, record_from
from shuke.apps.loyalty.schemas.earning import (
    EarnedDay,
    EarningQuote,
    EarningRules,
    EarningStatistics,
    OrderEarningView,
    RuleShare,
    TypeQuote,
)
from shuke.apps.members.queries import family_of
from shuke.platform.retailer.queries import retailer

Outcome = Literal["created", "replayed", "changed", "nothing"]

__all__ = [
    "draft_version",
    "earning_quote",
    "earning_statistics",
    "earning_version",
    "earning_versions",
    "order_earning",
    "quote_of_rules",
    "version_in_force",
]


def earning_quote(purchase: Purchase, *, member_id: str, at: datetime) -> EarningQuote:
    """What a purchase at ``at`` would earn the member (empty: somebody without a tier); writes nothing.

    The tier is the member's unless the purchase names one.  Counts what is left of the caps over time.
    """
    plan = published_plans().at(at)
    standing, counts = Standing(purchase.tier), Counts()
    if member_id:
        member_id = family_of(member_id).public_id
        found = standings_of([member_id], at=at).of(member_id)
        standing = Standing(purchase.tier or found.tier, found.multiplier)
        if plan is not None and plan.capped_types:
            counts = counts_of(member_id)
    return _quote(plan, purchase, standing=standing, counts=counts, at=at)


def quote_of_rules(
    body: EarningRules, purchase: Purchase, *, at: datetime, standing: Standing | None = None
) -> EarningQuote:
    """What a purchase would earn by rules that are not published, such as a draft's, with all caps unused.

    Raises ``ValueError`` for rules that give nothing.
    """
    return _quote(
        plan_from(0, body), purchase, standing=standing or Standing(purchase.tier), counts=Counts(), at=at
    )


def _quote(
    plan: Plan | None, purchase: Purchase, *, standing: Standing, counts: Counts, at: datetime
) -> EarningQuote:
    if plan is None:
        return EarningQuote(version=None, tier=standing.tier, types=[])
    kinds = points_type_rows()
    placed = Purchase(purchase.lines, purchase.on, purchase.sales_channel, purchase.store_id, standing.tier)
    spendable = [code for code, kind in kinds.items() if kind.is_spendable]
    earned = earned_within(plan, placed, counts=counts, multipliers=standing.multipliers(spendable))
    zone = retailer().time_zone
    types = [
        TypeQuote(
            points_type=name,
            points=sum(item.points for item in items),
            rules=[
                RuleShare(
                    rule=item.rule,
                    name=in_language(plan.titles[item.rule]),
                    points=item.points,
                    cut=item.cut,
                    lines=dict(item.lines),
                )
                for item in items
            ],
            activates_at=activation_time(at, days=kinds[name].activation_days),
            expires_at=Expiry(**kinds[name].expiry).end(at, time_zone=zone),
        )
        for name, items in earned.items()
        if name in kinds
    ]
    return EarningQuote(version=plan.number, tier=standing.tier, types=types)


def order_earning(order_id: str) -> OrderEarningView | None:
    """What an order has earned; ``None`` if nothing is recorded of it."""
    row = OrderEarning.objects.filter(order_id=order_id).select_related("member").first()
    return order_view(row) if row else None


def order_view(
    row: OrderEarning, *, outcome: Outcome = "replayed", transactions: Sequence[str] = ()
) -> OrderEarningView:
    """The public view of a record."""
    return record_view(
        row, record_from(row.body), member_id=row.member.public_id, outcome=outcome, transactions=transactions
    )


def record_view(
    row: OrderEarning,
    record: OrderRecord,
    *,
    member_id: str,
    outcome: Outcome,
    transactions: Sequence[str],
) -> OrderEarningView:
    """The same of a record that is at hand; ``row.body`` is not looked at."""
    types = sorted({*record.rules, *record.given})
    return OrderEarningView(
        outcome=outcome,
        order_id=row.order_id,
        member_id=member_id,
        version=row.version,
        earned={name: record.earned(name) for name in types},
        left={name: record.net(name) for name in types},
        transactions=list(transactions),
    )


def earning_statistics(
    *, points_type: str, first: date, last: date, codes: Sequence[str]
) -> EarningStatistics:
    """Points of a type that each of the rules gave, by local day, before returns."""
    days: dict[date, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    totals: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    orders = OrderEarning.objects.filter(local_date__range=(first, last))
    for day, rules in orders.values_list("local_date", f"body__rules__{points_type}").iterator(5_000):
        for code, points in (rules or {}).items():
            days[day][code] += points
            totals[code][0] += points
            totals[code][1] += 1
    events = EventEarning.objects.filter(local_date__range=(first, last))
    for day, points_by_rule in events.values_list("local_date", "points").iterator(5_000):
        for code, points in points_by_rule.items():
            if code in codes:
                days[day][code] += points
                totals[code][0] += points
                totals[code][1] += 1
    return EarningStatistics(
        points_type=points_type,
        days=[EarnedDay(day, dict(days[day])) for day in sorted(days)],
        rules={code: (points, count) for code, (points, count) in totals.items()},
    )
