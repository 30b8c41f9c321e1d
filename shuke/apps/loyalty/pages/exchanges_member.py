"""The card on the page of a member: points exchanged for vouchers at the desk, and taken back."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from shuke.apps.loyalty.operations.checkout import Call
from shuke.apps.loyalty.operations.exchanging import exchange_points, take_back_exchange
from shuke.apps.loyalty.queries.exchanges import member_exchanges, priced_for
from shuke.apps.loyalty.schemas.exchanges import ExchangeRequest
from shuke.platform.clock import now
from shuke.platform.errors import Refused
from shuke.platform.ids import new_id
from shuke.web.access import actor_of, requires
from shuke.web.labels import register_labels
from shuke.web.panels import MemberPanel, register_member_panel

#: How many exchanges the card shows.
SHOWN = 5


def panel(request: HttpRequest, member_id: str) -> dict[str, Any]:
    """What the member can have for points, also what only staff exchanges, and what was exchanged."""
    actor, at = actor_of(request), now()
    rows = member_exchanges(member_id, at=at)
    return {
        "member_id": member_id,
        "offers": priced_for(member_id, at=at, with_staffs=True),
        "rows": rows[:SHOWN],
        "more": max(len(rows) - SHOWN, 0),
        "may_edit": actor.may("points.adjust") and actor.may("vouchers.edit"),
        # Sent again by an impatient hand, the same key exchanges once.
        "key": new_id("key"),
    }


@require_POST
@requires("vouchers.edit")
@requires("points.adjust")
def exchange(request: HttpRequest, member_id: str) -> HttpResponse:
    """Exchange the member's points for a voucher."""
    chosen, _sign, price = request.POST.get("offer", "")[:60].partition("|")
    if not (chosen and price.isascii() and price.isdecimal() and 0 < int(price) <= 10**9):
        messages.error(request, _("Choose a voucher first."))
        return redirect("members:member", member_id)
    actor = actor_of(request)
    try:
        exchange_points(
            call=_call(request, member_id, actor.name),
            member_id=member_id,
            request=ExchangeRequest(definition_id=chosen[:40], points=int(price)),
            staff=actor,
        )
    except Refused as refusal:
        messages.error(request, str(refusal.message))
    else:
        messages.success(request, _("The points are spent, and the member has the voucher."))
    return redirect("members:member", member_id)


@require_POST
@requires("vouchers.edit")
@requires("points.adjust")
def take_back(request: HttpRequest, member_id: str, exchange_id: str) -> HttpResponse:
    """Undo an exchange of the member's whose voucher is unused."""
    actor = actor_of(request)
    try:
        done = take_back_exchange(
            call=_call(request, member_id, actor.name),
            exchange_id=exchange_id,
            member_id=member_id,
            staff=actor,
            reason=request.POST.get("reason", ""),
        )
    except Refused as refusal:
        messages.error(request, str(refusal.message))
    else:
        told = {name: f"{done.answer[name]:,}" for name in ("returned", "expired")}
        said = _("The voucher is cancelled; %(returned)s points came back.") % told
        if done.answer["expired"]:
            said = _("The voucher is cancelled; %(returned)s points came back, %(expired)s had ended.") % told
        messages.success(request, said)
    return redirect("members:member", member_id)


def _call(request: HttpRequest, member_id: str, name: str) -> Call:
    key = "".join(sign for sign in request.POST.get("key", "") if sign.isascii() and sign.isalnum())[:40]
    return Call(key=f"desk:{member_id}:{key or new_id('key')}"[:120], actor=name, at=now())


def register() -> None:
    """Put the card on the page of a member, and say what the audit's words mean."""
    register_member_panel(
        MemberPanel(
            name="exchanges",
            permission="vouchers.view",
            order=26,
            template="loyalty/exchanges_panel.html",
            context=panel,
        )
    )
    register_labels("audit_noun", {"voucher_exchange": (gettext_lazy("Voucher for points"), "grey")})
