"""The console's main menu, in the order of a marketer's day."""

from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from shuke.platform.retailer.queries import retailer
from shuke.web.access import actor_of


@dataclass(frozen=True)
class Entry:
    """One place of the menu; shown to those who hold the permission."""

    label: str | Promise
    url: str
    icon: str
    permission: str


ENTRIES: tuple[Entry, ...] = (
    Entry(_("Overview"), "/", "home", "overview.view"),
    Entry(_("Members"), "/members/", "users", "members.view"),
    Entry(_("Insights"), "/insights/", "chart-dots", "insights.view"),
    Entry(_("Audiences"), "/audiences/", "target", "audiences.view"),
    Entry(_("Campaigns"), "/campaigns/", "speakerphone", "campaigns.view"),
    Entry(_("Messages"), "/messages/", "mail", "messages.view"),
    Entry(_("Products"), "/products/", "package", "products.view"),
    Entry(_("Imports"), "/imports/", "file-import", "imports.view"),
    Entry(_("Settings"), "/settings/", "settings", "settings.view"),
)


def navigation(request: HttpRequest) -> dict[str, Any]:
    """Template context of every page: the menu of this person, the retailer and the actor."""
    if not getattr(request, "user", None) or not request.user.is_authenticated:
        return {"retailer": retailer()}
    actor = actor_of(request)
    entries = [
        {
            "entry": entry,
            "is_active": request.path == entry.url
            or (entry.url != "/" and request.path.startswith(entry.url)),
        }
        for entry in ENTRIES
        if actor.may(entry.permission)
    ]
    return {"navigation": entries, "retailer": retailer(), "actor": actor}
