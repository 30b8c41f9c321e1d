"""The page of benefits: who has what, how much is used, paid memberships; and the editor."""

from datetime import date
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import pgettext
from django.views.decorators.http import require_POST, require_safe

from shuke.apps.loyalty.forms.benefits import BenefitForm, PlanForm, PublishBenefitsForm, shown_cell
from shuke.apps.loyalty.operations.benefit_terms import (
    discard_benefit_draft,
    publish_benefits,
    save_benefit_draft,
)
from shuke.apps.loyalty.operations.plans import save_plan
from shuke.apps.loyalty.pages.benefit_words import ICONS, cell_text, count_text
from shuke.apps.loyalty.queries.benefit_terms import (
    benefit_draft,
    benefit_usage,
    benefit_version_on,
    benefit_versions,
    columns_in_terms,
)
from shuke.apps.loyalty.queries.plans import plan, plan_figures, plan_revenue, plans
from shuke.apps.loyalty.queries.tiers import tier_names
from shuke.apps.loyalty.rules.benefits import COUNTED, EVERYBODY, KINDS, PLAN
from shuke.apps.loyalty.schemas import BenefitTermsView
from shuke.platform.clock import business_date, now
from shuke.platform.errors import NotFound, Refused
from shuke.platform.languages import in_language
from shuke.platform.money import to_major, to_minor
from shuke.platform.retailer.queries import retailer
from shuke.web.access import actor_of, requires
from shuke.web.labels import label_of


def _today() -> date:
    return business_date(now(), retailer().time_zone)


def columns(benefits: list[dict[str, Any]]) -> list[tuple[str, str]]:
    """The columns of the table with their names: everybody, tiers from the lowest up, plans, and what else occurs."""
    names = {EVERYBODY: _("Everybody")}
    names |= {code: name for code, name in tier_names().items() if code}
    names |= {f"{PLAN}{item.code}": item.name for item in plans() if item.is_on_sale}
    for column in columns_in_terms(benefits):
        names.setdefault(column, column)
    return list(names.items())


@require_safe
@requires("loyalty.view")
def show_benefits(request: HttpRequest) -> HttpResponse:
    """The table of what holds (or of the draft), what is used, and paid memberships."""
    today, shop, may_edit = _today(), retailer(), actor_of(request).may("loyalty.edit")
    draft, current = benefit_draft(), benefit_version_on(today)
    shows_draft = draft is not None and (request.GET.get("draft") == "1" or current is None)
    shown = draft if shows_draft else current
    usage, figures = benefit_usage(today=today), plan_figures(today=today)
    context = {
        "version": shown,
        "draft": draft,
        "shows_draft": shows_draft,
        "table": _table(shown, shop.currency) if shown else None,
        "versions": [v for v in benefit_versions() if v.state == "published"],
        "usage": _usage_chart([u for u in usage if u.uses]) if any(u.uses for u in usage) else None,
        "plans": figures,
        "revenue": _revenue_chart() if any(item.total_minor for item in figures) else None,
        "kinds": [(kind, label_of("benefit_kind", kind), ICONS[kind]) for kind in KINDS],
        "form": PublishBenefitsForm(initial={"starts_on": today}) if draft and may_edit else None,
        "may_edit": may_edit,
        "today": today,
        "currency": shop.currency,
    }
    return render(request, "loyalty/benefits/overview.html", context)


def _table(version: BenefitTermsView, currency: str) -> dict[str, Any]:
    heads = columns(version.benefits)
    rows = []
    for row in version.benefits:
        cells = []
        for column, _name in heads:
            cell = row["cells"].get(column)
            text = cell_text(row["kind"], cell, currency) if cell is not None else ""
            often = count_text(cell.get("count"), row["period"]) if cell is not None else ""
            cells.append({"has": cell is not None, "text": text or often, "often": often if text else ""})
        name = in_language(row.get("names", {})) or row["code"]
        rows.append(
            {
                "code": row["code"],
                "name": name,
                "kind": row["kind"],
                "icon": ICONS[row["kind"]],
                "cells": cells,
            }
        )
    return {"columns": [name for _column, name in heads], "rows": rows}


