"""Pages of imports: bring a file in, say what its columns are, look, take it in, see what came of it."""

from typing import Any, cast
from zoneinfo import available_timezones

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from shuke.apps.connections.forms import NEW, UploadForm, mapping_settings
from shuke.apps.connections.operations import (
    change_mapping,
    check_batch,
    create_account,
    delete_profile,
    discard_batch,
    ensure_account,
    hand_out_rejected,
    map_by_hand,
    request_import,
    save_profile,
    upload,
    use_profile,
)
from shuke.apps.connections.queries import (
    accounts,
    batch,
    batches_page,
    earlier_batch,
    preview,
    profiles,
    quality,
    rejected_page,
)
from shuke.apps.connections.schemas import BatchView, Preview, Quality
from shuke.platform.clock import now
from shuke.platform.errors import Refused
from shuke.sources.files.encoding import ENCODINGS
from shuke.sources.files.kinds import KINDS
from shuke.web.access import actor_of, requires
from shuke.web.labels import choices_of
from shuke.web.paging import Pager, page_number

PAGE_SIZE = 50


@requires("imports.view")
def show_imports(request: HttpRequest) -> HttpResponse:
    """Every import, newest first."""
    kind, state = request.GET.get("kind", ""), request.GET.get("state", "")
    page = page_number(request)
    found, total = batches_page(limit=PAGE_SIZE, offset=(page - 1) * PAGE_SIZE, kind=kind, state=state)
    context = {
        "imports": found,
        "pager": Pager(page=page, size=PAGE_SIZE, total=total),
        "kinds": choices_of("import_kind"),
        "states": choices_of("import_state"),
        "kind": kind,
        "state": state,
        "is_filtered": bool(kind or state),
    }
    return render(request, "connections/imports.html", context)


@requires("imports.edit")
def new_import(request: HttpRequest) -> HttpResponse:
    """Upload a file."""
    form = UploadForm(
        request.POST or None, request.FILES or None, initial={"kind": request.GET.get("kind", "")}
    )
    if request.method == "POST" and form.is_valid():
        try:
            view = _upload(request, form.cleaned_data)
        except Refused as refusal:
            form.add_error("file", str(refusal.message))
        else:
            return _after_upload(request, view)
    status = 422 if form.errors else 200
    return render(request, "connections/new.html", {"form": form, "NEW": NEW}, status=status)


def _after_upload(request: HttpRequest, view: BatchView) -> HttpResponse:
    """An export that was recognised needs no mapping: straight to its report."""
    if view.layout:
        try:
            check_batch(actor=actor_of(request), at=now(), batch_id=view.id)
        except Refused as refusal:
            messages.error(request, str(refusal.message))
        else:
            return redirect("connections:import", batch_id=view.id)
    return redirect("connections:mapping", batch_id=view.id)


def _upload(request: HttpRequest, values: dict[str, Any]) -> BatchView:
    actor = actor_of(request)
    account_id = values["account"]
    if account_id == NEW:
        account_id = ensure_account(
            actor=actor,
            at=now(),
            name=values["new_account"],
            sales_channel=values["sales_channel"] or "store",
        ).id
    file = values["file"]
    return upload(
        actor=actor,
        at=now(),
        account_id=account_id,
        kind=values["kind"],
        file_name=file.name,
        blocks=file.chunks(),
        details=(values["details"].name, values["details"].chunks()) if values["details"] else None,
    )


@requires("imports.view")
def show_import(request: HttpRequest, batch_id: str) -> HttpResponse:
    """One import: what was found, and what can be done next."""
    view = batch(batch_id)
    return render(request, "connections/import.html", {"batch": view, "earlier": earlier_batch(view)})


@requires("imports.view")
def show_progress(request: HttpRequest, batch_id: str) -> HttpResponse:
    """The part of the page that moves while an import runs; once it is over the page is loaded anew."""
    view = batch(batch_id)
    answer = render(request, "connections/progress.html", {"batch": view})
    if view.state != "running":
        answer["HX-Refresh"] = "true"
    return answer


@requires("imports.edit")
def edit_mapping(request: HttpRequest, batch_id: str) -> HttpResponse:
    """Say what each column is; a plain form with one menu per field."""
    error = ""
    if request.method == "POST":
        try:
            return _save_mapping(request, batch_id)
        except Refused as refusal:
            error = str(refusal.message)
    view = batch(batch_id)
    shown = preview(batch_id)
    context = {
        "batch": view,
        "preview": shown,
        "error": error,
        "saved": profiles(kind=view.kind),
        "zones": sorted(available_timezones()),
        "encodings": ENCODINGS,
        "separators": [(",", ","), (";", ";"), ("tab", _("Tab")), ("|", "|")],
        "free_headers": _free_headers(view, shown),
        "attributes": list(dict(view.settings.get("attributes") or {}).values()),
    }
    return render(request, "connections/mapping.html", context, status=422 if error else 200)


def _free_headers(view: BatchView, shown: Preview) -> list[str]:
    """Columns that no field uses, which members and products may keep as attributes."""
    if view.kind not in {"members", "products"}:
        return []
    used = {field.header for field in shown.fields}
    return [header for header in shown.headers if header and header not in used]


