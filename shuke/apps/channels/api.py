"""Messages over the API."""

from typing import Annotated, Any

from django.http import HttpRequest
from ninja import Query, Router, Schema

from shuke.apps.channels import operations, queries
from shuke.apps.channels.schemas import MessageContent, MessageView
from shuke.platform.clock import now
from shuke.web.api import Page, Paging, paginate, permit

router = Router(tags=["messages"])


class MessageFilter(Schema):
    """Which messages to list."""

    campaign_id: str = ""
    state: str = ""
    channel: str = ""
    member_id: str = ""


class Resolution(Schema):
    """What became of an uncertain message: sent, queued (send it again) or failed (leave it)."""

    decision: str


class DeliveryReport(Schema):
    """A delivery report (RFC 3464) as the mail server sent it, whole."""

    raw: str


class ReportAnswer(Schema):
    """The message the report was about, or nothing for other mail."""

    message_id: str | None


@router.get("/messages", response=Page[MessageView], summary="List messages")
def list_messages(
    request: HttpRequest, paging: Annotated[Paging, Query()], wanted: Annotated[MessageFilter, Query()]
) -> dict[str, Any]:
    """Messages, newest first."""
    permit(request, "messages.view")
    filters = {"campaign_id": wanted.campaign_id, "state": wanted.state, "channel": wanted.channel}
    rows, total = queries.messages_page(
        limit=paging.limit, offset=paging.offset, filters=filters, member_id=wanted.member_id
    )
    return paginate(rows, total, paging)


@router.get("/messages/{message_id}", response=MessageView, summary="One message")
def get_message(request: HttpRequest, message_id: str) -> MessageView:
    """The state of a message."""
    permit(request, "messages.view")
    return queries.message(message_id)


@router.get("/messages/{message_id}/content", response=MessageContent, summary="A message as it was sent")
def get_content(request: HttpRequest, message_id: str, unmask: bool = False) -> MessageContent:
    """Names are masked; ``unmask`` shows them to who may, and is written into the audit."""
    actor = permit(request, "messages.view")
    if unmask:
        return operations.unmask_message(actor=actor, at=now(), message_id=message_id)
    return queries.message_content(message_id, unmask=False)


@router.post("/messages/{message_id}/resolve", response=MessageView, summary="Resolve an uncertain message")
def resolve(request: HttpRequest, message_id: str, resolution: Resolution) -> MessageView:
    """Say what became of it."""
    actor = permit(request, "campaigns.send")
    return operations.resolve_uncertain(actor=actor, at=now(), message_id=message_id, as_=resolution.decision)


@router.post("/delivery-reports", response=ReportAnswer, summary="Take a delivery report")
def take_report(request: HttpRequest, report: DeliveryReport) -> ReportAnswer:
    """A bounce, as the mailbox of the sender address gets it; hard ones suppress the address."""
    permit(request, "campaigns.send")
    raw = report.raw.encode("utf-8", "surrogateescape")
    return ReportAnswer(message_id=operations.record_delivery_report(at=now(), raw=raw))
