"""The page of points: kinds of points, rules in words with an editor, a basket to try, what was given."""

from datetime import UTC, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import pgettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from pydantic import ValidationError

from shuke.apps.commerce.queries import departments
from shuke.apps.loyalty.forms.earning import (
    EventRuleForm,
    ExampleForm,
    PointsNamesForm,
    PointsTypeForm,
    PublishRulesForm,
    PurchaseRuleForm,
    shown_purchase_rule,
)
from shuke.apps.loyalty.operations import (
    define_points_type,
    discard_draft,
    publish_rules,
    put_rule,
    remove_rule,
    rename_points_type,
)
from shuke.apps.loyalty.pages.earning_words import EVENTS, life_text, rule_limits, rule_name, rule_text
from shuke.apps.loyalty.queries.earning import earning_statistics, quote_of_rules
from shuke.apps.loyalty.queries.earning_plans import (
    draft_version,
    earning_versions,
    rule_titles,
    version_in_force,
)
from shuke.apps.loyalty.queries.tiers import tier_names
from shuke.apps.loyalty.queries.types import points_types
from shuke.apps.loyalty.rules.earning import Line, Purchase
from shuke.apps.loyalty.rules.expiry import Expiry
from shuke.apps.loyalty.schemas.earning import (
    AnyRule,
    EarningStatistics,
    EarningVersionView,
    EventRuleView,
    PurchaseRule,
)
from shuke.platform.clock import business_date, now
from shuke.platform.errors import Invalid, NotFound, Refused
from shuke.platform.retailer.queries import retailer
from shuke.web.access import actor_of, requires
from shuke.web.forms import names_initial

#: Whole days that the chart shows.
DAYS = 28


@require_safe
@requires("loyalty.view")
def show_points(request: HttpRequest) -> HttpResponse:
    """Kinds of points, the rules in force or the draft, a basket to try, and what was given."""
    at, shop = now(), retailer()
    today = business_date(at, shop.time_zone)
    kinds, draft, current = points_types(), draft_version(), version_in_force(at=at)
    shows_draft = draft is not None and (request.GET.get("draft") == "1" or current is None)
    shown = draft if shows_draft else current
    chosen = next((k for k in kinds if k.code == request.GET.get("type")), kinds[0] if kinds else None)
    may_edit = actor_of(request).may("loyalty.edit")
    statistics = (
        earning_statistics(
            points_type=chosen.code,
            first=today - timedelta(days=DAYS),
            last=today - timedelta(days=1),
            codes=_event_codes(chosen.code),
        )
        if chosen
        else None
    )
    context = {
        "kinds": [(kind, life_text(kind)) for kind in kinds],
        "version": shown,
        "draft": draft,
        "shows_draft": shows_draft,
        "has_current": current is not None,
        "sections": _sections(shown) if shown else [],
        "versions": [v for v in earning_versions() if v.state == "published"],
        "publish_form": PublishRulesForm() if draft else None,
        "example": _example_form(request) if shown and shown.body.rules else None,
        "chosen": chosen,
        "chart": _chart(statistics) if statistics and statistics.days else None,
        "given": _given(statistics) if statistics else [],
        "days": DAYS,
        "may_edit": may_edit,
        "at": at,
    }
    return render(request, "loyalty/points/overview.html", context)


def _event_codes(points_type: str) -> list[str]:
    """Codes of event rules that ever gave this kind of points."""
    rules = [rule for version in earning_versions() for rule in version.body.rules]
    return [r.code for r in rules if isinstance(r, EventRuleView) and r.points_type == points_type]


def _sections(version: EarningVersionView) -> list[tuple[Any, list[dict[str, Any]]]]:
    """Rules for purchases and for the rest, in words."""
    rules = version.body.rules
    purchases = [rule for rule in rules if isinstance(rule, PurchaseRule)]
    events = [rule for rule in rules if isinstance(rule, EventRuleView)]
    return [
        (title, [_row(rule) for rule in part])
        for title, part in ((pgettext("earning", "Purchases"), purchases), (_("Everything else"), events))
        if part
    ]


