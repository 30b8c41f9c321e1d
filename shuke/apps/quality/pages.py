"""Pages of data quality: how sources behave, a list of issues to work through, and what was corrected."""

from decimal import Decimal, InvalidOperation
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from shuke.apps.quality import queries
from shuke.apps.quality.operations import correct, decide, request_check, revert
from shuke.apps.quality.schemas import IssueView, SourceQuality
from shuke.platform.clock import business_date, now
from shuke.platform.errors import Refused
from shuke.platform.money import exponent, to_major
from shuke.platform.retailer.queries import retailer
from shuke.web.access import actor_of, requires
from shuke.web.labels import choices_of
from shuke.web.paging import Pager, page_number

PAGE_SIZE = 50


@requires("imports.view")
def show_quality(request: HttpRequest) -> HttpResponse:
    """Scores of all sources over time, and what is open."""
    found = queries.sources(today=business_date(now(), retailer().time_zone))
    counts = queries.open_counts()
    context = {
        "sources": found,
        "counts": counts,
        "open": sum(counts.values()),
        "chart": _trend(found),
        "parts": choices_of("quality_part"),
    }
    return render(request, "quality/overview.html", context)


def _trend(found: list[SourceQuality]) -> dict[str, Any]:
    days = sorted({point.day.isoformat() for source in found for point in source.days})
    # Whole tens below the lowest score: a hundredth of a point must not look like a fall.
    lowest = int(min((point.total for source in found for point in source.days), default=100)) - 1
    return {
        "legend": {},
        "xAxis": {"type": "category", "data": days},
        "yAxis": {"type": "value", "max": 100, "min": max(lowest - lowest % 10, 0)},
        "series": [
            {
                "type": "line",
                "name": source.account,
                "showSymbol": len(source.days) < 2,
                "connectNulls": True,
                "data": [
                    {point.day.isoformat(): point.total for point in source.days}.get(day) for day in days
                ],
                "tooltip": {"valueFormatter": {"$format": "decimal"}},
            }
            for source in found
        ],
    }


@requires("imports.view")
def show_issues(request: HttpRequest) -> HttpResponse:
    """Issues to work through."""
    wanted = {
        "state": request.GET.get("state", "open"),
        "rule": request.GET.get("rule", ""),
        "account_id": request.GET.get("account", ""),
    }
    page = page_number(request)
    found, total = queries.issues_page(**wanted, limit=PAGE_SIZE, offset=(page - 1) * PAGE_SIZE)
    context = {
        "issues": found,
        "pager": Pager(page=page, size=PAGE_SIZE, total=total),
        "states": choices_of("quality_state"),
        "rules": choices_of("quality_rule"),
        "accounts": sorted(queries.account_names().items(), key=lambda item: item[1]),
        "is_filtered": wanted != {"state": "open", "rule": "", "account_id": ""},
        **wanted,
    }
    return render(request, "quality/issues.html", context)


@requires("imports.view")
def show_issue(request: HttpRequest, issue_id: str) -> HttpResponse:
    """One issue and what may be done about it."""
    return _issue_page(request, issue_id)


def _issue_page(request: HttpRequest, issue_id: str, *, error: str = "", typed: str = "") -> HttpResponse:
    view = queries.issue(issue_id)
    corrections, _total = queries.corrections_page(issue_id=issue_id)
    context = {
        "issue": view,
        "corrections": corrections,
        "column_label": queries.column_label(view.column) if view.column else "",
        "typed": typed or _proposal(view),
        "is_money": view.column in {"paid_minor", "list_minor"},
        "order_states": choices_of("order_status"),
        "next_id": queries.next_issue(issue_id),
        "error": error,
    }
    return render(request, "quality/issue.html", context, status=422 if error else 200)


def _proposal(view: IssueView) -> str:
    """The suggestion as one types it: money with its decimals."""
    if view.suggestion is None:
        return ""
    if view.column in {"paid_minor", "list_minor"}:
        return f"{to_major(view.suggestion, view.currency or 'CNY')}"
    return str(view.suggestion)


@require_POST
@requires("imports.edit")
def decide_issue(request: HttpRequest, issue_id: str) -> HttpResponse:
    """Accept, ignore or open again; then on to the next."""
    decision = request.POST.get("decision", "")
    try:
        decide(actor=actor_of(request), at=now(), issue_id=issue_id, decision=decision)
    except Refused as refusal:
        messages.error(request, str(refusal.message))
        return redirect("quality:issue", issue_id=issue_id)
    return _onward(request, issue_id, stay=decision == "open")


def _onward(request: HttpRequest, issue_id: str, *, stay: bool = False) -> HttpResponse:
    following = queries.next_issue(issue_id)
    if stay:
        return redirect("quality:issue", issue_id=issue_id)
    messages.success(request, _("Done; it can be taken back on the issue's page."))
    return redirect("quality:issue", issue_id=following) if following else redirect("quality:issues")


@require_POST
@requires("imports.edit")
def correct_issue(request: HttpRequest, issue_id: str) -> HttpResponse:
    """Set the value."""
    typed = request.POST.get("value", "")[:500]
    view = queries.issue(issue_id)
    try:
        correct(actor=actor_of(request), at=now(), issue_id=issue_id, value=_machine_value(view, typed))
    except Refused as refusal:
        return _issue_page(request, issue_id, error=str(refusal.message), typed=typed)
    return _onward(request, issue_id)


def _machine_value(view: IssueView, typed: str) -> str:
    """Money as typed (12.50) in the smallest coin; what cannot be read goes on and is refused there."""
    if view.column not in {"paid_minor", "list_minor"}:
        return typed
    try:
        amount = Decimal(typed.strip().replace(",", "")).scaleb(exponent(view.currency or "CNY"))
    except InvalidOperation:
        return typed
    return str(int(amount)) if amount == amount.to_integral_value() and amount >= 0 else typed


@requires("imports.view")
def show_corrections(request: HttpRequest) -> HttpResponse:
    """Every correction, newest first."""
    page = page_number(request)
    found, total = queries.corrections_page(limit=PAGE_SIZE, offset=(page - 1) * PAGE_SIZE)
    pager = Pager(page=page, size=PAGE_SIZE, total=total)
    return render(request, "quality/corrections.html", {"corrections": found, "pager": pager})


@require_POST
@requires("imports.edit")
def revert_correction(request: HttpRequest, correction_id: str) -> HttpResponse:
    """Put back what was there."""
    try:
        view = revert(actor=actor_of(request), at=now(), correction_id=correction_id)
    except Refused as refusal:
        messages.error(request, str(refusal.message))
        return redirect("quality:corrections")
    messages.success(request, _("The value is what it was before."))
    return redirect("quality:issue", issue_id=view.issue_id)


@require_POST
@requires("imports.edit")
def check_now(request: HttpRequest) -> HttpResponse:
    """Run every rule soon."""
    request_check()
    messages.success(request, _("The check was queued; the page shows its result in a minute."))
    return redirect("quality:overview")
