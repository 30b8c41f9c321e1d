"""The card on the page of a member: the vouchers in hand, and giving one."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from shuke.apps.promotions import operations, queries
from shuke.platform.clock import now
from shuke.platform.errors import Refused
from shuke.platform.ids import new_id
from shuke.web.access import actor_of, requires
from shuke.web.panels import MemberPanel, register_member_panel

#: How many vouchers the card shows.
SHOWN = 8


def panel(request: HttpRequest, member_id: str) -> dict[str, Any]:
    """The vouchers of a member, without their codes, and the kinds that may be given."""
    found = queries.member_vouchers(member_id, at=now(), with_ended=True)
    kinds, _total = queries.definitions_page(limit=100, status="published")
    return {
        "vouchers": found[:SHOWN],
        "more": max(len(found) - SHOWN, 0),
        "kinds": kinds,
        "member_id": member_id,
        "may_edit": actor_of(request).may("vouchers.edit"),
        # Sent again by an impatient hand, the same key gives one voucher.
        "key": new_id("key"),
    }


@require_POST
@requires("vouchers.edit")
def give(request: HttpRequest, member_id: str) -> HttpResponse:
    """Give the member a voucher."""
    try:
        operations.issue_voucher(
            actor=actor_of(request),
            at=now(),
            key=request.POST.get("key", "")[:80] or new_id("key"),
            definition_id=request.POST.get("definition_id", "")[:40],
            member_id=member_id,
            reason=request.POST.get("reason", "")[:300],
        )
    except Refused as refusal:
        messages.error(request, str(refusal.message))
    else:
        messages.success(request, _("The member has the voucher."))
    return redirect("members:member", member_id)


def register() -> None:
    """Put the card on the page of a member."""
    register_member_panel(
        MemberPanel(
            name="vouchers",
            permission="vouchers.view",
            order=25,
            template="promotions/panel.html",
            context=panel,
        )
    )
