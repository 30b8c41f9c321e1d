"""The queue: pairs that a person decides, side by side."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from shuke.apps.identity import operations, queries
from shuke.apps.identity.pages.words import levels, named_side, percent, reason
from shuke.apps.identity.schemas import PersonSide, SuggestionDetail
from shuke.platform.clock import now
from shuke.platform.errors import Refused
from shuke.web.access import actor_of, requires
from shuke.web.paging import Pager, page_number

PAGE_SIZE = 25
STATES = ("open", "merged", "rejected")


@require_GET
@requires("members.view")
def queue(request: HttpRequest) -> HttpResponse:
    """Pairs that wait for a person, the surest first; others by state."""
    state = request.GET.get("state", "open")
    state = state if state in STATES else "open"
    page = page_number(request)
    rows, total = queries.suggestions_page(state=state, limit=PAGE_SIZE, offset=(page - 1) * PAGE_SIZE)
    context = {
        "rows": [{"pair": row, "reason": reason(row.evidence), "percent": percent(row)} for row in rows],
        "pager": Pager(page, PAGE_SIZE, total),
        "state": state,
        "counts": queries.suggestion_counts(),
        "states": STATES,
        "has_searched": bool(queries.match_runs(limit=1)),
        "here": "queue",
    }
    return render(request, "identity/queue.html", context)


@require_GET
@requires("members.view")
def suggestion(request: HttpRequest, suggestion_id: str) -> HttpResponse:
    """One pair side by side, with what agrees and what does not."""
    return _pair(request, queries.suggestion(suggestion_id), is_clear=False)


@require_POST
@requires("members.unmask")
def reveal(request: HttpRequest, suggestion_id: str) -> HttpResponse:
    """The pair in the clear, this once; the audit remembers who looked."""
    found = operations.unmask_suggestion(actor=actor_of(request), at=now(), suggestion_id=suggestion_id)
    answer = _pair(request, found, is_clear=True)
    answer["Cache-Control"] = "no-store"
    return answer


def _pair(request: HttpRequest, found: SuggestionDetail, *, is_clear: bool) -> HttpResponse:
    actor = actor_of(request)
    context = {
        "pair": found.suggestion,
        "sides": [named_side(side) for side in found.sides],
        "reason": reason(found.suggestion.evidence),
        "levels": levels(found.suggestion.evidence),
        "percent": percent(found.suggestion),
        "shared": _shared(found.sides),
        "is_open": found.suggestion.state in ("open", "proposed"),
        "may_edit": actor.may("members.edit"),
        "may_unmask": not is_clear and actor.may("members.unmask"),
    }
    return render(request, "identity/suggestion.html", context)


def _shared(sides: list[PersonSide]) -> set[str]:
    """Keys of the identifiers that stand on both sides."""
    values = [{row.person_key for row in [*side.identifiers, *side.claims]} for side in sides]
    return values[0] & values[1]


@require_POST
@requires("members.edit")
def decide(request: HttpRequest, suggestion_id: str) -> HttpResponse:
    """Merge the pair, keep it apart, or look at it again; then the next one."""
    decision = request.POST.get("decision", "")
    actor, at = actor_of(request), now()
    try:
        if decision == "merge":
            survivor = request.POST.get("survivor", "")
            operations.accept_suggestion(
                actor=actor, at=at, suggestion_id=suggestion_id, survivor_id=survivor
            )
            messages.success(request, _("Merged. You can undo it under “Merges” at any time."))
        elif decision == "apart":
            operations.reject_suggestion(actor=actor, at=at, suggestion_id=suggestion_id)
            messages.success(request, _("Kept apart. No search will propose this pair again."))
        elif decision == "again":
            operations.reopen_suggestion(actor=actor, at=at, suggestion_id=suggestion_id)
            return redirect("identity:suggestion", suggestion_id)
    except Refused as refusal:
        messages.error(request, str(refusal.message))
        return redirect("identity:suggestion", suggestion_id)
    following, _total = queries.suggestions_page(limit=1)
    return redirect("identity:suggestion", following[0].id) if following else redirect("identity:queue")
