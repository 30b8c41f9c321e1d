"""Members by API.  Names are masked unless the token holds ``members.unmask``."""

from typing import Any, Literal

from django.http import HttpRequest
from ninja import Query, Router, Schema
from pydantic import Field

from shuke.apps.members.queries import member, survivor_of
from shuke.apps.members.queries.directory import Wanted, directory
from shuke.apps.members.queries.timeline import Cut, timeline
from shuke.apps.members.schemas import MemberRow, MemberView, TimelineEntry
from shuke.platform.audit.operations import record_audit
from shuke.platform.clock import business_date, now
from shuke.platform.retailer.queries import retailer
from shuke.web.api import Page, Paging, paginate, permit
from shuke.web.panels import found_members
from shuke.web.parsing import Moment

router = Router(tags=["members"])


class MemberFilter(Paging):
    """Which members to list."""

    q: str = Field("", max_length=200, description="A member id, email, phone, card number or name word.")
    stage: str = Field("", max_length=20, description="Lifecycle stage.")
    segment: str = Field("", max_length=30, description="RFM segment.")
    channel: str = Field("", max_length=40, description="Sales channel of most orders.")
    bought: Literal["", "30", "90", "365", "not90", "not180", "not365"] = Field(
        "", description="Bought within so many days, or not."
    )
    sort: Literal["spend", "recent_spend", "orders", "last_order", "newest"] = "spend"


@router.get("/members", response=Page[MemberRow])
def members(request: HttpRequest, wanted: Query[MemberFilter]) -> dict[str, Any]:
    """Members with their key traits."""
    permit(request, "members.view")
    ids = found_members(wanted.q) if wanted.q.strip() else None
    rows, total = directory(
        wanted=Wanted(
            ids=ids,
            today=business_date(now(), retailer().time_zone),
            **wanted.dict(include={"stage", "segment", "channel", "bought", "sort"}),
        ),
        limit=wanted.limit,
        offset=wanted.offset,
    )
    return paginate(rows, total, wanted)


class TimelineFilter(Schema):
    """Which part of a timeline."""

    kind: Literal["", "order", "message", "refund", "consent", "event", "voucher", "exposure", "identity"] = (
        ""
    )
    channel: str = Field("", max_length=40, description="A sales or message channel.")
    until: Moment | None = Field(None, description="Entries up to this moment, included.")
    skip: int = Field(0, ge=0, le=10_000, description="How many entries of that very moment to leave out.")
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
    """What happened, newest first.

    To go on, take the ``at`` of the last entry as ``until``, and as ``skip`` how many entries of that moment
    you have.  Of a merged member it is the timeline of who speaks for it.
    """
    permit(request, "members.view")
    cut = Cut(**wanted.dict())
    return timeline(member_id=survivor_of(member_id), cut=cut)
