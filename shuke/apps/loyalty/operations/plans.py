"""Selling, extending, cancelling, refunding and ending paid memberships.  docs/algorithms/benefits.md has the rules."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import F
from django.utils.translation import gettext_lazy as _

from shuke.apps.loyalty.events import MembershipEnded, MembershipPurchased
from shuke.apps.loyalty.models import BenefitUse, PaidChange, PaidTerm, Plan
from shuke.apps.loyalty.operations.tiers import end_invitation, invite_to_tier
from shuke.apps.loyalty.queries.benefits import Holder, holder
from shuke.apps.loyalty.queries.plans import RUNNING, paid_outcome, plan_row, plan_view
from shuke.apps.loyalty.rules.benefits import PLAN
from shuke.apps.loyalty.rules.chain import request_hash
from shuke.apps.loyalty.rules.plans import DAY, RefundRule, Span, next_span, refund_minor
from shuke.apps.loyalty.schemas import PaidOutcome, PlanView, Request
from shuke.platform.audit.operations import record_audit
from shuke.platform.clock import business_date
from shuke.platform.errors import Invalid, Refused
from shuke.platform.events import emit
from shuke.platform.locks import until_commit
from shuke.platform.permissions import Actor
from shuke.platform.retailer.queries import retailer

#: What a plan's code looks like.
CODE = re.compile(r"[a-z0-9_-]{1,40}")
#: What the audit calls it.
VERBS = {
    "buy": "plan.bought",
    "renew": "plan.extended",
    "cancel": "plan.cancelled",
    "refund": "plan.refunded",
}
Act = Callable[[Holder, list[PaidTerm]], PaidChange]


@dataclass(frozen=True)
class Sale:
    """What is asked of a member's membership: by whom, of which plan, once by the request's key."""

    request: Request
    actor: Actor
    member_id: str
    plan: Plan


@transaction.atomic
def save_plan(*, actor: Actor, at: datetime, code: str, **values: Any) -> PlanView:
    """Make a plan or change it for later sales: the fields of ``PlanView`` but ``code`` and ``name``."""
    row = Plan.objects.filter(code=code).first() or Plan(
        code=code, currency=retailer().currency, created_at=at
    )
    changes = {}
    for field, value in values.items():
        if getattr(row, field) != value:
            changes[field] = [getattr(row, field), value]
            setattr(row, field, value)
    is_named = row.names and all(text.isprintable() and len(text) <= 80 for text in row.names.values())
    if not CODE.fullmatch(code) or not 1 <= (row.months or 0) <= 120 or not is_named:
        raise Invalid("invalid_plan", _("A membership needs a code, a name and 1 to 120 months."))
    row.changed_at = at
    row.save()
    if changes:
        record_audit(actor=actor, at=at, verb="plan.changed", subject=("plan", code), changes=changes)
    return plan_view(row)


def buy_membership(
    *, request: Request, actor: Actor, member_id: str, plan: str, reference: str = ""
) -> PaidOutcome:
    """Sell a term: it begins today, or the day after the member's last one if that still runs.

    Refuses what is not on sale (``plan_not_on_sale``).  ``reference`` names the payment.
    """
    sale = Sale(request, actor, member_id, plan_row(plan))

    def act(who: Holder, terms: list[PaidTerm]) -> PaidChange:
        if not sale.plan.is_on_sale:
            raise Refused("plan_not_on_sale", _("This membership is not on sale any more."), {"plan": plan})
        is_running = any(term.last_day >= who.today for term in terms)
        return _sell(sale, who, terms, kind="renew" if is_running else "buy", reference=reference)

    return _once(sale, operation="buy", details={"reference": reference}, act=act)


def renew_membership(
    *, request: Request, actor: Actor, member_id: str, plan: str, reference: str = ""
) -> PaidOutcome:
    """Sell another term to who had one: before its end it follows at once, afterwards it begins today.

    Takes a cancellation back.  Refuses ``never_a_member`` and ``plan_not_on_sale``.
    """
    sale = Sale(request, actor, member_id, plan_row(plan))

    def act(who: Holder, terms: list[PaidTerm]) -> PaidChange:
        if not terms:
            raise Refused("never_a_member", _("There is nothing to extend; sell a membership first."))
        if not sale.plan.is_on_sale:
            raise Refused("plan_not_on_sale", _("This membership is not on sale any more."), {"plan": plan})
        return _sell(sale, who, terms, kind="renew", reference=reference)

    return _once(sale, operation="renew", details={"reference": reference}, act=act)


def cancel_membership(*, request: Request, actor: Actor, member_id: str, plan: str) -> PaidOutcome:
    """Let the membership end with its last day.  Refuses ``no_membership``."""
    sale = Sale(request, actor, member_id, plan_row(plan))

    def act(who: Holder, terms: list[PaidTerm]) -> PaidChange:
        running = _running(terms, who.today)
        PaidTerm.objects.filter(pk__in=[term.pk for term in running]).update(state="cancelled")
        return _change(sale, running[-1], kind="cancel")

    return _once(sale, operation="cancel", details={}, act=act)


def refund_membership(
    *, request: Request, actor: Actor, member_id: str, plan: str, reference: str = ""
) -> PaidOutcome:
    """End the membership today and pay back what its terms say; the outcome's amount is below zero.

    Refuses ``no_membership``, and ``no_refund`` if nothing is paid back.
    """
    sale = Sale(request, actor, member_id, plan_row(plan))

    def act(who: Holder, terms: list[PaidTerm]) -> PaidChange:
        running = _running(terms, who.today)
        amounts = {term.pk: _refund_of(term, who, today=who.today) for term in running}
        if not any(amounts.values()):
            raise Refused("no_refund", _("By the terms it was sold with, nothing is paid back."))
        for term in running:
            term.state, term.ended_at = "refunded", request.at
            term.save(update_fields=["state", "ended_at"])
            if term.invitation and term.last_day >= who.today:
                end_invitation(actor=actor, at=request.at, today=who.today, invitation_id=term.invitation)
        # One line of the history per term, so that no term is paid back more than was paid for it.
        for number, term in enumerate(running[:-1]):
            _change(sale, term, kind="refund", amount=-amounts[term.pk], suffix=f"#{number}")
        done = _change(sale, running[-1], kind="refund", amount=-amounts[running[-1].pk], reference=reference)
        emit(MembershipEnded(who.member_id, sale.plan.code, who.today, "refunded", request.at))
        return done

    return _once(sale, operation="refund", details={"reference": reference}, act=act)


def refund_preview(member_id: str, *, plan: str, at: datetime) -> int:
    """What a refund would pay back today, in minor units; writes nothing."""
    who, row = holder(member_id, at=at), plan_row(plan)
    terms = [term for term in _terms(who, row) if term.last_day >= who.today]
    return sum(_refund_of(term, who, today=who.today) for term in terms)


def end_memberships(*, at: datetime, today: date) -> int:
    """Note what is over since the last run; tells of each membership that no term follows.  Returns how many ended."""
    over = PaidTerm.objects.filter(state__in=RUNNING, last_day__lt=today).order_by("pk")
    ended = 0
    for pk in list(over.values_list("pk", flat=True)):
        with transaction.atomic():
            if not PaidTerm.objects.filter(pk=pk, state__in=RUNNING).update(state="over", ended_at=at):
                continue
            term = PaidTerm.objects.select_related("plan", "member").get(pk=pk)
            follows = PaidTerm.objects.filter(
                member=term.member_id, plan=term.plan_id, first_day=term.last_day + DAY
            )
            if follows.exclude(state="refunded").exists():
                continue
            key = f"end:{term.public_id}"
            PaidChange.objects.create(
                key=key, request_hash=request_hash({"end": key}), term=term, kind="end", actor="shuke", at=at
            )
            emit(MembershipEnded(term.member.public_id, term.plan.code, term.last_day, "over", at))
            ended += 1
    return ended


# --- the steps ---


def _once(sale: Sale, *, operation: str, details: Mapping[str, Any], act: Act) -> PaidOutcome:
    """One change after the other per member; a repeated request has its old answer."""
    request = sale.request
    digest = request_hash(
        {"operation": operation, "member": sale.member_id, "plan": sale.plan.code, **details}
    )
    today = business_date(request.at, retailer().time_zone)
    try:
        with transaction.atomic():
            who = holder(sale.member_id, at=request.at)
            until_commit(f"paid membership: {who.pk}")
            before = _change_of(request.key)
            if before is not None:
                return _replayed(before, digest, today)
            change = act(who, _terms(who, sale.plan))
            PaidChange.objects.filter(pk=change.pk).update(request_hash=digest)
            amount = {"amount_minor": [None, change.amount_minor]}
            subject = ("member", who.member_id)
            record_audit(
                actor=sale.actor, at=request.at, verb=VERBS[change.kind], subject=subject, changes=amount
            )
            return paid_outcome(_change_of(request.key) or change, is_new=True, today=today)
    except IntegrityError:
        # Another member's request took the key after we looked.
        taken = _change_of(request.key)
        if taken is None:
            raise
        return _replayed(taken, digest, today)


def _change_of(key: str) -> PaidChange | None:
    return PaidChange.objects.filter(key=key).select_related("term__plan").first()


def _replayed(before: PaidChange, digest: str, today: date) -> PaidOutcome:
    if before.request_hash != digest:
        raise Refused(
            "idempotency_conflict",
            _("This key was used for another request; use a new key for a new request."),
            {"key": before.key},
        )
    return paid_outcome(before, is_new=False, today=today)


def _terms(who: Holder, plan: Plan) -> list[PaidTerm]:
    rows = PaidTerm.objects.filter(member__in=who.all_pks, plan=plan).exclude(state="refunded")
    return list(rows.select_related("plan").order_by("first_day", "pk"))


def _running(terms: list[PaidTerm], today: date) -> list[PaidTerm]:
    """The term that runs and those that follow it."""
    found = [term for term in terms if term.last_day >= today and term.state in RUNNING]
    if not found:
        raise Refused("no_membership", _("The member has no such membership now."))
    return found


def _span(term: PaidTerm) -> Span:
    return Span(term.first_day, term.last_day, term.anchor, term.months)


def _sell(sale: Sale, who: Holder, terms: list[PaidTerm], *, kind: str, reference: str) -> PaidChange:
    plan, request = sale.plan, sale.request
    span = next_span(map(_span, terms), months=plan.months, today=who.today)
    term = PaidTerm(
        member_id=who.pk,
        plan=plan,
        first_day=span.first,
        last_day=span.last,
        anchor=span.anchor,
        months=plan.months,
        price_minor=plan.price_minor,
        currency=plan.currency,
        tier=plan.tier,
        refund_full_days=plan.refund_full_days,
        refund_after=plan.refund_after,
        bought_at=request.at,
    )
    if plan.tier:
        term.invitation = invite_to_tier(
            actor=sale.actor,
            at=request.at,
            today=who.today,
            member_id=who.member_id,
            tier=plan.tier,
            first_date=span.first,
            last_date=span.last,
            reason=f"{plan.code} {term.public_id}",
        ).id
    term.save()
    PaidTerm.objects.filter(pk__in=[each.pk for each in terms], state="cancelled").update(state="active")
    emit(
        MembershipPurchased(
            member_id=who.member_id,
            plan=plan.code,
            first_day=span.first,
            last_day=span.last,
            price_minor=plan.price_minor,
            currency=plan.currency,
            at=request.at,
        )
    )
    return _change(sale, term, kind=kind, amount=plan.price_minor, reference=reference)


def _change(
    sale: Sale, term: PaidTerm, *, kind: str, amount: int = 0, reference: str = "", suffix: str = ""
) -> PaidChange:
    return PaidChange.objects.create(
        key=f"{sale.request.key}{suffix}",
        request_hash="",
        term=term,
        kind=kind,
        amount_minor=amount,
        reference=reference[:120],
        actor=sale.request.actor[:120],
        at=sale.request.at,
    )


def _refund_of(term: PaidTerm, who: Holder, *, today: date) -> int:
    bought = business_date(term.bought_at, retailer().time_zone)
    sources = [f"{PLAN}{term.plan.code}", *([term.tier] if term.tier else [])]
    used = BenefitUse.objects.filter(
        hold__member__in=who.all_pks,
        hold__state__in=["used", "held"],
        hold__created_at__gte=term.bought_at,
        source__in=sources,
        quantity__gt=F("returned"),
    )
    return refund_minor(
        RefundRule(term.refund_full_days, term.refund_after),  # type: ignore[arg-type]
        price_minor=term.price_minor,
        span=_span(term),
        bought=bought,
        today=today,
        is_used=used.exists(),
    )
