"""One campaign: its checklist, approval, sending and progress."""

from collections.abc import Callable
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.contrib import messages as notices
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.html import escape
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from shuke.apps.campaigns import operations, queries
from shuke.apps.campaigns.schemas import CampaignView
from shuke.apps.channels.queries import suppressed_reasons
from shuke.platform.clock import business_date, now
from shuke.platform.errors import Invalid, NotFound, Refused
from shuke.platform.permissions import Actor
from shuke.platform.retailer.queries import retailer
from shuke.web.access import actor_of, requires
from shuke.web.frames import framed_document


@requires("campaigns.view")
def detail(request: HttpRequest, campaign_id: str) -> HttpResponse:
    """Everything about one campaign; the checklist while it can still be changed."""
    view = queries.campaign(campaign_id)
    shop = retailer()
    as_of = business_date(now(), shop.time_zone)
    is_open = view.state in {"draft", "in_review", "approved", "scheduled"}
    context: dict[str, Any] = {
        "campaign": view,
        "checklist": queries.checklist(campaign_id, as_of=as_of) if is_open else None,
        "progress": queries.progress(campaign_id),
        "reasons": suppressed_reasons(view.run.id) if view.run else {},
        "is_author": actor_of(request).id == view.author_id,
        "needs_second": shop.needs_second_approval,
        "reader": next((member_id for member_id, _n in queries.sample_members(campaign_id, as_of=as_of)), ""),
        "own": [content for content in view.contents if content.channel == view.channel],
    }
    return render(request, "campaigns/detail.html", context)


@requires("campaigns.view")
def progress(request: HttpRequest, campaign_id: str) -> HttpResponse:
    """The part of the page that is asked for again while messages go out."""
    found = queries.progress(campaign_id)
    context = {"progress": found, "campaign": queries.campaign(campaign_id)}
    response = render(request, "campaigns/progress.html", context)
    if found.state != "running" and request.GET.get("was") == "running":
        response["HX-Refresh"] = "true"
    return response


@requires("campaigns.view")
def preview_body(request: HttpRequest, campaign_id: str) -> HttpResponse:
    """The saved message as a member would read it, for the frame."""
    found = queries.preview_member(
        campaign_id,
        member_id=request.GET.get("member", ""),
        at=now(),
        variant=request.GET.get("variant", "a"),
        language=request.GET.get("language", ""),
    )
    if found.problem:
        return framed_document(f'<p style="font-family:sans-serif;color:#9b2730">{escape(found.problem)}</p>')
    subject = f'<div style="font-size:14px;color:#5c6b69;padding-bottom:12px">{escape(found.subject)}</div>'
    if request.GET.get("part") == "text":
        return framed_document(f'{subject}<pre style="white-space:pre-wrap">{escape(found.text)}</pre>')
    return framed_document(subject + (found.html or f"<pre>{escape(found.text)}</pre>"))


Verb = Callable[[HttpRequest, Actor, str], CampaignView]


def _schedule(request: HttpRequest, actor: Actor, campaign_id: str) -> CampaignView:
    text = request.POST.get("starts_at", "")
    try:
        local = datetime.fromisoformat(text)
    except ValueError as error:
        raise Invalid("invalid_time", _("Give the day and the time.")) from error
    starts_at = local.replace(tzinfo=ZoneInfo(retailer().time_zone)) if local.tzinfo is None else local
    return operations.schedule_campaign(actor=actor, at=now(), campaign_id=campaign_id, starts_at=starts_at)


VERBS: dict[str, Verb] = {
    "submit": lambda _r, actor, cid: operations.submit_campaign(actor=actor, at=now(), campaign_id=cid),
    "approve": lambda _r, actor, cid: operations.approve_campaign(actor=actor, at=now(), campaign_id=cid),
    "return": lambda request, actor, cid: operations.return_campaign(
        actor=actor, at=now(), campaign_id=cid, note=request.POST.get("note", "")
    ),
    "schedule": _schedule,
    "send": lambda _r, actor, cid: operations.schedule_campaign(
        actor=actor, at=now(), campaign_id=cid, starts_at=now()
    ),
    "unschedule": lambda _r, actor, cid: operations.unschedule_campaign(
        actor=actor, at=now(), campaign_id=cid
    ),
    "stop": lambda _r, actor, cid: operations.stop_campaign(actor=actor, at=now(), campaign_id=cid),
    "copy": lambda _r, actor, cid: operations.copy_campaign(actor=actor, at=now(), campaign_id=cid),
}


@require_POST
@requires("campaigns.view")
def act(request: HttpRequest, campaign_id: str, verb: str) -> HttpResponse:
    """One step of a campaign's life; the operation checks who may."""
    chosen = VERBS.get(verb)
    if chosen is None:
        raise NotFound("unknown_verb", _("There is no such step."))
    try:
        view = chosen(request, actor_of(request), campaign_id)
    except NotFound:
        raise
    except Refused as refused:
        notices.error(request, str(refused))
        return redirect("campaigns:campaign", campaign_id=campaign_id)
    return redirect("campaigns:campaign", campaign_id=view.id)