def _save_mapping(request: HttpRequest, batch_id: str) -> HttpResponse:
    actor = actor_of(request)
    view = batch(batch_id)
    if request.POST.get("by_hand"):
        map_by_hand(actor=actor, at=now(), batch_id=batch_id)
        return redirect("connections:mapping", batch_id=batch_id)
    settings = mapping_settings(request.POST, list(KINDS[view.kind].field_names)) | {"layout": view.layout}
    change_mapping(actor=actor, at=now(), batch_id=batch_id, settings=settings)
    name = request.POST.get("profile_name", "").strip()
    if name:
        save_profile(actor=actor, at=now(), batch_id=batch_id, name=name)
    check_batch(actor=actor, at=now(), batch_id=batch_id)
    return redirect("connections:import", batch_id=batch_id)


@require_POST
@requires("imports.edit")
def take_mapping(request: HttpRequest, batch_id: str) -> HttpResponse:
    """Read the file with a saved mapping."""
    try:
        use_profile(
            actor=actor_of(request), at=now(), batch_id=batch_id, profile_id=request.POST.get("profile", "")
        )
    except Refused as refusal:
        messages.error(request, str(refusal.message))
    return redirect("connections:mapping", batch_id=batch_id)


@require_POST
@requires("imports.edit")
def forget_mapping(request: HttpRequest, profile_id: str) -> HttpResponse:
    """Forget a saved mapping."""
    delete_profile(actor=actor_of(request), at=now(), profile_id=profile_id)
    messages.success(request, _("The mapping was forgotten."))
    return redirect("connections:accounts")


@require_POST
@requires("imports.edit")
def check(request: HttpRequest, batch_id: str) -> HttpResponse:
    """Look at the file without taking anything in."""
    try:
        check_batch(actor=actor_of(request), at=now(), batch_id=batch_id)
    except Refused as refusal:
        messages.error(request, str(refusal.message))
        return redirect("connections:mapping", batch_id=batch_id)
    return redirect("connections:import", batch_id=batch_id)


@require_POST
@requires("imports.edit")
def run(request: HttpRequest, batch_id: str) -> HttpResponse:
    """Take the file in."""
    try:
        request_import(actor=actor_of(request), at=now(), batch_id=batch_id)
    except Refused as refusal:
        messages.error(request, str(refusal.message))
    return redirect("connections:import", batch_id=batch_id)


@require_POST
@requires("imports.edit")
def discard(request: HttpRequest, batch_id: str) -> HttpResponse:
    """Throw a file away that was not taken in."""
    try:
        discard_batch(actor=actor_of(request), at=now(), batch_id=batch_id)
    except Refused as refusal:
        messages.error(request, str(refusal.message))
        return redirect("connections:import", batch_id=batch_id)
    messages.success(request, _("The file was deleted; nothing was taken in."))
    return redirect("connections:imports")


@requires("imports.view")
def show_rejected(request: HttpRequest, batch_id: str) -> HttpResponse:
    """Rows that were put aside."""
    page = page_number(request)
    rows, total = rejected_page(batch_id, limit=PAGE_SIZE, offset=(page - 1) * PAGE_SIZE)
    pager = Pager(page=page, size=PAGE_SIZE, total=total)
    return render(
        request, "connections/rejected.html", {"batch": batch(batch_id), "rows": rows, "pager": pager}
    )


@requires("imports.edit")
def download_rejected(request: HttpRequest, batch_id: str) -> HttpResponse:
    """The rows put aside as CSV, with what names people: only for those who may import, and the audit notes it."""
    view = batch(batch_id)
    rows = hand_out_rejected(actor=actor_of(request), at=now(), batch_id=batch_id)
    answer = HttpResponse(b"".join(rows), content_type="text/csv; charset=utf-8")
    answer["Cache-Control"] = "no-store"
    answer["Content-Disposition"] = f'attachment; filename="rejected-{view.id}.csv"'
    return answer


@requires("imports.view")
def show_quality(request: HttpRequest) -> HttpResponse:
    """Data quality over time."""
    view = quality(at=now())
    return render(request, "connections/quality.html", {"quality": view, "chart": _quality_chart(view)})


def _quality_chart(view: Quality) -> dict[str, Any]:
    return {
        "legend": {},
        "xAxis": {"type": "category", "data": [day.day.isoformat() for day in view.days]},
        "yAxis": {"type": "value"},
        "series": [
            {
                "type": "bar",
                "stack": "rows",
                "name": _("Rows taken"),
                "data": [day.total - day.rejected for day in view.days],
                "barMaxWidth": 36,
            },
            {
                "type": "bar",
                "stack": "rows",
                "name": _("Rows put aside"),
                "data": [day.rejected for day in view.days],
                "barMaxWidth": 36,
            },
        ],
    }


@requires("imports.view")
def show_accounts(request: HttpRequest) -> HttpResponse:
    """Channel accounts and saved mappings."""
    error = ""
    if request.method == "POST":
        actor = actor_of(request)
        actor.require("imports.edit")
        given = {name: request.POST.get(name, "").strip() for name in ("name", "time_zone", "currency")}
        channel = request.POST.get("sales_channel", "store")
        try:
            create_account(actor=actor, at=now(), sales_channel=channel, **cast("dict[str, Any]", given))
        except Refused as refusal:
            error = str(refusal.message)
        else:
            messages.success(request, _("The account was added."))
            return redirect("connections:accounts")
    context = {
        "accounts": accounts(),
        "saved": profiles(),
        "channels": choices_of("sales_channel"),
        "zones": sorted(available_timezones()),
        "error": error,
    }
    return render(request, "connections/accounts.html", context, status=422 if error else 200)
