"""The tracking plan of a source: what is expected, and what broke it."""

from collections.abc import Sequence
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from pydantic import ValidationError

from shuke.apps.collector.forms import ExpectedEventForm, property_rules
from shuke.apps.collector.operations import expect_event, forget_expected_event
from shuke.apps.collector.pages import tabs_of
from shuke.apps.collector.pages.sources import business_today
from shuke.apps.collector.queries import expected_events, source, violations
from shuke.apps.collector.schemas import ExpectedEventView, PropertyRule, ViolationView
from shuke.platform.clock import now
from shuke.platform.errors import NotFound, Refused
from shuke.web.access import actor_of, requires
from shuke.web.labels import choices_of

DAYS = 14
FREE_ROWS = 4
SPARK_WIDTH, SPARK_HEIGHT = 84, 22


@require_safe
@requires("sources.view")
def show_plan(request: HttpRequest, source_id: str) -> HttpResponse:
    """Expected events, and the ways in which what came differs from them."""
    today = business_today()
    view = source(source_id, today=today)
    tabs = tabs_of(view)
    broken = violations(source_id, today=today, days=DAYS)
    context = {
        "source": view,
        "tabs": tabs,
        "current": tabs[2][0],
        "expected": expected_events(source_id),
        "violations": [(item, spark(item.trend), _trend(item)) for item in broken],
        "days": DAYS,
        "spark_size": f"0 0 {SPARK_WIDTH} {SPARK_HEIGHT}",
    }
    return render(request, "collector/plan.html", context)


def spark(values: Sequence[int]) -> str:
    """The points of a small line for ``<polyline>``; nothing at all lies on the ground."""
    top, step = max([*values, 1]), SPARK_WIDTH / max(len(values) - 1, 1)
    room = SPARK_HEIGHT - 2
    return " ".join(
        f"{place * step:.1f},{1 + room * (1 - value / top):.1f}" for place, value in enumerate(values)
    )


def _trend(item: ViolationView) -> str:
    """Newer half of the days against the older one, in a word."""
    middle = len(item.trend) // 2
    before, after = sum(item.trend[:middle]), sum(item.trend[middle:])
    if after == before:
        return "flat"
    return "more" if after > before else "fewer"


@requires("sources.edit")
@require_http_methods(["GET", "HEAD", "POST"])
def edit_event(request: HttpRequest, source_id: str) -> HttpResponse:
    """Say what an event holds; ``?name=`` opens one that is expected already or begins a new one."""
    view = source(source_id, today=business_today())
    tabs = tabs_of(view)
    known = {item.name: item for item in expected_events(source_id)}
    asked = known.get(request.GET.get("name", ""))
    form = ExpectedEventForm(request.POST or None, initial=_initial(request, asked))
    rules: list[PropertyRule] = list(asked.properties) if asked else []
    if request.method == "POST" and form.is_valid():
        try:
            rules = property_rules(request.POST)
            expect_event(
                actor=actor_of(request), at=now(), source_id=source_id, properties=rules, **form.cleaned_data
            )
        except ValidationError:
            form.add_error(None, _("A property has a name of up to 120 characters and one of the types."))
        except Refused as refusal:
            form.add_error("name" if "name" in refusal.details else None, str(refusal.message))
        else:
            messages.success(request, _("The plan is saved; the collector follows it within seconds."))
            return redirect("collector:plan", source_id=source_id)
    context: dict[str, Any] = {
        "source": view,
        "form": form,
        "tabs": tabs,
        "current": tabs[2][0],
        "rows": [*rules, *[None] * FREE_ROWS],
        "types": choices_of("property_type"),
        "is_known": asked is not None,
    }
    return render(request, "collector/plan_event.html", context, status=422 if form.errors else 200)


def _initial(request: HttpRequest, asked: ExpectedEventView | None) -> dict[str, str]:
    if asked is not None:
        return {"name": asked.name, "note": asked.note}
    return {"name": request.GET.get("name", "")[:120]}


@require_POST
@requires("sources.edit")
def forget_event(request: HttpRequest, source_id: str, expected_id: str) -> HttpResponse:
    """Take an event out of the plan."""
    try:
        forget_expected_event(actor=actor_of(request), at=now(), expected_id=expected_id)
    except NotFound:
        messages.error(request, _("The event is not in the plan any more."))
    else:
        messages.success(request, _("The event is out of the plan; events of it are still taken in."))
    return redirect("collector:plan", source_id=source_id)
