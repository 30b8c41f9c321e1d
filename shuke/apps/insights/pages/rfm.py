"""Choosing the borders of the scores: try them on today's members, then score by them."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from shuke.apps.insights.forms import RfmForm, shown_rfm, typed_rfm
from shuke.apps.insights.operations import save_rfm_scheme
from shuke.apps.insights.pages.rfm_words import rule_rows
from shuke.apps.insights.queries import latest_build
from shuke.apps.insights.queries.rfm import built_scheme, rfm_preview, rfm_scheme, rfm_versions
from shuke.platform.clock import now
from shuke.platform.errors import Refused
from shuke.platform.money import exponent
from shuke.platform.retailer.queries import retailer
from shuke.web.access import actor_of, requires


@requires("insights.edit")
def rfm_page(request: HttpRequest) -> HttpResponse:
    """The borders in use; posted ones are tried out, or saved where the button says so."""
    known = rfm_scheme()
    digits = exponent(retailer().currency)
    if request.method != "POST":
        # Who wants own borders begins with those that today's fifths have.
        begin = known.scheme if known.scheme.frequency else built_scheme() or known.scheme
        return _shown(request, shown_rfm(begin, method=known.scheme.method, digits=digits))
    form = typed_rfm(request.POST.dict(), known=known.scheme, digits=digits)
    if form.scheme is None or "save" not in request.POST:
        return _shown(request, form, status=200 if form.scheme else 422)
    version = request.POST.get("version", "")
    try:
        save_rfm_scheme(
            actor=actor_of(request),
            at=now(),
            scheme=form.scheme,
            version=int(version) if version.isascii() and version.isdigit() and len(version) < 9 else -1,
        )
    except Refused as error:
        return _shown(request, form, refusal=str(error.message), status=error.status)
    messages.success(request, _("The borders are saved. Scores are computed anew in the background."))
    return redirect("insights:layers")


def _shown(request: HttpRequest, form: RfmForm, *, refusal: str = "", status: int = 200) -> HttpResponse:
    known = rfm_scheme()
    preview = rfm_preview(form.scheme) if form.scheme and request.method == "POST" else []
    context = {
        "form": form,
        "rows": form.rows(),
        "refusal": refusal,
        "preview": preview,
        "version": known.number,
        "versions": rfm_versions(limit=10),
        "rules": rule_rows(known.scheme),
        "build": latest_build(),
        "currency": retailer().currency,
        "step": f"{10 ** -exponent(retailer().currency):.{exponent(retailer().currency)}f}",
    }
    return render(request, "insights/rfm.html", context, status=status)
