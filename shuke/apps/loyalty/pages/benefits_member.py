"""Benefits on the page of a member: what they have and use, paid membership, the link to their own page."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy
from django.views.decorators.http import require_POST

from shuke.apps.loyalty.forms.benefits import SaleForm, UseForm
from shuke.apps.loyalty.operations.benefits import return_benefits, use_benefit
from shuke.apps.loyalty.operations.plans import (
    buy_membership,
    cancel_membership,
    refund_membership,
    refund_preview,
    renew_membership,
)
from shuke.apps.loyalty.pages.benefit_words import ICONS, benefit_text, left_text
from shuke.apps.loyalty.queries.benefits import benefit_uses, benefits_of
from shuke.apps.loyalty.queries.own_links import own_link
from shuke.apps.loyalty.queries.plans import paid_history, paid_terms, plans
from shuke.apps.loyalty.schemas import PaidOutcome, Request
from shuke.platform.clock import business_date, now
from shuke.platform.errors import Refused
from shuke.platform.ids import new_id
from shuke.platform.retailer.queries import retailer
from shuke.web.access import actor_of, requires
from shuke.web.labels import register_labels
from shuke.web.panels import MemberPanel, register_member_panel
from shuke.web.templatetags.console import day, money

SALES = {
    "buy": buy_membership,
    "renew": renew_membership,
    "cancel": cancel_membership,
    "refund": refund_membership,
}


def panel(request: HttpRequest, member_id: str) -> dict[str, Any]:
    """What the card shows."""
    at, shop, actor = now(), retailer(), actor_of(request)
    today = business_date(at, shop.time_zone)
    terms = [term for term in paid_terms(member_id, today=today) if term.last_day >= today]
    running = [term for term in terms if term.state in {"active", "cancelled"}]
    items = [
        {
            "item": item,
            "icon": ICONS[item.kind],
            "text": benefit_text(item, shop.currency),
            "left": left_text(item),
            "is_usable": item.left != 0 and item.kind not in {"points", "birthday", "adviser", "priority"},
        }
        for item in benefits_of(member_id, at=at).entitlements
    ]
    has_plan = {term.plan for term in running}
    return {
        "member_id": member_id,
        "items": items,
        "usable": [each["item"] for each in items if each["is_usable"]],
        "uses": benefit_uses(member_id, limit=8),
        "terms": [
            (term, refund_preview(member_id, plan=term.plan, at=at)) for term in running if term.is_running
        ],
        "later": [term for term in running if not term.is_running],
        "history": paid_history(member_id, limit=8),
        "offers": [item for item in plans() if item.is_on_sale and item.code not in has_plan],
        "may_edit": actor.may("loyalty.edit"),
        "may_sell": actor.may("members.edit"),
        "own_link": own_link(member_id, at=at) if actor.may("members.edit") else "",
        "key": new_id("key"),
    }


@requires("loyalty.edit")
@require_POST
def record_use(request: HttpRequest, member_id: str) -> HttpResponse:
    """Write down that a benefit was used."""
    form, actor = UseForm(request.POST), actor_of(request)
    try:
        if not form.is_valid():
            raise Refused("invalid_uses", _("Say which benefits, and how often each."))
        use_benefit(
            **{**form.cleaned_data, "key": f"console:{form.cleaned_data['key']}"},
            member_id=member_id,
            at=now(),
            actor=actor.id,
        )
    except Refused as refusal:
        messages.error(request, str(refusal.message))
    else:
        messages.success(request, _("The use is recorded."))
    return redirect("members:member", member_id)


@requires("loyalty.edit")
@require_POST
def give_back(request: HttpRequest, member_id: str) -> HttpResponse:
    """Take one recorded use back."""
    key, code = request.POST.get("key", "")[:160], request.POST.get("code", "")[:40]
    try:
        # One by one: the number that is back already is part of the key, so a double click gives back one.
        count = request.POST.get("returned", "0")[:6]
        return_benefits(key=key, uses={code: 1}, at=now(), return_key=f"{key}:{code}:{count}")
    except Refused as refusal:
        messages.error(request, str(refusal.message))
    else:
        messages.success(request, _("One use is given back."))
    return redirect("members:member", member_id)


@requires("members.edit")
@require_POST
def sell(request: HttpRequest, member_id: str) -> HttpResponse:
    """Sell, extend, cancel or refund a paid membership."""
    form, actor = SaleForm(request.POST), actor_of(request)
    try:
        if not form.is_valid():
            raise Refused("invalid_sale", _("Say which membership, and what to do."))
        data = form.cleaned_data
        more = {} if data["act"] == "cancel" else {"reference": data["reference"]}
        asked = Request(key=f"console:{data['key']}:{data['act']}", actor=actor.id, at=now())
        done = SALES[data["act"]](request=asked, actor=actor, member_id=member_id, plan=data["plan"], **more)
    except Refused as refusal:
        messages.error(request, str(refusal.message))
    else:
        messages.success(request, _told(done))
    return redirect("members:member", member_id)


def _told(done: PaidOutcome) -> str:
    if done.kind == "refund":
        return _("Ended. Pay back %(amount)s.") % {"amount": money(-done.amount_minor, done.currency)}
    words = {"name": done.term.plan_name, "day": day(done.term.last_day)}
    if done.kind == "cancel":
        return _("%(name)s ends on %(day)s.") % words
    return _("%(name)s runs through %(day)s.") % words


def register() -> None:
    """Put the card on the page of a member, and give codes their words."""
    register_member_panel(
        MemberPanel(
            name="benefits",
            permission="loyalty.view",
            order=8,
            template="loyalty/benefits/panel.html",
            context=panel,
        )
    )
    _name_benefits()
    _name_paid_membership()
    _name_audit()


def _name_benefits() -> None:
    tasks = "shuke.apps.loyalty.tasks.benefits"
    register_labels(
        "task",
        {
            f"{tasks}.end_benefits": (gettext_lazy("End benefits and memberships that are over"), "grey"),
            f"{tasks}.give_gifts": (gettext_lazy("Give birthday gifts"), "purple"),
            f"{tasks}.count_costs": (gettext_lazy("Work out what benefits cost"), "grey"),
        },
    )
    register_labels(
        "benefit_kind",
        {
            "discount": (pgettext_lazy("benefit", "Discount"), "green"),
            "points": (pgettext_lazy("benefit", "More points"), "blue"),
            "shipping": (pgettext_lazy("benefit", "Free shipping"), "blue"),
            "priority": (pgettext_lazy("benefit", "Priority dispatch"), "blue"),
            "trial": (pgettext_lazy("benefit", "Trials"), "purple"),
            "adviser": (pgettext_lazy("benefit", "Own adviser"), "purple"),
            "birthday": (pgettext_lazy("benefit", "Birthday gift"), "yellow"),
            "other": (pgettext_lazy("benefit", "Another benefit"), "grey"),
        },
    )
    register_labels(
        "benefit_cost",
        {
            "discount": (pgettext_lazy("benefit", "Discount"), "green"),
            "points": (pgettext_lazy("benefit", "More points"), "blue"),
            "shipping": (pgettext_lazy("benefit", "Free shipping"), "blue"),
            "gifts": (pgettext_lazy("benefit", "Gifts"), "yellow"),
            "everybody": (pgettext_lazy("benefit", "Everybody, paid memberships"), "grey"),
        },
    )
    register_labels(
        "benefit_period",
        {
            "": (pgettext_lazy("period", "in all"), "grey"),
            "month": (pgettext_lazy("period", "month"), "grey"),
            "year": (pgettext_lazy("period", "calendar year"), "grey"),
            "membership_year": (pgettext_lazy("period", "membership year"), "grey"),
        },
    )
    register_labels(
        "birthday_window",
        {
            "day": (gettext_lazy("on the birthday"), "grey"),
            "week": (gettext_lazy("in the week of the birthday"), "grey"),
            "month": (gettext_lazy("in the month of the birthday"), "grey"),
        },
    )


def _name_paid_membership() -> None:
    register_labels(
        "plan_refund",
        {
            "pro_rata": (gettext_lazy("By the days that are left"), "grey"),
            "none": (gettext_lazy("Nothing comes back"), "grey"),
        },
    )
    register_labels(
        "paid_change",
        {
            "buy": (pgettext_lazy("paid membership", "Bought"), "green"),
            "renew": (pgettext_lazy("paid membership", "Extended"), "green"),
            "cancel": (pgettext_lazy("paid membership", "Cancelled"), "yellow"),
            "refund": (pgettext_lazy("paid membership", "Refunded"), "red"),
            "end": (pgettext_lazy("paid membership", "Ended"), "grey"),
        },
    )
    register_labels(
        "paid_term",
        {
            "active": (pgettext_lazy("paid membership", "Running"), "green"),
            "cancelled": (pgettext_lazy("paid membership", "Ends with its last day"), "yellow"),
            "over": (pgettext_lazy("paid membership", "Over"), "grey"),
            "refunded": (pgettext_lazy("paid membership", "Refunded"), "red"),
        },
    )


def _name_audit() -> None:
    register_labels(
        "audit_noun",
        {
            "benefit_terms": (gettext_lazy("Benefits"), "grey"),
            "benefits": (gettext_lazy("Benefits"), "grey"),
            "plan": (gettext_lazy("Paid membership"), "grey"),
            "own_page": (gettext_lazy("Member's own page"), "grey"),
        },
    )
    register_labels(
        "audit_act",
        {
            "discarded": (pgettext_lazy("act", "thrown away"), "grey"),
            "revoked": (pgettext_lazy("act", "taken back"), "grey"),
            "bought": (pgettext_lazy("act", "bought"), "grey"),
            "extended": (pgettext_lazy("act", "extended"), "grey"),
            "refunded": (pgettext_lazy("act", "refunded"), "grey"),
        },
    )
