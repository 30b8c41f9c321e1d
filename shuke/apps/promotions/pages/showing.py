"""One kind of voucher: its figures, curve, batches; one voucher with its steps."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import pgettext
from django.views.decorators.http import require_GET, require_POST

from shuke.apps.audiences.queries import audience_names
from shuke.apps.members.queries import member
from shuke.apps.promotions import queries
from shuke.apps.promotions.forms import CodesForm, WordForm
from shuke.apps.promotions.schemas import VoucherDay
from shuke.platform.clock import business_date, now
from shuke.platform.errors import NotFound, Refused
from shuke.platform.ids import new_id
from shuke.platform.retailer.queries import retailer
from shuke.web.access import actor_of, requires


@require_GET
@requires("vouchers.view")
def definition(request: HttpRequest, definition_id: str) -> HttpResponse:
    """A kind of voucher."""
    view = queries.definition(definition_id)
    may_edit = actor_of(request).may("vouchers.edit")
    curve = queries.redemption_curve(definition_id)
    context = {
        "definition": view,
        "exposed": queries.exposure_in_words(view.exposure) if view.exposure else "",
        "terms": queries.terms_in_words(view.terms),
        "draft": queries.terms_in_words(view.draft) if view.draft and view.version else [],
        "batches": queries.batches_of(definition_id, with_words=may_edit),
        "curve": curve_option(curve) if len(curve) > 1 else None,
        "may_edit": may_edit,
        "codes_form": CodesForm(),
        "word_form": WordForm(),
        "audiences": audience_names(),
        "key": new_id("key"),
    }
    return render(request, "promotions/detail.html", context)


def curve_option(points: list[VoucherDay]) -> dict[str, Any]:
    """Issued or claimed, and below it used, each added up day by day."""
    issued, redeemed, first, second = 0, 0, [], []
    for point in points:
        issued, redeemed = issued + point.issued, redeemed + point.redeemed
        first.append([point.day.isoformat(), issued])
        second.append([point.day.isoformat(), redeemed])
    line: dict[str, Any] = {
        "type": "line",
        "step": "end",
        "showSymbol": False,
        "areaStyle": {"opacity": 0.12},
    }
    dates = {"axisLabel": {"formatter": {"$format": "date"}}, "type": "time"}
    whole: dict[str, Any] = {"type": "value", "minInterval": 1, "splitNumber": 3}
    whole["axisLabel"] = {"formatter": {"$format": "integer"}}
    sides = {"left": 64, "right": 16}
    # One above the other: on one scale the used ones would lie flat below a million issued.
    return {
        "grid": [{**sides, "top": 30, "height": "36%"}, {**sides, "bottom": 28, "height": "36%"}],
        "legend": {"top": 0},
        "axisPointer": {"link": [{"xAxisIndex": "all"}]},
        "tooltip": {"trigger": "axis", "valueFormatter": {"$format": "integer"}},
        "xAxis": [{**dates, "gridIndex": 0, "axisLabel": {"show": False}}, {**dates, "gridIndex": 1}],
        "yAxis": [{**whole, "gridIndex": 0}, {**whole, "gridIndex": 1}],
        "series": [
            {**line, "name": _("Issued or claimed"), "data": first},
            {**line, "name": pgettext("voucher", "Used"), "data": second, "xAxisIndex": 1, "yAxisIndex": 1},
        ],
    }


@require_POST
@requires("vouchers.view")
def audience_size(request: HttpRequest, definition_id: str) -> HttpResponse:
    """How many members an audience has today, before a voucher is issued to them."""
    audience_id, size = request.POST.get("audience_id", "")[:40], None
    if audience_id:
        try:
            size = queries.issue_size(audience_id, as_of=business_date(now(), retailer().time_zone))
        except Refused:
            size = None
    context = {"size": size, "audience_id": audience_id, "definition_id": definition_id}
    return render(request, "promotions/parts/size.html", context)


@require_GET
@requires("vouchers.view")
def batch(request: HttpRequest, batch_id: str) -> HttpResponse:
    """The row of a batch, asked for while it is being made."""
    may_edit = actor_of(request).may("vouchers.edit")
    context = {"batch": queries.batch(batch_id, with_word=may_edit), "may_edit": may_edit}
    return render(request, "promotions/parts/batch.html", context)


@require_GET
@requires("vouchers.view")
def voucher(request: HttpRequest, voucher_id: str) -> HttpResponse:
    """One voucher with its steps, without its code."""
    found = queries.voucher(voucher_id)
    context = {
        "voucher": found,
        "holder": _holder(found.member_id),
        "currency": retailer().currency,
        "may_edit": actor_of(request).may("vouchers.edit"),
    }
    return render(request, "promotions/voucher.html", context)


def _holder(member_id: str | None) -> str:
    """The masked name of whom it belongs to; empty for nobody, for the nameless and for those who are gone."""
    try:
        return member(member_id).name if member_id else ""
    except NotFound:
        return ""
