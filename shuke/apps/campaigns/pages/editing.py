"""Creating and editing a campaign in steps: the plan, the message, the check."""

from django.contrib import messages as notices
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from shuke.apps.audiences.queries import audiences_page
from shuke.apps.campaigns import operations, queries
from shuke.apps.campaigns.forms import ContentForm, PlanForm, plan_values
from shuke.apps.campaigns.schemas import CampaignView
from shuke.platform.clock import business_date, now
from shuke.platform.errors import Refused
from shuke.platform.retailer.queries import retailer
from shuke.web.access import actor_of, requires

LANGUAGES = (("en", "English"), ("zh-hans", "中文"))


def _plan_form(request: HttpRequest, view: CampaignView | None) -> PlanForm:
    shop = retailer()
    today = business_date(now(), shop.time_zone)
    audiences, _total = audiences_page(as_of=today, limit=200)
    initial = plan_values(view, shop=shop, today=today)
    if request.GET.get("audience"):
        initial["audience_id"] = request.GET["audience"]
    choices = [(row.id, row.name) for row in audiences]
    return PlanForm(request.POST or None, initial=initial, audiences=choices, shop=shop)


@requires("campaigns.edit")
def new(request: HttpRequest) -> HttpResponse:
    """Step one of a new campaign."""
    form = _plan_form(request, None)
    if request.method == "POST" and form.is_valid():
        try:
            view = operations.create_campaign(actor=actor_of(request), at=now(), plan=form.plan())
        except Refused as refused:
            form.add_error(None, str(refused))
        else:
            return redirect("campaigns:message", campaign_id=view.id)
    return render(request, "campaigns/plan.html", {"form": form, "campaign": None})


@requires("campaigns.edit")
def plan(request: HttpRequest, campaign_id: str) -> HttpResponse:
    """Step one again."""
    view = queries.campaign(campaign_id)
    form = _plan_form(request, view)
    if request.method == "POST" and form.is_valid():
        try:
            operations.change_campaign(
                actor=actor_of(request), at=now(), campaign_id=campaign_id, plan=form.plan()
            )
        except Refused as refused:
            form.add_error(None, str(refused))
        else:
            return redirect("campaigns:message", campaign_id=campaign_id)
    return render(request, "campaigns/plan.html", {"form": form, "campaign": view})


@requires("campaigns.edit")
def message(request: HttpRequest, campaign_id: str) -> HttpResponse:
    """Step two: the message in one version and language, with its preview beside it."""
    view = queries.campaign(campaign_id)
    given = request.POST or request.GET
    variant, language = given.get("variant", "a")[:20], given.get("language", retailer().default_language)
    language = language if language in dict(LANGUAGES) else "en"
    own = [content for content in view.contents if content.channel == view.channel]
    current = next((c for c in own if (c.variant, c.language) == (variant, language)), None)
    initial = current.model_dump() if current else {"variant": variant, "language": language}
    form = ContentForm(request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            operations.write_content(
                actor=actor_of(request),
                at=now(),
                campaign_id=campaign_id,
                content=form.content(view.channel),
            )
        except Refused as refused:
            form.add_error(None, str(refused))
        else:
            notices.success(request, _("Saved."))
            if "onward" in request.POST:
                return redirect("campaigns:campaign", campaign_id=campaign_id)
            return redirect(f"{request.path}?variant={variant}&language={language}")
    members = queries.sample_members(campaign_id, as_of=business_date(now(), retailer().time_zone))
    chosen = request.GET.get("member", "")
    variants = sorted({content.variant for content in own} | {"a", variant})
    context = {
        "campaign": view,
        "form": form,
        "current": current,
        "variant": variant,
        "language": language,
        "variants": variants,
        "next_variant": chr(ord("a") + len(variants)) if len(variants) < 6 else "",
        "languages": LANGUAGES,
        "written": {f"{content.variant}:{content.language}" for content in own},
        "members": members,
        "member_id": chosen,
        # Before there are members the message is read as nobody.
        "reader": chosen or (members[0][0] if members else ""),
        "snippets": queries.snippets(language),
    }
    return render(request, "campaigns/message.html", context)


@require_POST
@requires("campaigns.edit")
def remove(request: HttpRequest, campaign_id: str) -> HttpResponse:
    """Take one version in one language out."""
    try:
        operations.remove_content(
            actor=actor_of(request),
            at=now(),
            campaign_id=campaign_id,
            channel=queries.campaign(campaign_id).channel,
            variant=request.POST.get("variant", ""),
            language=request.POST.get("language", ""),
        )
    except Refused as refused:
        notices.error(request, str(refused))
    return redirect("campaigns:message", campaign_id=campaign_id)


@require_POST
@requires("campaigns.edit")
def test(request: HttpRequest, campaign_id: str) -> HttpResponse:
    """Send a test to one's own address, or to the console outbox."""
    try:
        message_id = operations.send_test(
            actor=actor_of(request),
            at=now(),
            campaign_id=campaign_id,
            member_id=request.POST.get("member", ""),
            address=request.POST.get("address", "").strip(),
            variant=request.POST.get("variant", "a"),
            language=request.POST.get("language", "en"),
        )
    except Refused as refused:
        notices.error(request, str(refused))
        return redirect("campaigns:message", campaign_id=campaign_id)
    notices.success(request, _("The test was sent."))
    return redirect("channels:message", message_id=message_id)
