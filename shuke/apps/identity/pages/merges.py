"""The list of merges, each of which can be undone."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from shuke.apps.identity import operations, queries
from shuke.apps.identity.pages.words import reason
from shuke.platform.clock import now
from shuke.platform.errors import Refused
from shuke.web.access import actor_of, requires
from shuke.web.paging import Pager, page_number

PAGE_SIZE = 25


@require_GET
@requires("members.view")
def merges(request: HttpRequest) -> HttpResponse:
    """All merges, the newest first."""
    page = page_number(request)
    rows, total = queries.merges_page(limit=PAGE_SIZE, offset=(page - 1) * PAGE_SIZE)
    context = {
        "rows": [{"merge": row, "reason": reason(row.evidence)} for row in rows],
        "pager": Pager(page, PAGE_SIZE, total),
        "may_edit": actor_of(request).may("members.edit"),
        "here": "merges",
    }
    return render(request, "identity/merges.html", context)


@require_POST
@requires("members.edit")
def undo(request: HttpRequest, merge_id: str) -> HttpResponse:
    """Make two members again."""
    found = queries.merge(merge_id)
    try:
        operations.unmerge_members(actor=actor_of(request), at=now(), merge_id=merge_id)
    except Refused as refusal:
        messages.error(request, str(refusal.message))
        return redirect("identity:merges")
    messages.success(request, _("The two are separate members again, each with what it had."))
    return redirect("members:member", found.absorbed_id)