def _row(rule: AnyRule) -> dict[str, Any]:
    currency, tiers = retailer().currency, tier_names()
    types = {kind.code: kind.name for kind in points_types()}
    return {
        "code": rule.code,
        "name": rule_name(rule),
        "text": rule_text(rule, types=types, currency=currency),
        "limits": rule_limits(rule, currency=currency, tiers=tiers),
        "group": rule.group if isinstance(rule, PurchaseRule) else "",
    }


def _chart(statistics: EarningStatistics) -> dict[str, Any]:
    """Points given per local day, stacked by rule."""
    titles = rule_titles()
    codes = sorted(statistics.rules, key=lambda code: -statistics.rules[code][0])
    return {
        "grid": {"left": 8, "right": 8, "top": 36, "bottom": 4, "containLabel": True},
        "legend": {"top": 0, "type": "scroll"},
        "tooltip": {"trigger": "axis", "axisPointer": {"type": "shadow"}},
        "xAxis": {"type": "category", "data": [f"{item.day:%m-%d}" for item in statistics.days]},
        "yAxis": {"type": "value", "axisLabel": {"formatter": {"$format": "integer"}}},
        "series": [
            {
                "name": titles.get(code, code),
                "type": "bar",
                "stack": "points",
                "barMaxWidth": 22,
                "data": [item.points.get(code, 0) for item in statistics.days],
                "tooltip": {"valueFormatter": {"$format": "integer"}},
            }
            for code in codes
        ],
    }


def _given(statistics: EarningStatistics) -> list[tuple[str, int, int]]:
    titles = rule_titles()
    rows = [(titles.get(code, code), points, count) for code, (points, count) in statistics.rules.items()]
    return sorted(rows, key=lambda row: -row[1])


# --- a basket to try ---


def _example_form(request: HttpRequest) -> ExampleForm:
    today = business_date(now(), retailer().time_zone)
    given = request.GET if "on" in request.GET else None
    return ExampleForm(
        given, tiers=list(tier_names().items()), departments=departments(), initial={"on": today}
    )


@require_safe
@requires("loyalty.view")
def show_example(request: HttpRequest) -> HttpResponse:
    """What a basket earns by the rules shown, as they are typed."""
    at, shop = now(), retailer()
    form = _example_form(request)
    draft = draft_version()
    version = draft if draft and request.GET.get("draft") == "1" else version_in_force(at=at) or draft
    context: dict[str, Any] = {"form": form, "quote": None}
    if form.is_bound and form.is_valid() and version is not None:
        amounts = form.amounts(shop.currency)
        purchase = Purchase(
            lines=[
                Line(number, f"example-{number}", minor, minor, department=department)
                for number, (minor, department) in enumerate(amounts, 1)
            ],
            on=form.cleaned_data["on"],
            sales_channel=form.cleaned_data["sales_channel"],
            tier=form.cleaned_data["tier"],
        )
        quote = quote_of_rules(version.body, purchase, at=at)
        names = {kind.code: kind.name for kind in points_types()}
        context |= {
            "quote": [(names.get(item.points_type, item.points_type), item) for item in quote.types],
            "total": sum(minor for minor, _department in amounts),
            "currency": shop.currency,
            "tier": tier_names().get(form.cleaned_data["tier"], ""),
        }
    return render(request, "loyalty/points/example.html", context)


# --- changing ---


@require_http_methods(["GET", "HEAD", "POST"])
@requires("loyalty.edit")
def edit_rule(request: HttpRequest, kind: str, code: str = "") -> HttpResponse:
    """A rule of the draft, which begins as a copy of what holds."""
    current = _rule(code) if code else None
    form = _rule_form(request, kind, current)
    if request.method == "POST" and form.is_valid():
        try:
            rule = form.rule(retailer().currency) if isinstance(form, PurchaseRuleForm) else form.rule()
            put_rule(actor=actor_of(request), at=now(), rule=rule, replaces=code)
        except Invalid as fault:
            field = str(fault.details.get("field", ""))
            form.add_error(
                {"per_minor": "per_amount"}.get(field, field) if field in form.fields else None,
                str(fault.message),
            )
        except ValidationError as fault:
            form.add_error(None, "; ".join(str(item["msg"]) for item in fault.errors()))
        else:
            messages.success(request, _("Saved in the draft. It holds once it is published."))
            return redirect("/membership/points/?draft=1")
    context = {"form": form, "current": current, "kind": kind, "events": EVENTS}
    return render(request, "loyalty/points/rule.html", context, status=422 if form.errors else 200)


