"""Insights over the API."""

from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from ninja import Query, Router, Schema

from shuke.apps.insights.operations import request_study
from shuke.apps.insights.queries import (
    latest_build,
    latest_study,
    overview,
    portrait,
    study_heads,
    traits_of,
)
from shuke.apps.insights.schemas import (
    MemberTraits,
    Overview,
    Portrait,
    StudyHead,
    StudyView,
    TraitsBuildView,
)
from shuke.platform.clock import business_date, now
from shuke.platform.errors import NotFound
from shuke.platform.retailer.queries import retailer
from shuke.web.api import permit

router = Router(tags=["insights"])


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


class Requested(Schema):
    """A question that is going to be answered."""

    kind: str


@router.post("/insights/studies/{kind}", response={202: Requested})
def request_answer(request: HttpRequest, kind: str) -> tuple[int, Requested]:
    """Have a question answered anew, in the background, as of the newest day with traits."""
    permit(request, "insights.edit")
    request_study(kind)
    return 202, Requested(kind=kind)
