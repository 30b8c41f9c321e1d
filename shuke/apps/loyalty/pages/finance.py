"""Points in the books: the report, what if, costs and accounts, and what accountants download."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import pgettext
from django.views.decorators.http import require_http_methods, require_safe

from shuke.apps.loyalty.forms.finance import AccountsForm, AsOfForm, CostForm, WhatIfForm
from shuke.apps.loyalty.operations.finance import name_accounts, set_points_cost
from shuke.apps.loyalty.pages import finance_charts
from shuke.apps.loyalty.queries.finance import (
    finance_report,
    journal_lines,
    points_costs,
    roll_forward,
    what_if,
)
from shuke.apps.loyalty.queries.types import points_types
from shuke.apps.loyalty.schemas import PointsTypeView
from shuke.apps.loyalty.schemas.finance import FinanceReport
from shuke.platform.clock import business_date, now
from shuke.platform.errors import Refused
from shuke.platform.money import to_major
from shuke.platform.retailer.queries import retailer
from shuke.sources.files.exporting import csv_lines
from shuke.sources.files.worksheets import workbook
from shuke.web.access import actor_of, requires
from shuke.web.labels import label_of

#: Months of the roll-forward that the page shows; the download has all.
SHOWN_MONTHS = 13
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def _spendable() -> list[PointsTypeView]:
    return [kind for kind in points_types() if kind.is_spendable]


def _chosen(request: HttpRequest) -> tuple[str, datetime, bool]:
    """The points type, the moment, and whether it is now."""
    form = AsOfForm(request.GET)
    codes = [kind.code for kind in _spendable()]
    code = request.GET.get("type", "")
    day, moment = form.chosen_day(), now()
    if day is None or day >= business_date(moment, retailer().time_zone):
        return (code if code in codes else (codes[0] if codes else "")), moment, True
    end = datetime.combine(day + timedelta(days=1), datetime.min.time(), ZoneInfo(retailer().time_zone))
    return (code if code in codes else (codes[0] if codes else "")), end - timedelta(microseconds=1), False


@require_safe
@requires("finance.view")
def show_finance(request: HttpRequest) -> HttpResponse:
    """Liability, roll-forward and curves; ``?day=`` reads them as of the end of a day."""
    code, at, is_now = _chosen(request)
    context: dict[str, Any] = {"kinds": _spendable(), "code": code, "is_now": is_now, "at": at}
    if code:
        report = finance_report(points_type=code, at=at)
        context |= _context(report)
        context["day"] = business_date(at, retailer().time_zone)
        context["what_if"] = WhatIfForm()
        if request.GET.get("by") == "effect":
            months = roll_forward(points_type=code, at=at, by_effect=True)
            context |= {"months": months[: -SHOWN_MONTHS - 1 : -1], "by_effect": True}
    return render(request, "loyalty/finance/report.html", context)


def _context(report: FinanceReport) -> dict[str, Any]:
    head = report.headline
    return {
        "report": report,
        "head": head,
        "cost": report.costs[-1] if report.costs else None,
        "months": list(reversed(report.months))[:SHOWN_MONTHS],
        "curves": finance_charts.curves(report),
        "shares": finance_charts.cohort_shares(report),
        "ages": finance_charts.ages(report.ages),
        "ends": finance_charts.ends(report.ends) if report.ends else None,
        "idle": finance_charts.idle_words(report.ends),
        "has_points": any(month.movements["issued"].points for month in report.months)
        or bool(head.outstanding.points),
    }


@require_safe
@requires("finance.view")
def show_what_if(request: HttpRequest) -> HttpResponse:
    """What the liability would become: a part of the page."""
    code, at, _is_now = _chosen(request)
    form, currency = WhatIfForm(request.GET), retailer().currency
    context: dict[str, Any] = {"form": form, "currency": currency}
    if code and form.is_valid():
        context["answer"] = what_if(points_type=code, at=at, **form.question(currency))
    return render(request, "loyalty/finance/what_if.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@requires("finance.view")
def show_costs(request: HttpRequest) -> HttpResponse:
    """What a point costs from which month on, and the names of the accounts."""
    code, at, _is_now = _chosen(request)
    current = retailer()
    cost, accounts = CostForm(initial={"valid_from": business_date(at, current.time_zone)}), AccountsForm()
    if request.method == "POST":
        actor_of(request).require("loyalty.edit")
        is_cost = "amount" in request.POST
        form = CostForm(request.POST) if is_cost else AccountsForm(request.POST)
        if form.is_valid() and _saved(request, form, code):
            return redirect(request.get_full_path())
        cost, accounts = (form, accounts) if isinstance(form, CostForm) else (cost, form)
    context = {
        "kinds": _spendable(),
        "code": code,
        "cost_form": cost,
        "accounts_form": accounts,
        "costs": points_costs(points_type=code) if code else [],
        "currency": current.currency,
    }
    return render(request, "loyalty/finance/costs.html", context)


def _saved(request: HttpRequest, form: CostForm | AccountsForm, code: str) -> bool:
    actor, at = actor_of(request), now()
    try:
        if isinstance(form, CostForm):
            set_points_cost(actor=actor, at=at, points_type=code, **form.cost(retailer().currency))
        else:
            name_accounts(actor=actor, at=at, names=form.cleaned_data)
    except Refused as refusal:
        form.add_error(None, str(refusal.message))
        return False
    messages.success(request, _("Saved."))
    return True


@require_safe
@requires("finance.view")
def download_journal(request: HttpRequest, form: str) -> HttpResponse:
    """The bookings of every month as CSV or as a workbook."""
    code, at, _is_now = _chosen(request)
    currency = retailer().currency
    header = [
        _("Month"),
        _("Movement"),
        _("Debit"),
        _("Credit"),
        _("Amount"),
        _("Currency"),
        _("Points"),
        _("Kind of points"),
    ]
    rows = [
        (
            f"{line.month:%Y-%m}",
            label_of("points_movement", line.movement),
            line.debit,
            line.credit,
            to_major(line.amount_minor, currency),
            currency,
            line.points,
            code,
        )
        for line in (journal_lines(points_type=code, at=at) if code else [])
    ]
    return _file(header, rows, name=f"journal-{code}", form=form)


@require_safe
@requires("finance.view")
def download_roll_forward(request: HttpRequest, form: str) -> HttpResponse:
    """Every month in points and money as CSV or as a workbook."""
    code, at, _is_now = _chosen(request)
    currency = retailer().currency
    months = roll_forward(points_type=code, at=at) if code else []
    names = list(months[0].movements) if months else []
    words = [label_of("points_movement", name) for name in names]
    header = [_("Month"), pgettext("month", "Closed"), _("Opening"), *words, _("Closing")]
    header += [f"{word} ({currency})" for word in (_("Opening"), _("Revaluation"), *words, _("Closing"))]
    rows: list[tuple[object, ...]] = [
        (
            f"{line.month:%Y-%m}",
            _("yes") if line.is_closed else _("no"),
            line.opening.points,
            *(line.movements[name].points for name in names),
            line.closing.points,
            to_major(line.opening.minor, currency),
            to_major(line.revaluation_minor, currency),
            *(to_major(line.movements[name].minor, currency) for name in names),
            to_major(line.closing.minor, currency),
        )
        for line in months
    ]
    return _file(header, rows, name=f"points-{code}", form=form)


def _file(header: Sequence[str], rows: Iterable[Sequence[object]], *, name: str, form: str) -> HttpResponse:
    """A download of which no spreadsheet executes a cell."""
    if form == "xlsx":
        answer = HttpResponse(workbook(header, rows, title=name), content_type=XLSX)
    else:
        plain = ([f"{cell:f}" if isinstance(cell, Decimal) else cell for cell in row] for row in rows)
        answer = HttpResponse(b"".join(csv_lines(header, plain)), content_type="text/csv; charset=utf-8")
    answer["Cache-Control"] = "no-store"
    answer["Content-Disposition"] = f'attachment; filename="{name}.{"xlsx" if form == "xlsx" else "csv"}"'
    return answer
