"""Pages of messages, and what readers of messages open: pixel, links, the way out."""

import base64
from contextlib import suppress
from typing import Any

from django.contrib import messages as notices
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.utils.html import escape
from django.utils.translation import gettext as _
from django.utils.translation import override
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST

from shuke.apps.channels import operations, queries
from shuke.apps.channels.forms import EmailForm
from shuke.apps.compliance.queries import preference_link
from shuke.platform.clock import now
from shuke.platform.errors import NotFound, Refused
from shuke.platform.retailer.queries import retailer
from shuke.web.access import actor_of, requires
from shuke.web.frames import framed_document
from shuke.web.labels import choices_of
from shuke.web.paging import Pager, page_number

PAGE_SIZE = 50
_PIXEL = base64.b64decode("R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7")


@requires("messages.view")
def message_list(request: HttpRequest) -> HttpResponse:
    """Messages, newest first, with filters."""
    filters = {name: request.GET.get(name, "")[:40] for name in queries.MESSAGE_FILTERS}
    page = page_number(request)
    rows, total = queries.messages_page(
        limit=PAGE_SIZE,
        offset=(page - 1) * PAGE_SIZE,
        filters=filters,
        member_id=request.GET.get("member_id", "")[:40],
    )
    context = {
        "rows": rows,
        "pager": Pager(page, PAGE_SIZE, total),
        "filters": filters,
        "states": choices_of("message_state"),
        "channels": [(name, name) for name in ("console", "email")],
        "is_filtered": any(filters.values()),
    }
    return render(request, "channels/messages.html", context)


@requires("messages.view")
def message_page(request: HttpRequest, message_id: str) -> HttpResponse:
    """One message as it was sent, with the names in it masked."""
    context = {
        "message": queries.message(message_id),
        "sent": queries.message_content(message_id, unmask=False),
        "may_unmask": actor_of(request).may("members.unmask"),
    }
    return render(request, "channels/message.html", context)


@require_POST
@requires("members.unmask")
def unmask(request: HttpRequest, message_id: str) -> HttpResponse:
    """The message in the clear, this once; the audit remembers who looked."""
    sent = operations.unmask_message(actor=actor_of(request), at=now(), message_id=message_id)
    context = {"message": queries.message(message_id), "sent": sent, "is_clear": True}
    answer = render(request, "channels/message.html", context)
    answer["Cache-Control"] = "no-store"
    return answer


@requires("messages.view")
def message_body(_request: HttpRequest, message_id: str) -> HttpResponse:
    """The HTML part alone, for the frame of the page; names are masked."""
    content = queries.message_content(message_id, unmask=False)
    return framed_document(content.html or f"<pre>{escape(content.text)}</pre>")


@require_POST
@requires("campaigns.send")
def resolve(request: HttpRequest, message_id: str) -> HttpResponse:
    """Decide what became of an uncertain message."""
    try:
        operations.resolve_uncertain(
            actor=actor_of(request), at=now(), message_id=message_id, as_=request.POST.get("as", "")
        )
    except NotFound:
        raise
    except Refused as refused:
        notices.error(request, str(refused))
    return redirect("channels:message", message_id=message_id)


@requires("settings.view")
def email_page(request: HttpRequest) -> HttpResponse:
    """The mail server's settings."""
    current = queries.email_settings()
    form = EmailForm(request.POST or None, initial=current.model_dump())
    if request.method == "POST" and form.is_valid():
        values: dict[str, Any] = {**form.cleaned_data}
        values["password"] = values["password"] or None
        try:
            operations.change_email_settings(actor=actor_of(request), at=now(), **values)
        except Refused as refused:
            form.add_error(None, str(refused))
        else:
            notices.success(request, _("Saved."))
            return redirect("channels:email")
    context = {"form": form, "current": current, "shop": retailer()}
    return render(request, "channels/email.html", context)


@require_POST
@requires("settings.edit")
def email_test(request: HttpRequest) -> HttpResponse:
    """Try the saved settings."""
    try:
        operations.test_email_connection(actor=actor_of(request))
    except Refused as refused:
        notices.error(request, str(refused))
    else:
        notices.success(request, _("The mail server answers and accepts the sign-in."))
    return redirect("channels:email")


@never_cache
@require_http_methods(["GET", "HEAD"])
def opened(request: HttpRequest, token: str) -> HttpResponse:
    """The pixel.  It is shown for a forged token too: there is nobody to tell."""
    with suppress(NotFound):
        operations.record_open(
            at=now(), token=token, user_agent=_user_agent(request), method=str(request.method)
        )
    return HttpResponse(_PIXEL, content_type="image/gif")


@never_cache
@require_http_methods(["GET", "HEAD"])
def clicked(request: HttpRequest, token: str) -> HttpResponse:
    """On to the target, which is part of what is signed; a forged token leads nowhere."""
    url = operations.record_click(
        at=now(), token=token, user_agent=_user_agent(request), method=str(request.method)
    )
    return HttpResponseRedirect(url)


def _user_agent(request: HttpRequest) -> str:
    return request.headers.get("User-Agent", "")[:500]


@never_cache
@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
def leave(request: HttpRequest, token: str) -> HttpResponse:
    """GET shows a page with a button and changes nothing, since scanners follow links.

    POST is the one click of RFC 8058.

    Exempt from CSRF because mail providers post here without a cookie; the signed token is the proof.
    """
    message = queries.unsubscribe_target(token)
    if request.method == "POST":
        operations.unsubscribe(at=now(), token=token)
    with override(message.language or None):
        context = {
            "is_done": request.method == "POST",
            "shop": retailer(),
            "language": message.language,
            "preferences": preference_link(message.member.public_id),
        }
        return render(request, "channels/leave.html", context)
