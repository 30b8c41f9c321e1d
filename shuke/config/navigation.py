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


#: Sections of the menu: a heading (or none) and its places.
SECTIONS: tuple[tuple[str | Promise, tuple[Entry, ...]], ...] = (
    (
        "",
        (
            Entry(_("Overview"), "/", "home", "overview.view"),
            Entry(_("Members"), "/members/", "users", "members.view"),
            Entry(_("One person?"), "/identity/", "users-group", "members.view"),
            Entry(_("Insights"), "/insights/", "chart-dots", "insights.view"),
        ),
    ),
    (
        _("Reach"),
        (
            Entry(_("Audiences"), "/audiences/", "target", "audiences.view"),
            Entry(_("Recommendations"), "/recommendations/", "sparkles", "recommendations.view"),
            Entry(_("Campaigns"), "/campaigns/", "speakerphone", "campaigns.view"),
            Entry(_("Messages"), "/messages/", "mail", "messages.view"),
        ),
    ),
    (
        _("Membership"),
        (
            Entry(_("Points"), "/membership/points/", "coins", "loyalty.view"),
            Entry(_("Tiers"), "/membership/tiers/", "crown", "loyalty.view"),
            Entry(_("Benefits"), "/membership/benefits/", "gift", "loyalty.view"),
            Entry(_("Vouchers"), "/vouchers/", "ticket", "vouchers.view"),
            Entry(_("Checkouts"), "/membership/checkouts/", "shopping-cart", "loyalty.view"),
            Entry(_("Ledger"), "/membership/ledger/", "shield-check", "loyalty.view"),
            Entry(_("Points finance"), "/membership/finance/", "report-money", "finance.view"),
        ),
    ),
    (
        _("Data"),
        (
            Entry(_("Products"), "/products/", "package", "products.view"),
            Entry(_("Imports"), "/imports/", "file-import", "imports.view"),
            Entry(_("Data quality"), "/quality/", "gauge", "imports.view"),
            Entry(_("Connections"), "/connections/", "plug", "imports.view"),
            Entry(_("Sources"), "/sources/", "timeline-event", "sources.view"),
        ),
    ),
    (
        _("Administration"),
        (
            Entry(_("Privacy"), "/privacy/", "shield-lock", "privacy.view"),
            Entry(_("Audit"), "/settings/audit/", "history", "audit.view"),
            Entry(_("Background work"), "/settings/jobs/", "rotate-clockwise", "jobs.view"),
            Entry(_("Settings"), "/settings/", "settings", "settings.view"),
        ),
    ),
)


def navigation(request: HttpRequest) -> dict[str, Any]:
    """Template context of every page: the menu of this person, the retailer and the actor."""
    current = getattr(request, "retailer", None) or retailer()
    if not getattr(request, "user", None) or not request.user.is_authenticated:
        return {"retailer": current}
    actor = actor_of(request)
    active = _active_url(request.path)
    sections = []
    for title, entries in SECTIONS:
        shown = [
            {"entry": entry, "is_active": entry.url == active}
            for entry in entries
            if actor.may(entry.permission)
        ]
        if shown:
            sections.append({"title": title, "entries": shown})
    return {"navigation": sections, "retailer": current, "actor": actor}


def _active_url(path: str) -> str:
    """The menu's place that a page belongs to: the longest address its own begins with."""
    urls = [entry.url for _title, entries in SECTIONS for entry in entries]
    fitting = [url for url in urls if path == url or (url != "/" and path.startswith(url))]
    return max(fitting, key=len, default="")
