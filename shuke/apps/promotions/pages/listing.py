"""The list of kinds of vouchers, and looking up a code."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET

from shuke.apps.promotions import operations, queries
from shuke.apps.promotions.forms import CheckForm
from shuke.apps.promotions.schemas import VoucherRefusal
from shuke.platform.clock import now
from shuke.platform.errors import Refused
from shuke.web.access import actor_of, requires
from shuke.web.labels import choices_of
from shuke.web.paging import Pager, page_number

PAGE_SIZE = 25


@require_GET
@requires("vouchers.view")
def voucher_list(request: HttpRequest) -> HttpResponse:
    """Kinds of vouchers with how many are out and used."""
    status, text = request.GET.get("status", ""), request.GET.get("q", "").replace("\x00", "")[:120]
    status = status if status in dict(choices_of("voucher_definition_status")) else ""
    page = page_number(request)
    rows, total = queries.definitions_page(
        limit=PAGE_SIZE, offset=(page - 1) * PAGE_SIZE, status=status, text=text
    )
    context = {
        "rows": rows,
        "pager": Pager(page, PAGE_SIZE, total),
        "status": status,
        "text": text,
        "statuses": choices_of("voucher_definition_status"),
        "may_edit": actor_of(request).may("vouchers.edit"),
    }
    return render(request, "promotions/list.html", context)


@requires("vouchers.view")
def check(request: HttpRequest) -> HttpResponse:
    """Find the voucher of a code.  The code is posted and shown nowhere; wrong ones are counted."""
    form = CheckForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        at, who = now(), f"console:{actor_of(request).id}"
        if queries.is_locked_out(who, at=at):
            form.add_error("code", queries.reason_in_words("too_many_wrong_codes"))
        else:
            try:
                found = queries.voucher_id_of(form.cleaned_data["code"])
            except Refused as refusal:
                guess = VoucherRefusal(str(refusal.details["reason"]), str(refusal.message))
                operations.count_wrong_codes(who=who, refusals=[guess], at=at)
                form.add_error("code", str(refusal.message))
            else:
                if found.startswith("vba_"):
                    return redirect("promotions:definition", queries.batch(found).definition_id)
                return redirect("promotions:voucher", found)
    return render(request, "promotions/check.html", {"form": form})
