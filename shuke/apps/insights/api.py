"""Insights over the API."""

from typing import Annotated

from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from ninja import Path, Query, Router, Schema

from shuke.apps.insights.forms.rfm_rules import scheme_of_body
from shuke.apps.insights.operations import delete_funnel, request_study, save_funnel, save_rfm_scheme
from shuke.apps.insights.queries import (
    latest_build,
    latest_study,
    overview,
    portrait,
    study_heads,
    traits_of,
)
from shuke.apps.insights.queries.funnels import (
    counted_at_once,
    event_names,
    funnel_view,
    funnels,
    yesterday,
)
from shuke.apps.insights.queries.rfm import rfm_preview, rfm_scheme, rfm_versions, rfm_view
from shuke.apps.insights.schemas import (
    EventName,
    FunnelBody,
    FunnelResult,
    FunnelSave,
    FunnelView,
    MemberTraits,
    Overview,
    Portrait,
    RfmPreview,
    RfmSchemeBody,
    RfmSchemeChange,
    RfmSchemeView,
    StudyHead,
    StudyView,
    TraitsBuildView,
)
from shuke.platform.clock import business_date, now
from shuke.platform.errors import NotFound
from shuke.platform.retailer.queries import retailer
from shuke.web.api import permit

router = Router(tags=["insights"])
FunnelId = Annotated[int, Path(ge=1, le=2**31 - 1)]


@router.get("/insights/overview", response=Overview)
def get_overview(request: HttpRequest, days: int = Query(28, ge=1, le=366)) -> Overview:
    """Key figures of the last ``days`` whole days against as many before."""
    permit(request, "overview.view")
    return overview(today=business_date(now(), retailer().time_zone), days=days)


@router.get("/insights/portrait", response=Portrait)
def get_portrait(request: HttpRequest) -> Portrait:
    """Segments, lifecycle and habits of all members as of the newest build."""
    permit(request, "insights.view")
    found = portrait()
    if found is None:
        raise NotFound("traits_missing", _("Traits have not been built yet."))
    return found


@router.get("/insights/traits-build", response=TraitsBuildView)
def get_traits_build(request: HttpRequest) -> TraitsBuildView:
    """The newest build of traits and the borders of its scores."""
    permit(request, "insights.view")
    found = latest_build()
    if found is None:
        raise NotFound("traits_missing", _("Traits have not been built yet."))
    return found


@router.get("/members/{member_id}/traits", response=MemberTraits)
def get_member_traits(request: HttpRequest, member_id: str) -> MemberTraits:
    """The newest traits of one member."""
    permit(request, "members.view")
    found = traits_of(member_id)
    if found is None:
        raise NotFound("traits_not_found", _("There are no traits of such a member."))
    return found


@router.get("/insights/studies", response=list[StudyHead])
def get_studies(request: HttpRequest) -> list[StudyHead]:
    """When each question about all members was answered last."""
    permit(request, "insights.view")
    return study_heads()


@router.get("/insights/studies/{kind}", response=StudyView)
def get_study(request: HttpRequest, kind: str) -> StudyView:
    """The newest answer to a question about all members."""
    permit(request, "insights.view")
    found = latest_study(kind)
    if found is None:
        raise NotFound("study_missing", _("This question has not been answered yet."))
    return found


@router.get("/insights/rfm", response=RfmSchemeView)
def get_rfm(request: HttpRequest) -> RfmSchemeView:
    """The borders of the scores, and the rules and names of the segments, that the next build scores by."""
    permit(request, "insights.view")
    return rfm_view(rfm_scheme())


@router.get("/insights/rfm/versions", response=list[RfmSchemeView])
def get_rfm_versions(request: HttpRequest, limit: int = Query(20, ge=1, le=100)) -> list[RfmSchemeView]:
    """The schemes that were saved, newest first."""
    permit(request, "insights.view")
    return [rfm_view(version) for version in rfm_versions(limit=limit)]


@router.post("/insights/rfm/preview", response=RfmPreview)
def preview_rfm(request: HttpRequest, body: RfmSchemeBody) -> RfmPreview:
    """What a scheme would make of today's members: sizes, moves, and rules that can never decide.  Saves nothing."""
    permit(request, "insights.view")
    return rfm_preview(scheme_of_body(body))


@router.put("/insights/rfm", response=RfmSchemeView)
def put_rfm(request: HttpRequest, body: RfmSchemeChange) -> RfmSchemeView:
    """Score by another scheme from the next build on, which is made at once; earlier builds keep their own."""
    actor = permit(request, "insights.edit")
    saved = save_rfm_scheme(actor=actor, at=now(), scheme=scheme_of_body(body.scheme), version=body.version)
    return rfm_view(saved)


@router.get("/insights/events", response=list[EventName])
def get_events(request: HttpRequest) -> list[EventName]:
    """The events that were collected in the last 90 days: what steps of funnels are chosen from."""
    permit(request, "insights.view")
    return event_names(today=yesterday(now()))


@router.get("/insights/funnels", response=list[FunnelView])
def get_funnels(request: HttpRequest) -> list[FunnelView]:
    """The funnels that were saved, with their newest counts."""
    permit(request, "insights.view")
    return funnels()


@router.post("/insights/funnels/count", response=FunnelResult)
def count_steps(request: HttpRequest, body: FunnelBody) -> FunnelResult:
    """Count a funnel as of yesterday.  Keeps nothing.  Refuses 2 million events and more: keep it, then it is a job."""
    permit(request, "insights.view")
    return counted_at_once(body, as_of=yesterday(now()))


@router.post("/insights/funnels", response={201: FunnelView})
def create_funnel(request: HttpRequest, body: FunnelSave) -> tuple[int, FunnelView]:
    """Keep a funnel; it is counted now and every night."""
    actor = permit(request, "insights.edit")
    return 201, save_funnel(actor=actor, at=now(), saved=body)


@router.get("/insights/funnels/{funnel_id}", response=FunnelView)
def get_funnel(request: HttpRequest, funnel_id: FunnelId) -> FunnelView:
    """A funnel that was saved, with its newest count.

    How far each member came lies in ``member_layers``, scheme ``funnel:`` and the id, layers ``left_1`` … ``open``,
    ``done``: audiences ask for it by their condition ``layer``.
    """
    permit(request, "insights.view")
    return funnel_view(funnel_id)


@router.put("/insights/funnels/{funnel_id}", response=FunnelView)
def change_funnel(request: HttpRequest, funnel_id: FunnelId, body: FunnelSave) -> FunnelView:
    """Change a funnel; it is counted anew."""
    actor = permit(request, "insights.edit")
    return save_funnel(actor=actor, at=now(), saved=body, funnel_id=funnel_id)


@router.delete("/insights/funnels/{funnel_id}", response={204: None})
def remove_funnel(request: HttpRequest, funnel_id: FunnelId) -> tuple[int, None]:
    """Let a funnel go."""
    actor = permit(request, "insights.edit")
    delete_funnel(actor=actor, at=now(), funnel_id=funnel_id)
    return 204, None


class Requested(Schema):
    """A question that is going to be answered."""

    kind: str


@router.post("/insights/studies/{kind}", response={202: Requested})
def request_answer(request: HttpRequest, kind: str) -> tuple[int, Requested]:
    """Have a question answered anew, in the background, as of the newest day with traits."""
    permit(request, "insights.edit")
    request_study(kind)
    return 202, Requested(kind=kind)
