"""What to offer a member next, on the page of the member."""

from typing import Any

from django.http import HttpRequest
from django.utils.translation import get_language

from shuke.apps.recommendations.queries.offers import member_slots, offers
from shuke.platform.clock import now
from shuke.web.panels import MemberPanel, register_member_panel

LISTED = 5


def offer_panel(request: HttpRequest, member_id: str) -> dict[str, Any]:
    """The first items of the chosen slot, else of the first that answers.  Looking at them is no exposure."""
    slots = member_slots()
    live = [view for view in slots if view.state == "live"]
    wanted = request.GET.get("offer", "")
    chosen = next((view for view in live if view.code == wanted), live[0] if live else None)
    items, answer = [], None
    if chosen is not None:
        languages = {member_id: get_language() or "en"}
        offer = offers([chosen.code], languages, at=now()).get(chosen.code, {}).get(member_id)
        if offer is not None:
            items, answer = list(offer.items)[:LISTED], offer.answer
    return {
        "member_id": member_id,
        "slots": slots,
        "live": live,
        "chosen": chosen,
        "offered": items,
        "answer": answer,
    }


def register() -> None:
    """Put the items on the page of a member."""
    register_member_panel(
        MemberPanel(
            name="offer_next",
            permission="recommendations.view",
            order=65,
            template="recommendations/member_panel.html",
            context=offer_panel,
        )
    )
