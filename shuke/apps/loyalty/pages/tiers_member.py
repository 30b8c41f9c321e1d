"""The tier on the page of a member, inviting from there, and what other places know of tiers."""

from datetime import timedelta
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy
from django.views.decorators.http import require_POST

from shuke.apps.audiences.queries import register_tier_names
from shuke.apps.insights.queries import register_tier_names as register_funnel_tiers
from shuke.apps.loyalty.forms.tiers import InvitationForm
from shuke.apps.loyalty.operations import tiers as operations
from shuke.apps.loyalty.pages import tier_words as words
from shuke.apps.loyalty.queries import tiers as queries
from shuke.apps.loyalty.schemas.tiers import MemberTier
from shuke.platform.clock import business_date, now
from shuke.platform.errors import Refused
from shuke.platform.retailer.queries import retailer
from shuke.web.access import actor_of, requires
from shuke.web.labels import register_labels
from shuke.web.panels import MemberFilter, MemberPanel, register_member_filter, register_member_panel

#: How "in no tier" is written in addresses, where an empty value means everybody.
NONE = "-"
YEAR = timedelta(days=365)


def panel(request: HttpRequest, member_id: str) -> dict[str, Any]:
    """What the card shows: the tier, what is missing, the history, invitations."""
    at = now()
    today = business_date(at, retailer().time_zone)
    names = queries.tier_names()
    tier = queries.tier_of(member_id, at=at)
    begins = {"first_date": today, "last_date": today + YEAR}
    may_edit = actor_of(request).may("loyalty.edit")
    return {
        "member_id": member_id,
        "has_tiers": bool(names),
        "tier": tier,
        "tone": words.tone_of(tier.code if tier else "", names),
        "progress": _progress(tier),
        "keeping": _keeping(tier),
        "history": queries.tier_history(member_id),
        "invitations": [
            each
            for each in queries.tier_invitations(member_id)
            if each.taken_back_on is None and each.last_date >= today
        ],
        "form": InvitationForm(initial=begins, tiers=list(names.items())) if may_edit and names else None,
        "may_edit": may_edit,
    }


def _progress(tier: MemberTier | None) -> dict[str, Any] | None:
    if tier is None or tier.missing_to_reach is None or not tier.next_reach:
        return None
    return {
        "percent": 100 * min(tier.count, tier.next_reach) / tier.next_reach,
        "missing": words.amount_text(tier.missing_to_reach, tier.counter),
        "count": words.amount_text(tier.count, tier.counter),
        "goal": words.amount_text(tier.next_reach, tier.counter),
        "name": tier.next_name,
    }


def _keeping(tier: MemberTier | None) -> dict[str, Any] | None:
    if tier is None or tier.missing_to_keep is None or not tier.keep:
        return None
    return {
        "percent": 100 * min(tier.keep_count or 0, tier.keep) / tier.keep,
        "missing": words.amount_text(tier.missing_to_keep, tier.counter) if tier.missing_to_keep else "",
        "count": words.amount_text(tier.keep_count, tier.counter),
        "goal": words.amount_text(tier.keep, tier.counter),
    }


@require_POST
@requires("loyalty.edit")
def invite(request: HttpRequest, member_id: str) -> HttpResponse:
    """Give the member a tier for some time."""
    form = InvitationForm(request.POST, tiers=list(queries.tier_names().items()))
    at = now()
    try:
        if not form.is_valid():
            raise Refused("form_invalid", _("Choose a tier and both days, and give a reason."))
        operations.invite_to_tier(
            actor=actor_of(request),
            at=at,
            today=business_date(at, retailer().time_zone),
            member_id=member_id,
            **form.cleaned_data,
        )
    except Refused as refusal:
        messages.error(request, str(refusal.message))
    else:
        messages.success(request, _("The member is invited."))
    return redirect("members:member", member_id)


@require_POST
@requires("loyalty.edit")
def take_back(request: HttpRequest, member_id: str, invitation_id: str) -> HttpResponse:
    """End an invitation before its time."""
    at = now()
    try:
        operations.end_invitation(
            actor=actor_of(request),
            at=at,
            today=business_date(at, retailer().time_zone),
            invitation_id=invitation_id,
        )
    except Refused as refusal:
        messages.error(request, str(refusal.message))
    else:
        messages.success(request, _("The invitation has ended."))
    return redirect("members:member", member_id)


def _choices() -> list[tuple[str, str]]:
    names = queries.tier_names()
    return [*reversed(names.items()), (NONE, _("No tier"))] if names else []


def _members(code: str) -> list[str]:
    return queries.members_in_tier("" if code == NONE else code)


def register() -> None:
    """Let the page of a member, its list, audiences and the audit know of tiers."""
    register_member_panel(
        MemberPanel(
            name="tier",
            permission="loyalty.view",
            order=5,
            template="loyalty/tiers/panel.html",
            context=panel,
        )
    )
    register_member_filter(
        MemberFilter(
            name="tier",
            label=gettext_lazy("Every tier"),
            permission="loyalty.view",
            choices=_choices,
            member_ids=_members,
        )
    )
    register_tier_names(queries.tier_keys)
    register_funnel_tiers(queries.tier_keys)
    _name_tasks()
    _register_words()


def _name_tasks() -> None:
    tasks = "shuke.apps.loyalty.tasks.tiers"
    register_labels(
        "task",
        {
            f"{tasks}.place_all_members": (gettext_lazy("Place members in their tiers"), "blue"),
            f"{tasks}.try_draft": (gettext_lazy("Try a draft of the tiers"), "blue"),
        },
    )


def _register_words() -> None:
    register_labels(
        "tier_why",
        {
            "qualified": (pgettext_lazy("tier", "Reached"), "green"),
            "kept": (pgettext_lazy("tier", "Kept"), "green"),
            "granted": (pgettext_lazy("tier", "Granted"), "blue"),
            "invited": (pgettext_lazy("tier", "Invited"), "purple"),
            "grace": (pgettext_lazy("tier", "In grace"), "yellow"),
            "downgraded": (pgettext_lazy("tier", "Gone down"), "grey"),
            "merged": (pgettext_lazy("tier", "Merged into another member"), "grey"),
        },
    )
    register_labels(
        "tier_window",
        {
            "rolling": (gettext_lazy("A number of days up to today"), "grey"),
            "year": (gettext_lazy("The calendar year"), "grey"),
            "quarter": (gettext_lazy("The calendar quarter"), "grey"),
            "anniversary": (gettext_lazy("The member's own year since joining"), "grey"),
        },
    )
    register_labels(
        "tier_up",
        {
            "at_once": (gettext_lazy("At once, on the day it is reached"), "grey"),
            "at_end": (gettext_lazy("With the next window"), "grey"),
        },
    )
    register_labels(
        "tier_down",
        {
            "one_step": (gettext_lazy("One step"), "grey"),
            "full": (gettext_lazy("To the tier that the count keeps"), "grey"),
            "none": (gettext_lazy("Never"), "grey"),
        },
    )
    register_labels(
        "audit_noun",
        {
            "tier_program": (gettext_lazy("Tier programme"), "grey"),
            "tier_draft": (gettext_lazy("Draft of tier rules"), "grey"),
            "tier_version": (gettext_lazy("Tier rules"), "grey"),
            "tier_invitation": (gettext_lazy("Invitation to a tier"), "grey"),
        },
    )
    register_labels(
        "audit_act",
        {
            "published": (pgettext_lazy("act", "published"), "grey"),
            "placed": (pgettext_lazy("act", "counted anew"), "grey"),
        },
    )
