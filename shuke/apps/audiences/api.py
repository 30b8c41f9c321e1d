"""The API of audiences."""

from typing import Any

from django.http import HttpRequest
from ninja import Query, Router, Schema

from shuke.apps.audiences import operations, queries
from shuke.apps.audiences.schemas import (
    AudienceInput,
    AudienceMember,
    AudienceRow,
    AudienceView,
    Catalogue,
    Choice,
    Draft,
    DraftView,
    MemberIds,
    Profile,
    SizePoint,
    TemplateView,
    VersionView,
)
from shuke.platform.clock import now
from shuke.web.api import Page, Paging, Problem, paginate, permit

router = Router(tags=["audiences"])
FAILURES = {frozenset({401, 403, 404, 409, 422, 429}): Problem}


class AudienceFilter(Schema):
    """Which audiences a list holds."""

    status: str = "active"
    text: str = ""


@router.get("", response={200: Page[AudienceRow], **FAILURES})
def list_audiences(request: HttpRequest, paging: Query[Paging], wanted: Query[AudienceFilter]) -> Any:
    """Audiences with their last sizes, the last changed first."""
    permit(request, "audiences.view")
    items, total = queries.audiences_page(
        as_of=queries.business_today(now()),
        limit=paging.limit,
        offset=paging.offset,
        status=wanted.status,
        text=wanted.text.replace("\x00", ""),
    )
    return paginate(items, total, paging)


@router.post("", response={201: AudienceView, **FAILURES})
def create_audience(request: HttpRequest, body: AudienceInput) -> Any:
    """Save a new audience and count it."""
    actor, at = permit(request, "audiences.edit"), now()
    today = queries.business_today(at)
    audience_id = operations.create_audience(
        actor=actor, at=at, as_of=today, name=body.name, conditions=body.conditions, note=body.note
    )
    return 201, queries.audience(audience_id, as_of=today)


@router.get("/fields", response={200: Catalogue, **FAILURES})
def fields(request: HttpRequest) -> Any:
    """Fields, operators, known values and labels in the language of the request."""
    permit(request, "audiences.view")
    return queries.catalogue(as_of=queries.business_today(now()))


@router.get("/templates", response={200: list[TemplateView], **FAILURES})
def templates(request: HttpRequest) -> Any:
    """Ready-made audiences to start from."""
    permit(request, "audiences.view")
    return queries.templates()


@router.get("/values/{kind}", response={200: list[Choice], **FAILURES})
def values(request: HttpRequest, kind: str, text: str = "") -> Any:
    """Up to 20 known values that hold the text: product, department, category, brand, store …"""
    permit(request, "audiences.view")
    return queries.known_values(kind=kind, text=text, as_of=queries.business_today(now()))


@router.post("/evaluate", response={200: DraftView, **FAILURES})
def evaluate(request: HttpRequest, body: Draft) -> Any:
    """Size, first members and description of a tree that is not saved."""
    permit(request, "audiences.view")
    today = queries.business_today(now())
    return queries.draft(body.conditions, as_of=today, audience_id=body.audience_id)


@router.get("/{audience_id}", response={200: AudienceView, **FAILURES})
def read_audience(request: HttpRequest, audience_id: str, version: int | None = None) -> Any:
    """An audience at its newest or another version."""
    permit(request, "audiences.view")
    return queries.audience(audience_id, as_of=queries.business_today(now()), version=version)


@router.put("/{audience_id}", response={200: AudienceView, **FAILURES})
def change_audience(request: HttpRequest, audience_id: str, body: AudienceInput) -> Any:
    """Save an audience anew: a new version where the conditions differ."""
    actor, at = permit(request, "audiences.edit"), now()
    today = queries.business_today(at)
    operations.change_audience(
        actor=actor, at=at, as_of=today, audience_id=audience_id, name=body.name,
        conditions=body.conditions, note=body.note, version=body.version,
    )  # fmt: skip
    return queries.audience(audience_id, as_of=today)


@router.delete("/{audience_id}", response={204: None, **FAILURES})
def archive_audience(request: HttpRequest, audience_id: str) -> Any:
    """Archive an audience; its versions stay."""
    actor = permit(request, "audiences.edit")
    operations.archive_audience(actor=actor, at=now(), audience_id=audience_id)
    return 204, None


@router.post("/{audience_id}/duplicate", response={201: AudienceView, **FAILURES})
def duplicate_audience(request: HttpRequest, audience_id: str) -> Any:
    """A copy under a free name."""
    actor, at = permit(request, "audiences.edit"), now()
    today = queries.business_today(at)
    copy = operations.duplicate_audience(actor=actor, at=at, as_of=today, audience_id=audience_id)
    return 201, queries.audience(copy, as_of=today)


@router.post("/{audience_id}/evaluate", response={200: SizePoint, **FAILURES})
def evaluate_audience(request: HttpRequest, audience_id: str) -> Any:
    """Count a saved audience now and keep the size."""
    permit(request, "audiences.edit")
    at = now()
    return operations.evaluate_audience(at=at, as_of=queries.business_today(at), audience_id=audience_id)


@router.get("/{audience_id}/versions", response={200: list[VersionView], **FAILURES})
def versions(request: HttpRequest, audience_id: str) -> Any:
    """All versions, the newest first."""
    permit(request, "audiences.view")
    return queries.versions(audience_id)


@router.get("/{audience_id}/profile", response={200: Profile, **FAILURES})
def profile(request: HttpRequest, audience_id: str, version: int | None = None) -> Any:
    """Size, revenue and lifecycle mix against all members."""
    permit(request, "audiences.view")
    return queries.audience_profile(audience_id, as_of=queries.business_today(now()), version=version)


@router.get("/{audience_id}/members", response={200: Page[AudienceMember], **FAILURES})
def members(request: HttpRequest, audience_id: str, paging: Query[Paging]) -> Any:
    """Members by what they spent, most first."""
    permit(request, "audiences.view")
    items, total = queries.audience_members(
        audience_id, as_of=queries.business_today(now()), limit=paging.limit, offset=paging.offset
    )
    return paginate(items, total, paging)


@router.get("/{audience_id}/member-ids", response={200: MemberIds, **FAILURES})
def member_ids(
    request: HttpRequest, audience_id: str, paging: Query[Paging], version: int | None = None
) -> Any:
    """Member ids in ascending order, with the lake versions they come from."""
    permit(request, "audiences.view")
    return queries.member_ids_page(
        audience_id,
        as_of=queries.business_today(now()),
        version=version,
        limit=paging.limit,
        offset=paging.offset,
    )