def _rule(code: str) -> AnyRule:
    version = draft_version() or version_in_force(at=now())
    rules = version.body.rules if version else []
    for rule in rules:
        if rule.code == code:
            return rule
    raise NotFound("rule_not_found", _("There is no such rule."))


def _rule_form(request: HttpRequest, kind: str, current: AnyRule | None) -> PurchaseRuleForm | EventRuleForm:
    types = [(item.code, item.name) for item in points_types()]
    tiers = list(tier_names().items())
    data = request.POST if request.method == "POST" else None
    if kind == "event":
        initial = current.model_dump() if isinstance(current, EventRuleView) else {}
        form: PurchaseRuleForm | EventRuleForm = EventRuleForm(
            data, types=types, tiers=tiers, initial=initial
        )
    else:
        shown = shown_purchase_rule(current, retailer().currency) if isinstance(current, PurchaseRule) else {}
        form = PurchaseRuleForm(data, types=types, tiers=tiers, initial=shown)
    if current is not None:
        form.fields["code"].disabled = True
    return form


@require_POST
@requires("loyalty.edit")
def drop_rule(request: HttpRequest, code: str) -> HttpResponse:
    """Take a rule out of the draft."""
    remove_rule(actor=actor_of(request), at=now(), code=code)
    messages.success(request, _("Taken out of the draft. It earns until the draft is published."))
    return redirect("/membership/points/?draft=1")


@require_POST
@requires("loyalty.edit")
def publish(request: HttpRequest) -> HttpResponse:
    """Let the draft hold from a day on, at once by default."""
    form = PublishRulesForm(request.POST)
    try:
        if not form.is_valid():
            raise Refused("invalid_day", _("Say from which day on."))
        day, at = form.cleaned_data["starts_on"], now()
        zone = ZoneInfo(retailer().time_zone)
        starts = datetime.combine(day, time.min, zone).astimezone(UTC) if day else at
        if day == business_date(at, zone.key) and version_in_force(at=at):
            starts = at
        publish_rules(actor=actor_of(request), at=at, starts_at=starts)
    except Refused as refusal:
        messages.error(request, str(refusal.message))
        return redirect("/membership/points/?draft=1")
    messages.success(request, _("Published."))
    return redirect("loyalty:points")


@require_POST
@requires("loyalty.edit")
def discard(request: HttpRequest) -> HttpResponse:
    """Throw the draft away."""
    discard_draft(actor=actor_of(request))
    messages.success(request, _("The draft is thrown away."))
    return redirect("loyalty:points")


@require_http_methods(["GET", "HEAD", "POST"])
@requires("loyalty.edit")
def add_type(request: HttpRequest) -> HttpResponse:
    """A new kind of points."""
    form = PointsTypeForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        values = form.cleaned_data
        try:
            define_points_type(
                actor=actor_of(request),
                at=now(),
                code=values["code"].lower(),
                names=form.names(),
                is_spendable=values["is_spendable"],
                expiry=Expiry(values["policy"], months=values["months"]),
                activation_days=values["activation_days"],
                return_policy=values["return_policy"],
            )
        except Refused as refusal:
            form.add_error("code", str(refusal.message))
        else:
            messages.success(request, _("Added. Give it rules, and publish them."))
            return redirect("loyalty:points")
    return render(request, "loyalty/points/type.html", {"form": form}, status=422 if form.errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@requires("loyalty.edit")
def rename_type(request: HttpRequest, code: str) -> HttpResponse:
    """Call a kind of points otherwise, in each language."""
    kind = next((kind for kind in points_types() if kind.code == code), None)
    if kind is None:
        raise NotFound("points_type_not_found", _("There are no points of this code."))
    form = PointsNamesForm(request.POST or None, initial=names_initial(kind.names, kind.name))
    if request.method == "POST" and form.is_valid():
        rename_points_type(actor=actor_of(request), at=now(), code=code, names=form.names())
        messages.success(request, _("Saved. Every reader sees the name in their own language."))
        return redirect("loyalty:points")
    context = {"form": form, "kind": kind}
    return render(request, "loyalty/points/names.html", context, status=422 if form.errors else 200)
