"""Reading paid membership."""

from collections import defaultdict
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import Sum
from django.utils.translation import gettext_lazy as _

from shuke.apps.loyalty.models import PaidChange, PaidTerm, Plan
from shuke.apps.loyalty.schemas import (
    PaidChangeView,
    PaidOutcome,
    PaidTermView,
    PlanFigures,
    PlanView,
    RevenueMonth,
)
from shuke.apps.members.queries import absorbed_members, member_refs
from shuke.platform.errors import NotFound
from shuke.platform.languages import in_language
from shuke.platform.retailer.queries import retailer

RUNNING = ("active", "cancelled")


def plan_view(row: Plan) -> PlanView:
    """The public view of a row."""
    return PlanView(
        code=row.code,
        name=in_language(row.names) or row.code,
        names=row.names,
        price_minor=row.price_minor,
        currency=row.currency,
        months=row.months,
        tier=row.tier,
        refund_full_days=row.refund_full_days,
        refund_after=row.refund_after,
        is_on_sale=row.is_on_sale,
    )


def plan_row(code: str) -> Plan:
    """The row of a plan.  Raises ``NotFound``."""
    row = Plan.objects.filter(code=code).first()
    if row is None:
        raise NotFound("plan_not_found", _("There is no such membership."), {"plan": code})
    return row


def plan(code: str) -> PlanView:
    """One plan.  Raises ``NotFound``."""
    return plan_view(plan_row(code))


def plans() -> list[PlanView]:
    """All plans, those on sale first."""
    return [plan_view(row) for row in Plan.objects.order_by("-is_on_sale", "code")]


def paid_term_view(row: PaidTerm, *, today: date) -> PaidTermView:
    """The public view of a row on a business day."""
    return PaidTermView(
        id=row.public_id,
        plan=row.plan.code,
        plan_name=in_language(row.plan.names) or row.plan.code,
        first_day=row.first_day,
        last_day=row.last_day,
        price_minor=row.price_minor,
        currency=row.currency,
        tier=row.tier,
        state="over" if row.state in RUNNING and row.last_day < today else row.state,
        bought_at=row.bought_at,
        is_running=row.state in RUNNING and row.first_day <= today <= row.last_day,
    )


def paid_outcome(change: PaidChange, *, is_new: bool, today: date) -> PaidOutcome:
    """What the one who asked is told."""
    return PaidOutcome(
        outcome="created" if is_new else "replayed",
        kind=change.kind,
        amount_minor=change.amount_minor,
        currency=change.term.currency,
        term=paid_term_view(change.term, today=today),
    )


def _pks(member_id: str) -> list[int]:
    return [ref.pk for ref in member_refs([member_id, *absorbed_members(member_id)]).values()]


def paid_terms(member_id: str, *, today: date) -> list[PaidTermView]:
    """The paid periods of a member and of all that were merged into it, the latest first."""
    rows = PaidTerm.objects.filter(member__in=_pks(member_id)).select_related("plan")
    return [paid_term_view(row, today=today) for row in rows.order_by("-first_day", "-pk")]


def paid_history(member_id: str, *, limit: int = 20) -> list[PaidChangeView]:
    """What was bought, extended, cancelled, refunded and ended, newest first."""
    rows = PaidChange.objects.filter(term__member__in=_pks(member_id)).select_related("term__plan")
    return [
        PaidChangeView(
            kind=row.kind,
            plan=row.term.plan.code,
            plan_name=in_language(row.term.plan.names) or row.term.plan.code,
            amount_minor=row.amount_minor,
            currency=row.term.currency,
            reference=row.reference,
            actor=row.actor,
            at=row.at,
        )
        for row in rows.order_by("-at", "-pk")[:limit]
    ]


def exported_plans(member_id: str) -> list[dict[str, Any]]:
    """What a member bought, extended, cancelled and had refunded, as plain data."""
    return [line.model_dump(mode="json") for line in paid_history(member_id, limit=1_000_000)]


def plan_figures(*, today: date) -> list[PlanFigures]:
    """Each plan with its members today and its revenue."""
    revenue = plan_revenue()
    since = f"{today.year - 1:04}-{today.month:02}"
    running = PaidTerm.objects.filter(state__in=RUNNING, first_day__lte=today, last_day__gte=today)
    return [
        PlanFigures(
            plan=view,
            members=running.filter(plan__code=view.code).values("member").distinct().count(),
            cancelled=running.filter(plan__code=view.code, state="cancelled").count(),
            year_minor=sum(r.amount_minor for r in revenue if r.plan == view.code and r.month > since),
            total_minor=sum(r.amount_minor for r in revenue if r.plan == view.code),
        )
        for view in plans()
    ]


def plan_revenue() -> list[RevenueMonth]:
    """Paid less paid back, by plan and month of the retailer's calendar, oldest first."""
    zone = ZoneInfo(retailer().time_zone)
    sums: dict[tuple[str, str], int] = defaultdict(int)
    rows = PaidChange.objects.exclude(amount_minor=0).values_list("term__plan__code", "at", "amount_minor")
    for code, at, amount in rows.iterator():
        sums[f"{at.astimezone(zone):%Y-%m}", code] += amount
    return [
        RevenueMonth(plan=code, month=month, amount_minor=amount)
        for (month, code), amount in sorted(sums.items())
    ]


def paid_findings() -> list[str]:
    """Terms that overlap, and plans that paid back more than was paid; none in a sound database."""
    found = []
    rows = PaidTerm.objects.exclude(state="refunded").order_by("member", "plan", "first_day")
    before: tuple[int, int, date] | None = None
    for member_pk, plan_pk, first, last in rows.values_list("member", "plan", "first_day", "last_day"):
        if before and before[:2] == (member_pk, plan_pk) and first <= before[2]:
            found.append(f"member {member_pk}: two terms of plan {plan_pk} on {first}")
        before = (member_pk, plan_pk, last)
    sums = PaidChange.objects.values("term").annotate(total=Sum("amount_minor")).filter(total__lt=0)
    return found + [f"term {row['term']} was paid back {-row['total']} too much" for row in sums]
