"""How strategies do in a slot, over the API."""

from django.http import HttpRequest
from ninja import Router

from shuke.apps.recommendations.queries.online import online_view
from shuke.apps.recommendations.schemas.online import OnlineView
from shuke.web.api import permit

router = Router(tags=["recommendations"])


@router.get("/slots/{code}/online", response=OnlineView)
def get_online(request: HttpRequest, code: str) -> OnlineView:
    """Arms with lists, clicks, purchases and revenue, their differences with intervals, and the bandit.

    Lists are counted every hour; ``counted_at`` says when they were last.
    """
    permit(request, "recommendations.view")
    return online_view(code)
