"""The audit: who changed or saw what, and when."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from shuke.platform.accounts.queries import users
from shuke.platform.audit.queries import audit_entries, audit_verbs
from shuke.web.access import requires
from shuke.web.paging import Pager, page_number

PAGE_SIZE = 50


@requires("audit.view")
def audit(request: HttpRequest) -> HttpResponse:
    """Entries newest first, by person, verb or subject."""
    filters = {name: request.GET.get(name, "")[:80] for name in ("actor", "verb", "kind", "subject")}
    page = page_number(request)
    subject = (filters["kind"], filters["subject"]) if filters["kind"] and filters["subject"] else None
    entries, total = audit_entries(
        limit=PAGE_SIZE,
        offset=(page - 1) * PAGE_SIZE,
        subject=subject,
        actor_id=filters["actor"],
        verb=filters["verb"],
    )
    context = {
        "entries": entries,
        "pager": Pager(page=page, size=PAGE_SIZE, total=total),
        "filters": filters,
        "users": users(),
        "verbs": audit_verbs(),
    }
    return render(request, "web/audit.html", context)
