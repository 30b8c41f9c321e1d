"""Pages of tiers: how members are spread and flow, the ladder as a form, trying and publishing it."""

from datetime import date, timedelta
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from shuke.apps.loyalty.forms.tiers import LadderForm, PublishForm, TierRows, initial_of, terms_from
from shuke.apps.loyalty.operations import tiers as operations
from shuke.apps.loyalty.pages import tier_words as words
from shuke.apps.loyalty.queries import tiers as queries
from shuke.apps.loyalty.schemas.tiers import TierProgramView, TierTrialView
from shuke.platform.clock import business_date, now
from shuke.platform.errors import Invalid, Refused
from shuke.platform.jobs.queries import job_of_key
from shuke.platform.retailer.queries import retailer
from shuke.web.access import actor_of, requires
from shuke.web.forms import names_initial
from shuke.web.paging import Pager, page_number

PAGE_SIZE = 50
#: Days between the two sides of the flows unless somebody chooses others.
FLOW_DAYS = 90
LATELY = timedelta(days=30)


def _today() -> date:
    return business_date(now(), retailer().time_zone)


def _day(text: str | None, *, otherwise: date) -> date:
    try:
        return date.fromisoformat(text or "")
    except ValueError:
        return otherwise


@require_safe
@requires("loyalty.view")
def show_tiers(request: HttpRequest) -> HttpResponse:
    """The programme: its ladder, how members are spread, how they flowed, who moved lately."""
    today = _today()
    programs = queries.tier_programs(today=today)
    program = next(
        (p for p in programs if p.id == request.GET.get("program")), programs[0] if programs else None
    )
    context: dict[str, Any] = {"programs": programs, "program": program, "today": today}
    if program is not None:
        context |= _overview(request, program, today=today)
    return render(request, "loyalty/tiers/overview.html", context)


def _overview(request: HttpRequest, program: TierProgramView, *, today: date) -> dict[str, Any]:
    last = min(_day(request.GET.get("last"), otherwise=today), today)
    first = min(_day(request.GET.get("first"), otherwise=last - timedelta(days=FLOW_DAYS)), last)
    shares = queries.tier_shares(program.id)
    names = _names(program, shares)
    found = queries.tier_flows(program.id, first=first, last=last) if first < last else []
    changes, moved = queries.tier_changes(program.id, since=today - LATELY, limit=8)
    total = sum(share.members for share in shares)
    return {
        "is_placed": program.placed_through is not None and total > 0,
        "shares": shares,
        "total": total,
        "distribution": words.distribution(shares),
        "flows": words.flows(found, names) if found else None,
        "first": first,
        "last": last,
        "changes": _changes(changes, names),
        "moved": moved,
        "ladder": _ladder(program, {share.code: share.members for share in shares}, total=total),
        "counter": words.counter_text(program.current.terms.counter) if program.current else "",
        "trial": queries.newest_trial(program.draft.id) if program.draft else None,
    }


def _names(program: TierProgramView, shares: Any = ()) -> dict[str, str]:
    """Names by code, from the lowest: of every version and the draft, in the newest order."""
    names = {share.code: share.name for share in shares if share.code}
    newest = [*program.versions[:1], *([program.draft] if program.draft else [])]
    for version in newest:
        fresh = {tier.code: tier.name for tier in version.terms.tiers}
        names = {code: name for code, name in names.items() if code not in fresh} | fresh
    return names


def _ladder(program: TierProgramView, members: dict[str, int], *, total: int) -> list[dict[str, Any]]:
    version = program.current or (program.versions[-1] if program.versions else program.draft)
    if version is None:
        return []
    names = {tier.code: tier.name for tier in version.terms.tiers}
    return [
        {
            "tier": tier,
            "tone": words.tone_of(tier.code, names),
            "reach": words.amount_text(tier.reach, version.terms.counter),
            "keep": words.amount_text(tier.keep, version.terms.counter),
            "members": members.get(tier.code, 0),
            "share": members.get(tier.code, 0) / total if total else 0,
        }
        for tier in reversed(version.terms.tiers)
    ]


def _changes(changes: Any, names: dict[str, str]) -> list[dict[str, Any]]:
    ranks = {code: place for place, code in enumerate(names, 1)}
    return [
        {
            "change": change,
            "before": words.name_of(change.code_from, names),
            "after": words.name_of(change.code_to, names),
            "tones": [words.tone_of(code, names) for code in (change.code_from, change.code_to)],
            "is_up": ranks.get(change.code_to, 0) > ranks.get(change.code_from, 0),
        }
        for change in changes
    ]


