"""Pages of connections: shops that are kept in step, their runs and what came of them."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from shuke.apps.connections.forms import NEW, ConnectionForm
from shuke.apps.connections.operations import (
    change_connection,
    check_connection,
    create_connection,
    delete_connection,
    ensure_account,
    pause_connection,
    request_sync,
    resume_connection,
)
from shuke.apps.connections.queries import (
    connection,
    connections,
    sync_rejected_page,
    sync_run,
    sync_runs_page,
    system_named,
    systems,
)
from shuke.platform.clock import now
from shuke.platform.errors import Refused
from shuke.web.access import actor_of, requires
from shuke.web.paging import Pager, page_number

PAGE_SIZE = 25


@requires("imports.view")
def show_connections(request: HttpRequest) -> HttpResponse:
    """Every connection with its last run."""
    return render(
        request, "connections/connections.html", {"connections": connections(), "systems": systems()}
    )


@requires("settings.edit")
def new_connection(request: HttpRequest, system: str) -> HttpResponse:
    """Connect a shop: its settings are tried before anything is kept."""
    view = system_named(system)
    form = ConnectionForm(request.POST or None, system=view)
    context: dict[str, Any] = {"form": form, "system": view, "tested": ""}
    if request.method == "POST" and form.is_valid():
        try:
            if "test" in request.POST:
                context["tested"] = _tested(form)
            else:
                return _create(request, form)
        except Refused as refusal:
            form.add_error(None, str(refusal.message))
    return render(request, "connections/connect.html", context, status=422 if form.errors else 200)


def _tested(form: ConnectionForm) -> str:
    return check_connection(
        at=now(),
        system=form.system.system,
        settings=form.given(is_secret=False),
        secrets=form.given(is_secret=True),
    )


def _create(request: HttpRequest, form: ConnectionForm) -> HttpResponse:
    """Try first: an account is not made for a shop that cannot be asked."""
    _tested(form)
    actor, values = actor_of(request), form.cleaned_data
    account_id = values["account"]
    if account_id == NEW:
        channel = values["sales_channel"] or "web"
        account_id = ensure_account(
            actor=actor, at=now(), name=values["new_account"], sales_channel=channel
        ).id
    view = create_connection(
        actor=actor,
        at=now(),
        account_id=account_id,
        system=form.system.system,
        settings=form.given(is_secret=False),
        secrets=form.given(is_secret=True),
        pace=form.pace(),
    )
    request_sync(actor=actor, at=now(), connection_id=view.id)
    messages.success(request, _("Connected. The first synchronisation has begun."))
    return redirect("connections:connection", connection_id=view.id)


@requires("settings.edit")
def edit_connection(request: HttpRequest, connection_id: str) -> HttpResponse:
    """Change settings; secrets that are left empty stay."""
    view = connection(connection_id)
    form = ConnectionForm(request.POST or None, system=system_named(view.system), view=view)
    if request.method == "POST" and form.is_valid():
        try:
            change_connection(
                actor=actor_of(request),
                at=now(),
                connection_id=connection_id,
                settings=form.given(is_secret=False),
                secrets=form.given(is_secret=True),
                pace=form.pace(),
            )
        except Refused as refusal:
            form.add_error(None, str(refusal.message))
        else:
            messages.success(request, _("The connection was changed."))
            return redirect("connections:connection", connection_id=connection_id)
    context = {"form": form, "system": form.system, "connection": view, "tested": ""}
    return render(request, "connections/connect.html", context, status=422 if form.errors else 200)


@requires("imports.view")
def show_connection(request: HttpRequest, connection_id: str) -> HttpResponse:
    """One connection: how far its streams are, and its runs."""
    page = page_number(request)
    runs, total = sync_runs_page(connection_id, limit=PAGE_SIZE, offset=(page - 1) * PAGE_SIZE)
    context = {
        "connection": connection(connection_id),
        "runs": runs,
        "pager": Pager(page=page, size=PAGE_SIZE, total=total),
    }
    return render(request, "connections/connection.html", context)


@require_POST
@requires("imports.edit")
def synchronise(request: HttpRequest, connection_id: str) -> HttpResponse:
    """Run it now; ``full`` from the beginning."""
    try:
        run = request_sync(
            actor=actor_of(request), at=now(), connection_id=connection_id, is_full="full" in request.POST
        )
    except Refused as refusal:
        messages.error(request, str(refusal.message))
        return redirect("connections:connection", connection_id=connection_id)
    return redirect("connections:run_of", run_id=run.id)


@require_POST
@requires("imports.edit")
def turn(request: HttpRequest, connection_id: str) -> HttpResponse:
    """Pause it or let it go on."""
    change = resume_connection if "resume" in request.POST else pause_connection
    change(actor=actor_of(request), at=now(), connection_id=connection_id)
    return redirect("connections:connection", connection_id=connection_id)


@require_POST
@requires("settings.edit")
def forget(request: HttpRequest, connection_id: str) -> HttpResponse:
    """Take the connection away; what it brought stays."""
    try:
        delete_connection(actor=actor_of(request), at=now(), connection_id=connection_id)
    except Refused as refusal:
        messages.error(request, str(refusal.message))
        return redirect("connections:connection", connection_id=connection_id)
    messages.success(request, _("The connection was deleted. What it brought stays."))
    return redirect("connections:connections")


@requires("imports.view")
def show_run(request: HttpRequest, run_id: str) -> HttpResponse:
    """One run: what each stream brought."""
    return render(request, "connections/run.html", {"run": sync_run(run_id)})


@requires("imports.view")
def show_run_progress(request: HttpRequest, run_id: str) -> HttpResponse:
    """The part of the page that moves while a run works; at its end the page is loaded anew."""
    view = sync_run(run_id)
    answer = render(request, "connections/run_parts.html", {"run": view})
    if not view.is_open:
        answer["HX-Refresh"] = "true"
    return answer


@requires("imports.view")
def show_run_rejected(request: HttpRequest, run_id: str) -> HttpResponse:
    """Rows of a run that were put aside."""
    page = page_number(request)
    rows, total = sync_rejected_page(run_id, limit=PAGE_SIZE, offset=(page - 1) * PAGE_SIZE)
    pager = Pager(page=page, size=PAGE_SIZE, total=total)
    return render(
        request, "connections/run_rejected.html", {"run": sync_run(run_id), "rows": rows, "pager": pager}
    )
