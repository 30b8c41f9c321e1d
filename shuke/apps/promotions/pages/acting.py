"""What is done with kinds of vouchers, batches and vouchers."""

from collections.abc import Callable, Iterator
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from shuke.apps.promotions import operations, queries
from shuke.apps.promotions.forms import CodesForm, WordForm
from shuke.platform.clock import business_date, now
from shuke.platform.errors import Refused
from shuke.platform.ids import new_id
from shuke.platform.retailer.queries import retailer
from shuke.web.access import actor_of, requires

#: What brings vouchers into hands, so that the budget is looked at.
ISSUING = (operations.order_codes, operations.order_issue)


def _done(request: HttpRequest, call: Callable[..., Any], *, said: str, **given: Any) -> Any:
    """Call an operation and tell the person what came of it; its answer, ``None`` where it was refused."""
    try:
        answer = call(actor=actor_of(request), at=now(), **given)
    except Refused as refusal:
        messages.error(request, str(refusal.message))
        return None
    messages.success(request, said)
    if call in ISSUING:
        for warning in queries.budget_warnings(given["definition_id"]):
            messages.warning(request, warning.message)
    return answer if answer is not None else True


@require_POST
@requires("vouchers.edit")
def publish(request: HttpRequest, definition_id: str) -> HttpResponse:
    """Publish the draft."""
    note = request.POST.get("note", "")
    said = _("Published. Vouchers that are out keep their terms.")
    _done(request, operations.publish_definition, said=said, definition_id=definition_id, note=note)
    return redirect("promotions:definition", definition_id)


@require_POST
@requires("vouchers.edit")
def end(request: HttpRequest, definition_id: str) -> HttpResponse:
    """Issue no more."""
    said = _("Nothing more is issued. Vouchers that are out stay what they are.")
    _done(request, operations.end_definition, said=said, definition_id=definition_id)
    return redirect("promotions:definition", definition_id)


@require_POST
@requires("vouchers.edit")
def copy(request: HttpRequest, definition_id: str) -> HttpResponse:
    """A new draft with the same terms."""
    said = _("This is the copy, a draft.")
    made = _done(request, operations.copy_definition, said=said, definition_id=definition_id)
    return redirect("promotions:definition", made or definition_id)


def _key(request: HttpRequest) -> str:
    """The key of the form that was sent, so that a form sent twice is done once."""
    return request.POST.get("key", "").replace("\x00", "")[:80] or new_id("key")


@require_POST
@requires("vouchers.edit")
def order_codes(request: HttpRequest, definition_id: str) -> HttpResponse:
    """Make unique codes."""
    form = CodesForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("Order between 1 and 5,000,000 codes at a time."))
        return redirect("promotions:definition", definition_id)
    _done(
        request,
        operations.order_codes,
        said=_("The codes are being made."),
        key=_key(request),
        definition_id=definition_id,
        **form.cleaned_data,
    )
    return redirect("promotions:definition", definition_id)


@require_POST
@requires("vouchers.edit")
def share(request: HttpRequest, definition_id: str) -> HttpResponse:
    """Make a shared code."""
    form = WordForm(request.POST)
    if form.is_valid():
        said = _("The code can be used now.")
        _done(
            request,
            operations.create_shared_code,
            said=said,
            definition_id=definition_id,
            **form.cleaned_data,
        )
    else:
        messages.error(request, _("A shared code has 4 to 32 letters and digits."))
    return redirect("promotions:definition", definition_id)


@require_POST
@requires("vouchers.edit")
def issue(request: HttpRequest, definition_id: str) -> HttpResponse:
    """Issue to an audience."""
    _done(
        request,
        operations.order_issue,
        said=_("Everybody in the audience is getting a voucher."),
        key=_key(request),
        definition_id=definition_id,
        audience_id=request.POST.get("audience_id", "")[:40],
        as_of=business_date(now(), retailer().time_zone),
    )
    return redirect("promotions:definition", definition_id)


@require_POST
@requires("vouchers.edit")
def export(request: HttpRequest, batch_id: str) -> Any:
    """The codes of a batch as CSV, streamed; audited before the first code leaves."""
    operations.note_export(actor=actor_of(request), at=now(), batch_id=batch_id)
    answer = StreamingHttpResponse(_csv(batch_id), content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="{batch_id}.csv"'
    answer["Cache-Control"] = "no-store"
    return answer


def _csv(batch_id: str) -> Iterator[str]:
    yield "code,state\r\n"
    part: list[str] = []
    for code, state in queries.batch_codes(batch_id):
        part.append(f"{code},{state}\r\n")
        if len(part) == 1_000:
            yield "".join(part)
            part.clear()
    yield "".join(part)


@require_POST
@requires("vouchers.edit")
def cancel_batch(request: HttpRequest, batch_id: str) -> HttpResponse:
    """Take a whole batch back."""
    view = queries.batch(batch_id)
    _done(
        request,
        operations.begin_cancelling,
        said=_("The vouchers of the batch are being cancelled."),
        batch_id=batch_id,
        reason=request.POST.get("reason", ""),
    )
    return redirect("promotions:definition", view.definition_id)


@require_POST
@requires("vouchers.edit")
def cancel(request: HttpRequest, voucher_id: str) -> HttpResponse:
    """Take one voucher back."""
    _done(
        request,
        operations.cancel_voucher,
        said=_("The voucher is cancelled."),
        voucher_id=voucher_id,
        reason=request.POST.get("reason", ""),
    )
    return redirect("promotions:voucher", voucher_id)
