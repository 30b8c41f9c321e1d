"""Imports over the API."""

import json
from typing import Any

from django.http import HttpRequest, StreamingHttpResponse
from django.utils.translation import gettext_lazy as _
from ninja import File, Form, Query, Router, Schema, Status
from ninja.files import UploadedFile
from pydantic import Field

from shuke.apps.connections.operations import (
    change_mapping,
    check_batch,
    create_account,
    hand_out_rejected,
    request_import,
    upload,
    use_profile,
)
from shuke.apps.connections.queries import (
    accounts,
    batch,
    batches_page,
    profiles,
    rejected_page,
)
from shuke.apps.connections.schemas import AccountView, BatchView, ProfileView, RejectedRow
from shuke.platform.clock import now
from shuke.platform.errors import Invalid
from shuke.web.api import Page, Paging, paginate, permit

router = Router(tags=["imports"])


class NewAccount(Schema):
    """A channel account; time zone and currency default to the retailer's."""

    name: str = Field(max_length=80)
    sales_channel: str = Field("store", max_length=40)
    time_zone: str = Field("", max_length=60)
    currency: str = Field("", max_length=3)
    region: str = Field("CN", max_length=2)


class NewImport(Schema):
    """How a file is to be read: ``settings`` is a mapping as JSON, ``profile`` the name or id of a saved one.

    Without ``kind`` the headers tell it; without ``account`` the platform whose export it is.
    """

    account: str = Field("", max_length=80)
    kind: str = Field("", max_length=40)
    profile: str = Field("", max_length=80)
    settings: str = Field("", max_length=100_000)
    run: bool = False


@router.get("/accounts", response=list[AccountView])
def list_accounts(request: HttpRequest) -> list[AccountView]:
    """Every channel account."""
    permit(request, "imports.view")
    return accounts()


@router.post("/accounts", response={201: AccountView})
def add_account(request: HttpRequest, body: NewAccount) -> Status[AccountView]:
    """Add a channel account."""
    actor = permit(request, "imports.edit")
    return Status(201, create_account(actor=actor, at=now(), **body.model_dump()))


@router.get("/mappings", response=list[ProfileView])
def list_mappings(request: HttpRequest, kind: str = "") -> list[ProfileView]:
    """Saved mappings."""
    permit(request, "imports.view")
    return profiles(kind=kind)


@router.post("/imports", response={201: BatchView})
def add_import(
    request: HttpRequest,
    form: Form[NewImport],
    file: File[UploadedFile],
    details: File[UploadedFile | None] = None,
) -> Status[BatchView]:
    """Upload a file (multipart).  With ``run`` it is taken in at once; else check it, then start it.

    ``details`` is the second file of an export in two files (Taobao's orders and their details).
    """
    actor = permit(request, "imports.edit")
    view = upload(
        actor=actor,
        at=now(),
        account_id=form.account,
        kind=form.kind,
        file_name=file.name or "file",
        blocks=file.chunks(),
        settings=_settings(form.settings),
        details=(details.name or "file", details.chunks()) if details else None,
    )
    if form.profile:
        view = use_profile(actor=actor, at=now(), batch_id=view.id, profile_id=form.profile)
    if form.run:
        view = request_import(actor=actor, at=now(), batch_id=view.id)
    return Status(201, view)


@router.get("/imports", response=Page[BatchView])
def list_imports(
    request: HttpRequest, paging: Query[Paging], kind: str = "", state: str = ""
) -> dict[str, Any]:
    """Imports newest first."""
    permit(request, "imports.view")
    items, total = batches_page(limit=paging.limit, offset=paging.offset, kind=kind, state=state)
    return paginate(items, total, paging)


@router.get("/imports/{import_id}", response=BatchView)
def read_import(request: HttpRequest, import_id: str) -> BatchView:
    """One import with its progress and report."""
    permit(request, "imports.view")
    return batch(import_id)


@router.put("/imports/{import_id}/mapping", response=BatchView)
def map_import(request: HttpRequest, import_id: str, settings: dict[str, Any]) -> BatchView:
    """Set how the file is read: columns (field → header), time_zone, amount_unit, fills …"""
    actor = permit(request, "imports.edit")
    return change_mapping(actor=actor, at=now(), batch_id=import_id, settings=settings)


@router.post("/imports/{import_id}/check", response=BatchView)
def check_import(request: HttpRequest, import_id: str) -> BatchView:
    """Check the file without taking anything in."""
    actor = permit(request, "imports.edit")
    return check_batch(actor=actor, at=now(), batch_id=import_id)


@router.post("/imports/{import_id}/run", response={202: BatchView})
def run_import(request: HttpRequest, import_id: str) -> Status[BatchView]:
    """Take the file in as a job; read the import for its progress."""
    actor = permit(request, "imports.edit")
    return Status(202, request_import(actor=actor, at=now(), batch_id=import_id))


@router.get("/imports/{import_id}/rejected", response=Page[RejectedRow])
def list_rejected(request: HttpRequest, import_id: str, paging: Query[Paging]) -> dict[str, Any]:
    """Rows that were put aside, with the reasons."""
    permit(request, "imports.view")
    items, total = rejected_page(import_id, limit=paging.limit, offset=paging.offset)
    return paginate(items, total, paging)


@router.get("/imports/{import_id}/rejected.csv", include_in_schema=False)
def download_rejected(request: HttpRequest, import_id: str) -> StreamingHttpResponse:
    """The rows put aside as CSV, to be mended and imported again."""
    actor = permit(request, "imports.edit")
    rows = hand_out_rejected(actor=actor, at=now(), batch_id=import_id)
    return StreamingHttpResponse(rows, content_type="text/csv; charset=utf-8")


def _settings(text: str) -> dict[str, Any]:
    if not text:
        return {}
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise Invalid("invalid_mapping", _("The settings are not JSON.")) from error
    if not isinstance(value, dict):
        raise Invalid("invalid_mapping", _("The settings must be a JSON object."))
    return value
