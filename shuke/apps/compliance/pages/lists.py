"""The list of addresses that get nothing."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from shuke.apps.compliance.forms import AddressForm
from shuke.apps.compliance.operations import list_address, remove_address
from shuke.apps.compliance.queries import found_address, suppressions_page
from shuke.platform.clock import now
from shuke.platform.errors import Refused
from shuke.web.access import actor_of, requires
from shuke.web.labels import choices_of
from shuke.web.paging import Pager, page_number

PAGE_SIZE = 50


@requires("privacy.view")
def show_addresses(request: HttpRequest) -> HttpResponse:
    """Addresses, newest first; one is found by writing it out, and added by the form below."""
    may_edit = actor_of(request).may("privacy.edit")
    form = AddressForm(request.POST or None)
    if request.method == "POST" and may_edit and form.is_valid():
        try:
            new = list_address(actor=actor_of(request), at=now(), source="console", **form.cleaned_data)
        except Refused as refusal:
            form.add_error("address", str(refusal))
        else:
            messages.success(request, _("It is on the list.") if new else _("It was on the list already."))
            return redirect("compliance:addresses")
    # Posted, so that no address stands in a URL or a log.
    searched = request.POST.get("q", "").strip()[:254] if request.method == "POST" else ""
    if searched:
        form = AddressForm()
    page, channel = page_number(request), request.GET.get("channel", "")[:20]
    found, total = suppressions_page(
        limit=PAGE_SIZE,
        offset=(page - 1) * PAGE_SIZE,
        channel=channel,
        address=found_address(searched) if searched else "",
    )
    context = {
        "rows": found,
        "pager": Pager(page=page, size=PAGE_SIZE, total=total),
        "form": form,
        "channels": [(c, w) for c, w in choices_of("channel") if c in {"email", "sms", "phone"}],
        "channel": channel,
        "searched": searched,
        "may_edit": may_edit,
    }
    return render(request, "compliance/addresses.html", context, status=422 if form.errors else 200)


@requires("privacy.edit")
@require_POST
def remove(request: HttpRequest, entry: int) -> HttpResponse:
    """Take an address off the list."""
    remove_address(actor=actor_of(request), at=now(), entry=entry)
    messages.success(request, _("The address is off the list."))
    return redirect("compliance:addresses")
