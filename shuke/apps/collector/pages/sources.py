"""Pages of sources: the list, one source with its keys and its code to copy, its settings."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from shuke.apps.collector.forms import NEW, SourceForm, SourceSettingsForm
from shuke.apps.collector.operations import (
    change_source,
    create_source,
    create_write_key,
    remove_source,
    revoke_write_key,
)
from shuke.apps.collector.pages import collector_url, tabs_of
from shuke.apps.collector.pages.installing import guides
from shuke.apps.collector.queries import source, source_days, sources, write_keys
from shuke.apps.collector.schemas import NewWriteKey, SourceDayView
from shuke.apps.connections.operations import ensure_account
from shuke.platform.clock import business_date, now
from shuke.platform.errors import NotFound, Refused
from shuke.platform.retailer.queries import retailer
from shuke.web.access import actor_of, requires
from shuke.web.forms import StyledForm
from shuke.web.labels import choices_of

#: Role of a new source's first key, and sales channel of an account made for it.
FIRST_ROLE = {"server": "server", "web": "web", "mobile": "web"}
SALES_CHANNEL = {"server": "store", "web": "web", "mobile": "app"}
CHART_DAYS = 14


def business_today() -> Any:
    """The retailer's date."""
    return business_date(now(), retailer().time_zone)


@require_safe
@requires("sources.view")
def show_sources(request: HttpRequest) -> HttpResponse:
    """Every source and how it fares."""
    return render(request, "collector/sources.html", {"sources": sources(today=business_today())})


@never_cache
@requires("sources.edit")
@require_http_methods(["GET", "HEAD", "POST"])
def new_source(request: HttpRequest) -> HttpResponse:
    """Add a source with its first key, which is shown at once and never again."""
    form = SourceForm(request.POST or None, initial={"kind": "web"})
    if request.method == "POST" and form.is_valid():
        try:
            source_id = _created(request, form.cleaned_data)
        except Refused as refusal:
            _refuse(form, refusal)
        else:
            role = FIRST_ROLE[form.cleaned_data["kind"]]
            issued = create_write_key(actor=actor_of(request), at=now(), source_id=source_id, role=role)
            return _source_page(request, source_id, issued=issued)
    return render(request, "collector/new.html", {"form": form}, status=422 if form.errors else 200)


def _created(request: HttpRequest, values: dict[str, Any]) -> str:
    actor, at = actor_of(request), now()
    account_id = values["account"]
    if account_id == NEW:
        channel = SALES_CHANNEL[values["kind"]]
        account_id = ensure_account(actor=actor, at=at, name=values["name"], sales_channel=channel).id
    return create_source(
        actor=actor,
        at=at,
        account_id=account_id,
        name=values["name"],
        kind=values["kind"],
        events_per_second=values["events_per_second"],
    )


def _refuse(form: StyledForm, refusal: Refused) -> None:
    """Put a refusal on the field it names, else on top of the form."""
    named = [name for name in refusal.details if name in form.fields]
    form.add_error(named[0] if named else None, str(refusal.message))


@require_safe
@requires("sources.view")
def show_source(request: HttpRequest, source_id: str) -> HttpResponse:
    """One source: what came, its keys, and how to connect a sender."""
    return _source_page(request, source_id)


def _source_page(request: HttpRequest, source_id: str, *, issued: NewWriteKey | None = None) -> HttpResponse:
    today = business_today()
    view = source(source_id, today=today)
    days = source_days(source_id, today=today, days=CHART_DAYS)
    context = {
        "source": view,
        "tabs": tabs_of(view),
        "current": tabs_of(view)[0][0],
        "keys": write_keys(source_id),
        "roles": choices_of("key_role"),
        "issued": issued,
        "chart": _days_chart(days) if view.last_at else None,
        "guides": guides(kind=view.kind, url=collector_url(request), key=issued.key if issued else ""),
        "collector_url": collector_url(request),
    }
    return render(request, "collector/source.html", context)


def _days_chart(days: list[SourceDayView]) -> dict[str, Any]:
    series = [
        (_("Taken in"), [day.accepted for day in days]),
        (_("Sent twice"), [day.duplicates for day in days]),
        (_("Put aside"), [day.rejected for day in days]),
    ]
    return {
        "legend": {},
        "xAxis": {"type": "category", "data": [day.day.isoformat() for day in days]},
        "yAxis": {"type": "value"},
        "series": [
            {"type": "bar", "stack": "events", "name": name, "data": values, "barMaxWidth": 36}
            for name, values in series
        ],
    }


@never_cache
@require_POST
@requires("sources.edit")
def add_key(request: HttpRequest, source_id: str) -> HttpResponse:
    """Make a further key; the answer is the only place where it stands."""
    role = request.POST.get("role", "")
    try:
        issued = create_write_key(actor=actor_of(request), at=now(), source_id=source_id, role=role)
    except NotFound:
        raise
    except Refused as refusal:
        messages.error(request, str(refusal.message))
        return redirect("collector:source", source_id=source_id)
    return _source_page(request, source_id, issued=issued)


@require_POST
@requires("sources.edit")
def revoke_key(request: HttpRequest, source_id: str, key_id: str) -> HttpResponse:
    """Refuse a key from now on."""
    revoke_write_key(actor=actor_of(request), at=now(), key_id=key_id)
    messages.success(request, _("The key is revoked; the collector refuses it within seconds."))
    return redirect("collector:source", source_id=source_id)


@requires("sources.view")
@require_http_methods(["GET", "HEAD", "POST"])
def edit_source(request: HttpRequest, source_id: str) -> HttpResponse:
    """Name, limit, and whether it takes events at all."""
    view = source(source_id, today=business_today())
    form = SourceSettingsForm(request.POST or None, initial=view.model_dump())
    if request.method == "POST":
        actor = actor_of(request)
        actor.require("sources.edit")
        if form.is_valid():
            try:
                change_source(actor=actor, at=now(), source_id=source_id, **form.cleaned_data)
            except Refused as refusal:
                _refuse(form, refusal)
            else:
                messages.success(request, _("The source is saved."))
                return redirect("collector:settings", source_id=source_id)
    tabs = tabs_of(view)
    context = {"source": view, "form": form, "tabs": tabs, "current": tabs[3][0]}
    return render(request, "collector/settings.html", context, status=422 if form.errors else 200)


@require_POST
@requires("sources.edit")
def delete_source(request: HttpRequest, source_id: str) -> HttpResponse:
    """Delete a source that never received anything."""
    try:
        remove_source(actor=actor_of(request), at=now(), source_id=source_id)
    except NotFound:
        raise
    except Refused as refusal:
        messages.error(request, str(refusal.message))
        return redirect("collector:settings", source_id=source_id)
    messages.success(request, _("The source is deleted."))
    return redirect("collector:sources")
