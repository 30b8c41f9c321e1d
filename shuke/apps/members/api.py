"""Members by API.  Names are masked unless the token holds ``members.unmask``."""

from typing import Any, Literal

from django.http import HttpRequest
from ninja import Query, Router, Schema
from pydantic import Field

from shuke.apps.members.queries import member
from shuke.apps.members.queries.directory import Wanted, directory
from shuke.apps.members.queries.timeline import timeline
from shuke.apps.members.schemas import MemberRow, MemberView, TimelineEntry
from shuke.platform.audit.operations import record_audit
from shuke.platform.clock import now
from shuke.web.api import Page, Paging, paginate, permit
from shuke.web.panels import found_members
from shuke.web.parsing import Moment

router = Router(tags=["members"])


class MemberFilter(Paging):
    """Which members to list."""

    q: str = Field("", max_length=200, description="A member id, email, phone, card number or name word.")
    stage: str = Field("", max_length=20, description="Lifecycle stage.")
    segment: str = Field("", max_length=30, description="RFM segment.")
    sort: Literal["spend", "recent_spend", "orders", "last_order", "newest"] = "spend"


@router.get("/members", response=Page[MemberRow])
def members(request: HttpRequest, wanted: Query[MemberFilter]) -> dict[str, Any]:
    """Members with their key traits."""
    permit(request, "members.view")
    ids = found_members(wanted.q) if wanted.q.strip() else None
    rows, total = directory(
        wanted=Wanted(ids=ids, stage=wanted.stage, segment=wanted.segment, sort=wanted.sort),
        limit=wanted.limit,
        offset=wanted.offset,
    )
    return paginate(rows, total, wanted)


class TimelineFilter(Schema):
    """Which part of a timeline."""

    kind: Literal["", "order", "message", "refund", "consent", "event"] = ""
    before: Moment | None = Field(None, description="Entries before this moment.")
    limit: int = Field(30, ge=1, le=200)


@router.get("/members/{member_id}", response=MemberView)
def one_member(request: HttpRequest, member_id: str, unmask: bool = False) -> MemberView:
    """One member; ``unmask`` shows the name and is written into the audit."""
    actor = permit(request, "members.view")
    if unmask:
        actor.require("members.unmask")
        found = member(member_id, unmask=True)
        record_audit(actor=actor, at=now(), verb="member.unmasked", subject=("member", member_id), changes={})
        return found
    return member(member_id)


@router.get("/members/{member_id}/timeline", response=list[TimelineEntry])
def member_timeline(
    request: HttpRequest, member_id: str, wanted: Query[TimelineFilter]
) -> list[TimelineEntry]:
    """What happened, newest first; ``before`` continues a list."""
    permit(request, "members.view")
    member(member_id)
    return timeline(member_id=member_id, kind=wanted.kind, before=wanted.before, limit=wanted.limit)