@require_safe
@requires("loyalty.view")
def show_moves(request: HttpRequest, program_id: str) -> HttpResponse:
    """Everybody who moved since a day."""
    today, page = _today(), page_number(request)
    since = _day(request.GET.get("since"), otherwise=today - LATELY)
    program = queries.tier_program(program_id, today=today)
    changes, total = queries.tier_changes(
        program_id, since=since, limit=PAGE_SIZE, offset=(page - 1) * PAGE_SIZE
    )
    context = {
        "program": program,
        "since": since,
        "changes": _changes(changes, _names(program)),
        "pager": Pager(page=page, size=PAGE_SIZE, total=total),
    }
    return render(request, "loyalty/tiers/moves.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@requires("loyalty.edit")
def edit_tiers(request: HttpRequest, program_id: str = "") -> HttpResponse:
    """The ladder as a form: of a new programme, of the draft, or of what will become one."""
    today = _today()
    program = queries.tier_program(program_id, today=today) if program_id else None
    version = program and (program.draft or (program.versions[0] if program.versions else None))
    flags = {"is_first": program is None or not program.versions}
    currency = retailer().currency
    base, rows = initial_of(version, currency=currency) if version else ({"valid_from": today}, STARTERS)
    base |= names_initial(program.names, program.name) if program else {}
    if request.method == "POST":
        form, formset = LadderForm(request.POST, **flags), TierRows(request.POST, prefix="tiers")
        if "more" in request.POST:
            formset = TierRows(_with_more_rows(request), prefix="tiers")
        elif form.is_valid() and formset.is_valid() and (saved := _save(request, form, formset, program)):
            return _after_saving(request, saved, today=today)
    else:
        form, formset = LadderForm(initial=base, **flags), TierRows(initial=rows, prefix="tiers")
    context = {"form": form, "rows": formset, "program": program, "currency": currency}
    status = 422 if request.method == "POST" and "more" not in request.POST else 200
    return render(request, "loyalty/tiers/edit.html", context, status=status)


#: What a new programme begins with; the names are the retailer's to change.
STARTERS = [
    {"name_en": "Silver", "name_zh": "银卡", "reach": 1_000},
    {"name_en": "Gold", "name_zh": "金卡", "reach": 5_000},
    {"name_en": "Platinum", "name_zh": "白金卡", "reach": 10_000},
]


def _with_more_rows(request: HttpRequest) -> Any:
    data = request.POST.copy()
    text = data.get("tiers-TOTAL_FORMS", "")
    data["tiers-TOTAL_FORMS"] = str(min(int(text) + 2, 12)) if text.isascii() and text.isdigit() else "4"
    return data


def _save(request: HttpRequest, form: LadderForm, rows: Any, program: TierProgramView | None) -> str:
    """The programme's id once the draft is kept; empty, with the errors in the form, if it cannot be."""
    actor, at, base = actor_of(request), now(), form.cleaned_data
    filled = [row.cleaned_data for row in rows.forms]
    try:
        terms = terms_from(base, filled, currency=retailer().currency)
        if program is None:
            made = operations.create_tier_program(
                actor=actor,
                at=at,
                today=_today(),
                names=form.names(),
                terms=terms,
                valid_from=base.get("valid_from"),
            )
            return made.id
        operations.save_tier_draft(
            actor=actor,
            at=at,
            program_id=program.id,
            terms=terms,
            valid_from=base.get("valid_from"),
            note=base["note"],
            names=form.names(),
        )
    except Invalid as refusal:
        _mark(form, rows, refusal, filled)
        return ""
    except Refused as refusal:
        form.add_error(None, str(refusal.message))
        return ""
    return program.id


def _mark(form: LadderForm, rows: Any, refusal: Invalid, filled: list[dict[str, Any]]) -> None:
    """Put each message where it belongs; what belongs nowhere stands above the form."""
    places = [n for n, row in enumerate(filled) if _is_filled(row)]
    for field, said in refusal.details.items():
        part, _dot, rest = field.partition(".")
        number, _dot, column = rest.partition(".")
        if part == "tiers" and number.isdigit() and int(number) < len(places):
            row = rows.forms[places[int(number)]]
            for message in said:
                row.add_error(
                    column if column in row.fields and column != "code" else "name_en", str(message)
                )
        else:
            for message in said:
                place = {"name": "name_en"}.get(part, part)
                form.add_error(place if place in form.fields else None, str(message))


def _is_filled(row: dict[str, Any]) -> bool:
    return bool(row.get("name_en") or row.get("name_zh")) or row.get("reach") is not None


def _after_saving(request: HttpRequest, program_id: str, *, today: date) -> HttpResponse:
    if "try" in request.POST:
        return _tried(request, program_id, today=today)
    messages.success(request, _("The draft is kept. Nobody is moved before it is tried and published."))
    return redirect(_address(program_id))


def _address(program_id: str) -> str:
    return f"{reverse('loyalty:tiers')}?program={program_id}"


def _tried(request: HttpRequest, program_id: str, *, today: date) -> HttpResponse:
    if queries.is_large_history():
        operations.request_tier_trial(actor=actor_of(request), at=now(), program_id=program_id)
        return redirect("loyalty:tier_trying", program_id)
    trial = operations.try_tier_draft(actor=actor_of(request), at=now(), today=today, program_id=program_id)
    return redirect("loyalty:tier_trial", program_id, trial.id)


@require_POST
@requires("loyalty.edit")
def try_tiers(request: HttpRequest, program_id: str) -> HttpResponse:
    """Count everybody by the draft."""
    return _tried(request, program_id, today=_today())


@require_safe
@requires("loyalty.view")
def show_trying(request: HttpRequest, program_id: str) -> HttpResponse:
    """How far the trial in the background is; goes on to its result when that is there."""
    program = queries.tier_program(program_id, today=_today())
    job = job_of_key(queries.trial_key(program_id))
    is_busy = job is not None and job.state in {"ready", "running"}
    trial = queries.newest_trial(program.draft.id) if program.draft and not is_busy else None
    where = reverse("loyalty:tier_trial", args=[program_id, trial.id]) if trial else ""
    context = {"program": program, "job": job, "is_busy": is_busy}
    if getattr(request, "htmx", False):
        if is_busy:
            return render(request, "loyalty/tiers/progress.html", context)
        answer = HttpResponse(status=204)
        answer["HX-Redirect"] = where or request.path
        return answer
    if where and (job is None or job.state not in {"failed", "cancelled"}):
        return redirect(where)
    return render(request, "loyalty/tiers/trying.html", context)


@require_POST
@requires("loyalty.edit")
def drop_draft(request: HttpRequest, program_id: str) -> HttpResponse:
    """Throw the draft away."""
    operations.drop_tier_draft(actor=actor_of(request), at=now(), program_id=program_id)
    messages.success(request, _("The draft is gone."))
    return redirect("loyalty:tiers")


@require_safe
@requires("loyalty.view")
def show_trial(request: HttpRequest, program_id: str, trial_id: str) -> HttpResponse:
    """What the draft would do, who would move, and publishing it."""
    return _trial_page(request, program_id, trial_id, form=None)


def _trial_page(
    request: HttpRequest, program_id: str, trial_id: str, *, form: PublishForm | None
) -> HttpResponse:
    today, page = _today(), page_number(request)
    program, trial = queries.tier_program(program_id, today=today), queries.tier_trial(trial_id)
    names = _names(program)
    cell = {key: request.GET.get(key) for key in ("code_from", "code_to")}
    moves, total = queries.trial_moves(trial_id, **cell, limit=PAGE_SIZE, offset=(page - 1) * PAGE_SIZE)
    context = {
        "program": program,
        "trial": trial,
        "matrix": words.matrix(trial, names),
        "moves": [
            {
                "move": move,
                "before": words.name_of(move.code_from, names),
                "after": words.name_of(move.code_to, names),
                "count": words.amount_text(move.count, trial.counter),
            }
            for move in moves
        ],
        "cell": cell if cell["code_from"] is not None and cell["code_to"] is not None else None,
        "cell_names": [words.name_of(cell[key] or "", names) for key in ("code_from", "code_to")],
        "pager": Pager(page=page, size=PAGE_SIZE, total=total),
        "is_current": _is_current(program, trial, today=today),
        "is_published": program.draft is None or program.draft.id != trial.version_id,
        "publish_form": form or PublishForm(initial={"valid_from": _first_day(program, today=today)}),
        "currency": retailer().currency,
    }
    return render(request, "loyalty/tiers/trial.html", context, status=422 if form else 200)


def _is_current(program: TierProgramView, trial: TierTrialView, *, today: date) -> bool:
    is_draft = program.draft is not None and program.draft.id == trial.version_id
    return is_draft and not trial.is_stale and trial.today == today


def _first_day(program: TierProgramView, *, today: date) -> date:
    if not program.versions:
        return (program.draft.valid_from if program.draft else None) or today
    newest = program.versions[0].valid_from or today
    return max(newest, today) + timedelta(days=1)


@require_POST
@requires("loyalty.edit")
def publish_tiers(request: HttpRequest, program_id: str, trial_id: str) -> HttpResponse:
    """Publish the draft as this trial saw it."""
    form = PublishForm(request.POST)
    if form.is_valid():
        try:
            operations.publish_tier_version(
                actor=actor_of(request),
                at=now(),
                today=_today(),
                program_id=program_id,
                trial_id=trial_id,
                valid_from=form.cleaned_data["valid_from"],
            )
        except Refused as refusal:
            form.add_error("valid_from", str(refusal.message))
        else:
            messages.success(
                request, _("Published. Members are being placed; the page shows them in a moment.")
            )
            return redirect(_address(program_id))
    return _trial_page(request, program_id, trial_id, form=form)
