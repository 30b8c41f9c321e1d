"""Slots: the list, setting one up, letting it answer and pausing it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from itertools import chain
from typing import Any

import numpy as np
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from shuke.apps.commerce.queries import departments
from shuke.apps.recommendations.forms.slots import SlotForm
from shuke.apps.recommendations.operations.slots import change_slot, create_slot, delete_slot, go_live, pause
from shuke.apps.recommendations.pages.previews import subject
from shuke.apps.recommendations.pages.slot_words import strategy_menu
from shuke.apps.recommendations.queries.bundles import serving_bundle
from shuke.apps.recommendations.queries.ready_made import ready_made
from shuke.apps.recommendations.queries.shelves import product_names, unknown_goods
from shuke.apps.recommendations.queries.slots import answers_since, slot, slots
from shuke.apps.recommendations.rules.setup import competing
from shuke.apps.recommendations.schemas import SlotInput, SlotView
from shuke.platform.audit.queries import audit_entries
from shuke.platform.clock import now
from shuke.platform.errors import Invalid, Refused
from shuke.web.access import actor_of, requires

#: The list tells of answers of so many days.
DAYS = 7
#: Places for fallbacks on the page.
FALLBACKS = 3
HISTORY = 20


@require_safe
@requires("recommendations.view")
def slot_list(request: HttpRequest) -> HttpResponse:
    """All slots, and ready-made ones that are not there yet."""
    found = slots()
    counted = answers_since(now() - timedelta(days=DAYS))
    codes = {view.code for view in found}
    context = {
        "rows": [(view, _shares(view), counted.get(view.code, 0)) for view in found],
        "ready": [ready for ready in ready_made() if ready.slot.code not in codes],
        "has_bundle": serving_bundle() is not None,
        "days": DAYS,
        "may_edit": actor_of(request).may("recommendations.edit"),
    }
    return render(request, "recommendations/slots/list.html", context)


def _shares(view: SlotView) -> list[tuple[str, float | None]]:
    """Strategy and its share of those who are answered; no share where one stands alone."""
    arms = competing(view.arms)
    whole = sum(arm.weight for arm in arms)
    return [(arm.strategy, arm.weight / whole if len(arms) > 1 else None) for arm in arms]


@require_http_methods(["GET", "HEAD", "POST"])
@requires("recommendations.edit")
def new_slot(request: HttpRequest) -> HttpResponse:
    """A new slot, from nothing or from a ready-made one."""
    if request.method == "POST":
        form = SlotForm(request.POST)
        if form.is_valid() and form.slot_input is not None:
            try:
                made = create_slot(actor=actor_of(request), at=now(), slot=form.slot_input)
            except Refused as refusal:
                form.add_error("code" if refusal.code == "code_taken" else None, str(refusal.message))
            else:
                messages.success(request, _("Saved as a draft. It answers as soon as it goes live."))
                _tell_unknown(request, made)
                return redirect("recommendations:slot", made.code)
        return _set_up(request, form, None)
    wanted = request.GET.get("ready", "")
    ready = next((found.slot for found in ready_made() if found.slot.code == wanted), None)
    return _set_up(request, SlotForm(slot=ready), None)


@require_http_methods(["GET", "HEAD", "POST"])
@requires("recommendations.view")
def edit_slot(request: HttpRequest, code: str) -> HttpResponse:
    """The set-up of a slot, beside a preview of what it would answer."""
    view = slot(code)
    if request.method != "POST":
        return _set_up(request, SlotForm(slot=view), view)
    actor_of(request).require("recommendations.edit")
    form = SlotForm(_with_fixed(request, view))
    if form.is_valid() and form.slot_input is not None:
        try:
            saved = _save(request, view, form.slot_input)
        except Refused as refusal:
            form.add_error(None, str(refusal.message))
        else:
            words = _("Saved. The slot answers by it now.") if saved.state == "live" else _("Saved.")
            messages.success(request, words)
            _tell_unknown(request, saved)
            return redirect("recommendations:slot", code)
    return _set_up(request, form, view)


def _with_fixed(request: HttpRequest, view: SlotView) -> Any:
    """What was sent, with the fields that the page shows but does not let change."""
    data = request.POST.copy()
    data["code"] = view.code
    if view.state != "draft":
        data["about"] = view.about
    return data


def _save(request: HttpRequest, view: SlotView, wanted: SlotInput) -> SlotView:
    sent = request.POST.get("version", "")
    version = int(sent) if sent.isdecimal() and len(sent) < 10 else 0
    return change_slot(actor=actor_of(request), at=now(), code=view.code, slot=wanted, version=version)


def _tell_unknown(request: HttpRequest, saved: SlotInput) -> None:
    unknown = unknown_goods(saved)
    if unknown:
        text = _("The catalogue does not know: {goods}. They are kept and count as soon as it does.")
        messages.warning(request, text.format(goods=", ".join(unknown[:10]) + (" …" if unknown[10:] else "")))


def _set_up(request: HttpRequest, form: SlotForm, view: SlotView | None) -> HttpResponse:
    if view is not None:
        form.fields["code"].disabled = True
        form.fields["about"].disabled = view.state != "draft"
    bundle = serving_bundle()
    lists = form.lists()
    about = view.about if view else form["about"].value()
    context = {
        "form": form,
        "slot": view,
        "lists": lists,
        "fallbacks": [*lists["fallbacks"], *[""] * max(FALLBACKS - len(lists["fallbacks"]), 0)],
        **_picked(lists),
        "menu": strategy_menu(),
        "departments": departments(),
        "subject": subject(bundle, rng=np.random.default_rng(), member_id=request.GET.get("member", "")[:40]),
        "about": about,
        "history": audit_entries(subject=("slot", view.id), limit=HISTORY)[0] if view else [],
        "version": request.POST.get("version") or (view.version if view else ""),
        "may_edit": actor_of(request).may("recommendations.edit"),
    }
    return render(request, "recommendations/slots/setup.html", context, status=422 if form.errors else 200)


def _picked(lists: dict[str, Any]) -> dict[str, Any]:
    """What searches have put in: (field, id, name) of each, by where it stands."""
    boosts = lists["boosts"]
    named = [
        *lists["pinned_products"],
        *lists["barred_products"],
        *chain(*[each["products"] for each in boosts]),
    ]
    names = product_names(named)

    def chips(field: str, ids: Iterable[str]) -> list[tuple[str, str, str]]:
        return [(field, each, names.get(each, each)) for each in ids]

    barred = [
        *chips("barred_products", lists["barred_products"]),
        *chips("barred_kinds", lists["barred_kinds"]),
    ]
    return {
        "picked": {"pinned": chips("pinned_products", lists["pinned_products"]), "barred": barred},
        "boosts": [
            (
                str(key),
                boost,
                [
                    *chips(f"boost-{key}-products", boost["products"]),
                    *chips(f"boost-{key}-kinds", boost["kinds"]),
                ],
            )
            for key, boost in enumerate(boosts)
        ],
    }


@require_POST
@requires("recommendations.edit")
def live(request: HttpRequest, code: str) -> HttpResponse:
    """Let it answer."""
    try:
        view = go_live(actor=actor_of(request), at=now(), code=code)
    except Invalid as refusal:
        messages.error(request, str(refusal.message))
    else:
        text = _("The slot is live.")
        if view.experiment_id:
            text += " " + _("An experiment compares its strategies; see “Online test”.")
        messages.success(request, text)
    return redirect("recommendations:slot", code)


@require_POST
@requires("recommendations.edit")
def pause_slot(request: HttpRequest, code: str) -> HttpResponse:
    """Let it answer nobody."""
    try:
        pause(actor=actor_of(request), at=now(), code=code)
    except Refused as refusal:
        messages.error(request, str(refusal.message))
    else:
        messages.success(request, _("The slot is paused: who asks it is told so."))
    return redirect("recommendations:slot", code)


@require_POST
@requires("recommendations.edit")
def drop(request: HttpRequest, code: str) -> HttpResponse:
    """Delete a draft."""
    try:
        delete_slot(actor=actor_of(request), at=now(), code=code)
    except Refused as refusal:
        messages.error(request, str(refusal.message))
        return redirect("recommendations:slot", code)
    messages.success(request, _("The draft is deleted."))
    return redirect("recommendations:slots")
