"""Where do they fall out?  Funnels over collected events: tried on the page, kept, and saved as audiences."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import pgettext, pgettext_lazy
from django.views.decorators.http import require_POST, require_safe

from shuke.apps.insights.forms.funnels import DAYS, EVENT, ORDER, FunnelForm, shown_funnel, typed_funnel
from shuke.apps.insights.operations import delete_funnel, save_funnel
from shuke.apps.insights.pages.charts import funnel_bars
from shuke.apps.insights.pages.saving import in_layers
from shuke.apps.insights.pages.studies import is_busy, progress_answer
from shuke.apps.insights.queries import layer_names, scheme_name
from shuke.apps.insights.queries.funnel_segments import TIER, audience_choices, tier_choices
from shuke.apps.insights.queries.funnel_words import difference_text, segment_words, step_name
from shuke.apps.insights.queries.funnels import (
    MOST_EVENTS,
    counted_funnel,
    event_names,
    events_to_count,
    funnel_key,
    funnel_scheme,
    funnel_view,
    funnels,
    layer_schemes,
    yesterday,
)
from shuke.apps.insights.schemas import EventName, FunnelBody, FunnelResult, FunnelSave, FunnelView
from shuke.apps.insights.schemas.funnels import AUDIENCE
from shuke.platform.clock import now
from shuke.platform.errors import Refused
from shuke.platform.jobs.queries import job_of_key
from shuke.science.funnel_groups import FALSE_ALARMS
from shuke.web.access import actor_of, requires
from shuke.web.labels import choices_of, label_of, register_labels

#: Where the words of the layers of funnels and of tiers stand.
BEGIN = {"window": "7", "unit": "days", "order": "ordered", "days": "28"}


@require_safe
@requires("insights.view")
def funnels_page(request: HttpRequest) -> HttpResponse:
    """The funnels that were saved, each with the part that came through."""
    rows = [
        {
            "funnel": funnel,
            "steps": " → ".join(step_name(step) for step in funnel.definition.steps),
            "part": funnel.result.done / funnel.result.began
            if funnel.result and funnel.result.began
            else None,
        }
        for funnel in funnels()
    ]
    context = {
        "rows": rows,
        "has_events": bool(event_names(today=yesterday(now()))),
        "may_edit": actor_of(request).may("insights.edit"),
        "may_see_sources": actor_of(request).may("sources.view"),
    }
    return render(request, "insights/funnels.html", context)


@require_safe
@requires("insights.view")
def builder_page(request: HttpRequest) -> HttpResponse:
    """Choose steps and see at once who gets how far; nothing is kept by looking."""
    saved = _saved(request)
    if "step_1" in request.GET:
        form = typed_funnel(request.GET.dict())
    elif saved:
        form = shown_funnel(saved.definition)
    else:
        form = FunnelForm(BEGIN)
    as_of = yesterday(now())
    names = event_names(today=as_of)
    is_large = form.body is not None and events_to_count(form.body, as_of=as_of) > MOST_EVENTS
    result = counted_funnel(form.body, as_of=as_of).result if form.body and not is_large else None
    context = {
        "form": form,
        "is_large": is_large,
        "saved": saved,
        "name": request.GET.get("name", saved.name if saved else "")[:80],
        "step_choices": _step_choices(names, form),
        "has_events": bool(names),
        "operators": choices_of("funnel_operator"),
        "units": choices_of("funnel_unit"),
        "orders": choices_of("funnel_order"),
        "day_choices": DAYS,
        "by_choices": _by_choices(),
        "audience_choices": audience_choices(),
        "may_edit": actor_of(request).may("insights.edit"),
        **(_shown(result, form.body) if result and form.body else {"result": None}),
    }
    return render(request, "insights/funnel_builder.html", context)


@require_safe
@requires("insights.view")
def funnel_page(request: HttpRequest, funnel_id: int) -> HttpResponse:
    """A funnel that was saved, as it was counted last, with an audience for each step."""
    funnel = funnel_view(funnel_id)
    job = job_of_key(funnel_key(funnel.id))
    context = {
        "funnel": funnel,
        "job": job if is_busy(job) else None,
        "progress_url": reverse("insights:funnel-progress", args=[funnel.id]),
        "may_edit": actor_of(request).may("insights.edit"),
        "may_save": actor_of(request).may("audiences.edit"),
        "steps_text": " → ".join(step_name(step) for step in funnel.definition.steps),
        "window_text": window_text(funnel.definition),
        **(_shown(funnel.result, funnel.definition, funnel) if funnel.result else {"result": None}),
    }
    return render(request, "insights/funnel.html", context)


@require_safe
@requires("insights.view")
def funnel_progress_page(request: HttpRequest, funnel_id: int) -> HttpResponse:
    """How far the count of a funnel is."""
    return progress_answer(request, key=funnel_key(funnel_view(funnel_id).id))


@require_POST
@requires("insights.edit")
def save_page(request: HttpRequest) -> HttpResponse:
    """Keep the funnel that was tried."""
    form = typed_funnel(request.POST.dict())
    name = request.POST.get("name", "").replace("\x00", "").strip()[:80]
    number, version = (_number(request.POST.get(field, "")) for field in ("funnel", "version"))
    if form.body is None or not name:
        messages.error(request, " ".join(form.faults) or _("Give the funnel a name."))
        return redirect("insights:funnel-new")
    try:
        saved = save_funnel(
            actor=actor_of(request),
            at=now(),
            saved=FunnelSave(name=name, version=version or 0, definition=form.body),
            funnel_id=number,
        )
    except Refused as error:
        messages.error(request, str(error.message))
        return redirect("insights:funnels")
    messages.success(request, _("The funnel is kept and counted anew every night."))
    return redirect("insights:funnel", saved.id)


@require_POST
@requires("insights.edit")
def delete_page(request: HttpRequest, funnel_id: int) -> HttpResponse:
    """Let a funnel go."""
    delete_funnel(actor=actor_of(request), at=now(), funnel_id=funnel_id)
    messages.success(request, _("The funnel is deleted."))
    return redirect("insights:funnels")


def _saved(request: HttpRequest) -> FunnelView | None:
    number = _number(request.GET.get("funnel", ""))
    return None if number is None else funnel_view(number)


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 9 else None


def _step_choices(names: list[EventName], form: FunnelForm) -> list[dict[str, Any]]:
    """Orders, every event that was collected, and those that stand in the form already."""
    known = {EVENT + one.name: one for one in names}
    choices: list[dict[str, Any]] = [{"value": ORDER, "name": pgettext("funnel", "Order"), "events": None}]
    choices += [
        {"value": value, "name": label_of("event_name", one.name), "events": one.events}
        for value, one in known.items()
    ]
    typed = {row["step"] for row in form.steps() if row["step"].startswith(EVENT)}
    choices += [
        {"value": value, "name": label_of("event_name", value.removeprefix(EVENT)), "events": 0}
        for value in sorted(typed - known.keys())
    ]
    return choices


def _shown(result: FunnelResult, body: FunnelBody, funnel: FunnelView | None = None) -> dict[str, Any]:
    """What ``insights/funnel_result.html`` shows of a count."""
    names = [step_name(step) for step in body.steps]
    scheme = funnel_scheme(funnel.id) if funnel else ""
    rows = [
        {
            "name": name,
            "count": count,
            "conditions": in_layers(scheme, f"left_{count.step}") if scheme and count.left else "",
            "audience": _("Left after: {step}").format(step=name),
        }
        for name, count in zip(names, result.steps, strict=True)
    ]
    segments = segment_rows(result, body)
    by_code = {row["segment"].code: row["name"] for row in segments if row["segment"].code}
    return {
        "result": result,
        "rows": rows,
        "chart": funnel_bars(names, [count.members for count in result.steps]),
        "is_any": body.order == "any",
        "scheme": scheme,
        "done_conditions": in_layers(scheme, "done") if scheme and result.done else "",
        "by_name": _scheme_name(body.by) if body.by else "",
        "step_names": names,
        "segments": segments,
        "segment_words": segment_words(result.segments, by_code) if result.segments else [],
        "is_by_audience": body.by == AUDIENCE,
        "gone": len(set(body.audiences) - set(by_code)),
    }


def segment_rows(result: FunnelResult, body: FunnelBody) -> list[dict[str, Any]]:
    """The groups with their names: tiers from the lowest, others from the largest, who is in none of them last."""
    names = _segment_names(body.by)
    places = {code: place for place, code in enumerate(names if body.by == TIER else ())}
    return [
        {
            # A tier that is not there any more has only its own code.
            "name": names.get(one.code, one.code.rpartition(":")[2]) or _("in none of them"),
            "segment": one,
            "points": difference_text(one),
            "is_real": one.q_value is not None and one.q_value <= FALSE_ALARMS,
        }
        for one in sorted(
            result.segments, key=lambda one: (one.code == "", places.get(one.code, len(places)))
        )
    ]


def _by_choices() -> list[tuple[str, str]]:
    """What members can be told apart by."""
    schemes = [*layer_schemes(), *([AUDIENCE] if audience_choices() else [])]
    return [(scheme, _scheme_name(scheme)) for scheme in schemes]


def _scheme_name(scheme: str) -> str:
    own = {TIER: pgettext("funnel", "Tier"), AUDIENCE: pgettext("funnel", "Audiences")}
    return own.get(scheme) or scheme_name(scheme)


def _segment_names(by: str) -> dict[str, str]:
    if by in {AUDIENCE, TIER}:
        return audience_choices() if by == AUDIENCE else tier_choices()
    return layer_names(by) if by else {}


def window_text(body: FunnelBody) -> str:
    """The time allowed, in words."""
    return f"{body.window} {label_of('funnel_unit', body.unit)}"


def register() -> None:
    """Give operators, units, orders and the usual events their words."""
    register_labels(
        "funnel_operator",
        {
            "is": (pgettext_lazy("funnel", "is"), "grey"),
            "is_not": (pgettext_lazy("funnel", "is not"), "grey"),
            "contains": (pgettext_lazy("funnel", "contains"), "grey"),
            "at_least": (pgettext_lazy("funnel", "at least"), "grey"),
            "at_most": (pgettext_lazy("funnel", "at most"), "grey"),
        },
    )
    register_labels(
        "funnel_unit",
        {
            "minutes": (pgettext_lazy("funnel", "minutes"), "grey"),
            "hours": (pgettext_lazy("funnel", "hours"), "grey"),
            "days": (pgettext_lazy("funnel", "days"), "grey"),
        },
    )
    register_labels(
        "funnel_order",
        {
            "ordered": (pgettext_lazy("funnel", "in this order, other things may lie between"), "grey"),
            "strict": (pgettext_lazy("funnel", "in this order, no other step between"), "grey"),
            "any": (pgettext_lazy("funnel", "in any order"), "grey"),
        },
    )
    events = (
        ("Products Searched", pgettext_lazy("event", "Products searched")),
        ("Product List Viewed", pgettext_lazy("event", "Product list viewed")),
        ("Product Clicked", pgettext_lazy("event", "Product clicked")),
        ("Product Viewed", pgettext_lazy("event", "Product viewed")),
        ("Product Added", pgettext_lazy("event", "Product added to cart")),
        ("Product Removed", pgettext_lazy("event", "Product removed from cart")),
        ("Cart Viewed", pgettext_lazy("event", "Cart viewed")),
        ("Checkout Started", pgettext_lazy("event", "Checkout started")),
        ("Checkout Step Completed", pgettext_lazy("event", "Checkout step completed")),
        ("Payment Info Entered", pgettext_lazy("event", "Payment info entered")),
        ("Order Completed", pgettext_lazy("event", "Order completed")),
        ("Coupon Applied", pgettext_lazy("event", "Voucher applied")),
        ("Product Reviewed", pgettext_lazy("event", "Product reviewed")),
        ("Signed In", pgettext_lazy("event", "Signed in")),
        ("Signed Up", pgettext_lazy("event", "Signed up")),
    )
    register_labels("event_name", {code: (word, "grey") for code, word in events})