def _usage_chart(usage: list[Any]) -> dict[str, Any]:
    """Uses of each benefit in its running period."""
    names = [item.name for item in reversed(usage)]
    return {
        "grid": {"left": 8, "right": 48, "top": 4, "bottom": 4, "containLabel": True},
        "tooltip": {"axisPointer": {"type": "shadow"}},
        "xAxis": {"type": "value", "show": False},
        "yAxis": {"type": "category", "data": names},
        "series": [
            {
                "name": pgettext("benefit", "Uses"),
                "type": "bar",
                "barMaxWidth": 28,
                "data": [item.uses for item in reversed(usage)],
                "itemStyle": {"borderRadius": [0, 4, 4, 0]},
                "label": {"show": True, "position": "right", "formatter": {"$format": "integer"}},
                "tooltip": {"valueFormatter": {"$format": "integer"}},
            }
        ],
    }


def _revenue_chart() -> dict[str, Any]:
    """Revenue of each plan by month, net of refunds, in major units."""
    revenue, currency = plan_revenue(), retailer().currency
    months = sorted({item.month for item in revenue})[-12:]
    names = {item.code: item.name for item in plans()}
    amounts = {(item.plan, item.month): float(to_major(item.amount_minor, currency)) for item in revenue}
    return {
        "grid": {"left": 8, "right": 8, "top": 32, "bottom": 4, "containLabel": True},
        "legend": {"top": 0},
        "tooltip": {"trigger": "axis", "axisPointer": {"type": "shadow"}},
        "xAxis": {"type": "category", "data": months},
        "yAxis": {"type": "value"},
        "series": [
            {
                "name": names[code],
                "type": "bar",
                "stack": "revenue",
                "barMaxWidth": 32,
                "data": [amounts.get((code, month), 0) for month in months],
            }
            for code in sorted({item.plan for item in revenue})
        ],
    }


@requires("loyalty.edit")
def edit_benefit(request: HttpRequest, code: str = "") -> HttpResponse:
    """One row of the draft; the draft begins as a copy of what holds."""
    rows, shop = _draft_rows(), retailer()
    current = next((row for row in rows if row["code"] == code), None)
    if code and current is None:
        raise NotFound("benefit_not_found", _("There is no such benefit."))
    kind = current["kind"] if current else request.GET.get("kind", "")
    if kind not in KINDS:
        raise NotFound("benefit_not_found", _("There is no such kind of benefit."))
    heads = columns(rows)
    initial = _initial(current, heads, shop.currency) if current else {}
    form = BenefitForm(
        request.POST or None, kind=kind, columns=heads, currency=shop.currency, initial=initial
    )
    if current:
        form.fields["code"].disabled = True
    if request.method == "POST" and form.is_valid():
        changed = form.row()
        others = [row for row in rows if row["code"] != code]
        place = rows.index(current) if current else len(others)
        try:
            save_benefit_draft(
                actor=actor_of(request), at=now(), benefits=[*others[:place], changed, *others[place:]]
            )
        except Refused as refusal:
            form.add_error(None, str(refusal.message))
        else:
            messages.success(request, _("Saved in the draft. It holds once it is published."))
            return redirect("/membership/benefits/?draft=1")
    context = {
        "form": form,
        "current": current,
        "kind": kind,
        "hint": _hints()[kind],
        "has_counts": f"count_{0}" in form.fields,
    }
    return render(request, "loyalty/benefits/edit.html", context, status=422 if form.errors else 200)


def _draft_rows() -> list[dict[str, Any]]:
    source = benefit_draft() or next(iter(v for v in benefit_versions() if v.state == "published"), None)
    return list(source.benefits) if source else []


