"""What the preference centre asks people."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from shuke.apps.compliance.forms import AskForm, BrandForm
from shuke.apps.compliance.operations import delete_ask, save_ask, save_brand
from shuke.apps.compliance.queries import ask, asks, brand_names
from shuke.platform.clock import now
from shuke.platform.errors import Refused
from shuke.web.access import actor_of, requires


@requires("privacy.view")
def show_asks(request: HttpRequest) -> HttpResponse:
    """Every consent that is asked for, and the brands."""
    may_edit = actor_of(request).may("privacy.edit")
    form = BrandForm(request.POST or None)
    if request.method == "POST" and may_edit and form.is_valid():
        try:
            save_brand(actor=actor_of(request), at=now(), **form.cleaned_data)
        except Refused as refusal:
            form.add_error("code", str(refusal))
        else:
            messages.success(request, _("The brand is saved."))
            return redirect("compliance:asks")
    context = {"asks": asks(), "brands": brand_names(), "form": form, "may_edit": may_edit}
    return render(request, "compliance/asks.html", context, status=422 if form.errors else 200)


@requires("privacy.edit")
def edit_ask(request: HttpRequest, ask_id: int | None = None) -> HttpResponse:
    """Write or change what people agree to."""
    current = ask(ask_id) if ask_id is not None else None
    form = AskForm(request.POST or None, initial=_initial(current) if current else {"is_offered": True})
    if request.method == "POST" and form.is_valid():
        values = form.cleaned_data
        try:
            save_ask(
                actor=actor_of(request),
                at=now(),
                ask_id=ask_id,
                texts={"en": values.pop("text_en"), "zh-hans": values.pop("text_zh")},
                **values,
            )
        except Refused as refusal:
            form.add_error(None, str(refusal))
        else:
            messages.success(request, _("Saved; the preference centre shows it from now on."))
            return redirect("compliance:asks")
    context = {"form": form, "ask": current}
    return render(request, "compliance/ask.html", context, status=422 if form.errors else 200)


def _initial(current: Any) -> dict[str, Any]:
    return {
        "brand": current.brand,
        "channel": current.channel,
        "purpose": current.purpose,
        "position": current.position,
        "is_offered": current.is_offered,
        "text_en": current.texts.get("en", ""),
        "text_zh": current.texts.get("zh-hans", ""),
    }


@requires("privacy.edit")
@require_POST
def delete(request: HttpRequest, ask_id: int) -> HttpResponse:
    """Ask no more."""
    delete_ask(actor=actor_of(request), at=now(), ask_id=ask_id)
    messages.success(request, _("It is not asked any more; decisions stay."))
    return redirect("compliance:asks")
