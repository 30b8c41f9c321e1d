"""Who is to be forgotten, and who looked at people's data."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from shuke.apps.compliance.operations import cancel_erasure, hurry_erasures
from shuke.apps.compliance.queries.erasures import erasures_page, open_erasures
from shuke.apps.compliance.queries.looks import looks_page, who_may_look
from shuke.platform.clock import now
from shuke.platform.errors import Refused
from shuke.web.access import actor_of, requires
from shuke.web.paging import Pager, page_number

PAGE_SIZE = 50


@requires("privacy.view")
def show_erasures(request: HttpRequest) -> HttpResponse:
    """Every erasure, newest first, with how far it is."""
    page = page_number(request)
    found, total = erasures_page(limit=PAGE_SIZE, offset=(page - 1) * PAGE_SIZE)
    context = {
        "erasures": found,
        "pager": Pager(page=page, size=PAGE_SIZE, total=total),
        "open": open_erasures(),
        "may_edit": actor_of(request).may("privacy.edit"),
    }
    return render(request, "compliance/erasures.html", context)


@requires("privacy.edit")
@require_POST
def run_now(request: HttpRequest) -> HttpResponse:
    """Do not wait for the night."""
    hurry_erasures(actor=actor_of(request), at=now())
    messages.success(request, _("The erasures have begun."))
    return redirect("compliance:erasures")


@requires("privacy.edit")
@require_POST
def cancel(request: HttpRequest, erasure_id: str) -> HttpResponse:
    """Take a request back."""
    try:
        cancel_erasure(actor=actor_of(request), at=now(), erasure_id=erasure_id)
    except Refused as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, _("The erasure is taken back; nothing was deleted."))
    return redirect("compliance:erasures")


@requires("privacy.view")
def show_looks(request: HttpRequest) -> HttpResponse:
    """Who may see people's data in the clear, and who did."""
    page = page_number(request)
    found, total = looks_page(limit=PAGE_SIZE, offset=(page - 1) * PAGE_SIZE)
    context = {
        "looks": found,
        "people": who_may_look(),
        "pager": Pager(page=page, size=PAGE_SIZE, total=total),
    }
    return render(request, "compliance/looks.html", context)