def _initial(row: dict[str, Any], heads: list[tuple[str, str]], currency: str) -> dict[str, Any]:
    names, texts = row.get("names", {}), row.get("texts", {})
    first: dict[str, Any] = next(iter(row["cells"].values()), {})
    found: dict[str, Any] = {
        "code": row["code"],
        "period": row["period"],
        "name_en": names.get("en", ""),
        "name_zh": names.get("zh-hans", ""),
        "text_en": texts.get("en", ""),
        "text_zh": texts.get("zh-hans", ""),
        "window": first.get("window", "day"),
        "points_type": next((c["points_type"] for c in row["cells"].values() if c.get("points_type")), ""),
    }
    for number, (column, _name) in enumerate(heads):
        cell = row["cells"].get(column)
        if cell is not None:
            found[f"value_{number}"] = shown_cell(row["kind"], cell, currency=currency)
            found[f"count_{number}"] = cell.get("count") if row["kind"] not in COUNTED else None
    return found


def _hints() -> dict[str, str]:
    return {
        "discount": _("Per cent off, such as 5 or 2.5, or a share such as 1/20."),
        "points": _("What earned points are multiplied by, such as 1.5 or 3/2."),
        "shipping": _("The amount from which shipping is free; 0 is always free."),
        "priority": _("Any sign, such as +: orders of these members go out first."),
        "trial": _("How many times."),
        "adviser": _("Who it is and how to reach them."),
        "birthday": _("A number of points, or the id of a voucher definition."),
        "other": _("How many times."),
    }


@requires("loyalty.edit")
@require_POST
def remove_benefit(request: HttpRequest, code: str) -> HttpResponse:
    """Take a row out of the draft."""
    rows = [row for row in _draft_rows() if row["code"] != code]
    save_benefit_draft(actor=actor_of(request), at=now(), benefits=rows)
    messages.success(request, _("Taken out of the draft. Members have it until the draft is published."))
    return redirect("/membership/benefits/?draft=1")


@requires("loyalty.edit")
@require_POST
def publish(request: HttpRequest) -> HttpResponse:
    """Let the draft hold from a day on."""
    form = PublishBenefitsForm(request.POST)
    try:
        if not form.is_valid():
            raise Refused("invalid_day", _("Say from which day on."))
        publish_benefits(actor=actor_of(request), at=now(), **form.cleaned_data)
    except Refused as refusal:
        messages.error(request, str(refusal.message))
        return redirect("/membership/benefits/?draft=1")
    messages.success(request, _("Published."))
    return redirect("loyalty:benefits")


@requires("loyalty.edit")
@require_POST
def discard(request: HttpRequest) -> HttpResponse:
    """Throw the draft away."""
    discard_benefit_draft(actor=actor_of(request), at=now())
    messages.success(request, _("The draft is thrown away."))
    return redirect("loyalty:benefits")


@requires("loyalty.edit")
def edit_plan(request: HttpRequest, code: str = "") -> HttpResponse:
    """A paid membership; changes hold for later sales."""
    current, shop = plan(code) if code else None, retailer()
    initial = {}
    if current:
        initial = current.model_dump() | {
            "name_en": current.names.get("en", ""),
            "name_zh": current.names.get("zh-hans", ""),
            "price": to_major(current.price_minor, current.currency),
        }
    tiers = [item for item in tier_names().items() if item[0]]
    form = PlanForm(request.POST or None, tiers=tiers, initial=initial)
    if current:
        form.fields["code"].disabled = True
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        names = {"en": data.pop("name_en"), "zh-hans": data.pop("name_zh")}
        price = to_minor(data.pop("price"), current.currency if current else shop.currency)
        names = {language: text for language, text in names.items() if text}
        save_plan(actor=actor_of(request), at=now(), names=names, price_minor=price, **data)
        messages.success(request, _("Saved; it holds for sales from now on."))
        return redirect("loyalty:benefits")
    return render(
        request,
        "loyalty/benefits/plan.html",
        {"form": form, "plan": current},
        status=422 if form.errors else 200,
    )
