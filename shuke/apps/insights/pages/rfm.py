"""Choosing the borders of the scores and the rules of the segments: try them on today's members, then score by them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from shuke.apps.insights.forms.rfm import RfmForm, shown_rfm, typed_rfm
from shuke.apps.insights.forms.rfm_rules import RulesForm, built_scheme_of, shown_rules, typed_rules
from shuke.apps.insights.operations import save_rfm_scheme
from shuke.apps.insights.pages.rfm_words import range_choices, range_value
from shuke.apps.insights.queries import latest_build
from shuke.apps.insights.queries.rfm import built_scheme, rfm_preview, rfm_scheme, rfm_version, rfm_versions
from shuke.apps.insights.schemas import RfmPreview, RfmVersionView
from shuke.platform.clock import now
from shuke.platform.errors import Refused
from shuke.platform.money import exponent
from shuke.platform.retailer.queries import retailer
from shuke.science.rfm_scheme import RANGES, RfmScheme
from shuke.web.access import actor_of, requires
from shuke.web.labels import label_of

#: Moves between segments that the preview tells one by one.
MOVES = 8


@dataclass(frozen=True)
class _Typed:
    """What stands in the form, the scheme that it makes, and what is wrong with it."""

    borders: RfmForm
    rules: RulesForm
    scheme: RfmScheme | None
    faults: list[str]


@requires("insights.edit")
def rfm_page(request: HttpRequest) -> HttpResponse:
    """Borders and rules in use; posted ones are tried out, or saved where the button says so."""
    known = rfm_scheme()
    if request.method != "POST":
        return _shown(request, _begun(_wanted(request, known)), known=known)
    typed = _read(request, known=known)
    if "save" not in request.POST or typed.scheme is None:
        is_refused = typed.scheme is None and ("save" in request.POST or "try" in request.POST)
        return _shown(request, typed, known=known, status=422 if is_refused else 200)
    version = request.POST.get("version", "")
    try:
        save_rfm_scheme(
            actor=actor_of(request),
            at=now(),
            scheme=typed.scheme,
            version=int(version) if version.isascii() and version.isdigit() and len(version) < 9 else -1,
        )
    except Refused as error:
        return _shown(request, typed, known=known, refusal=str(error.message), status=error.status)
    messages.success(request, _("Borders and rules are saved. Scores are computed anew in the background."))
    return redirect("insights:layers")


def _wanted(request: HttpRequest, known: RfmVersionView) -> RfmScheme:
    """The scheme to begin with: that of a version that was asked for, else the one in use."""
    number = request.GET.get("version", "")
    if not number:
        return known.scheme
    found = rfm_version(int(number)) if number.isascii() and number.isdigit() and len(number) < 9 else None
    if found is None:
        raise Http404
    return found.scheme


def _begun(scheme: RfmScheme) -> _Typed:
    # Who wants own borders begins with those that today's fifths have.
    begin = scheme if scheme.frequency else built_scheme() or scheme
    borders = shown_rfm(begin, method=scheme.method, digits=exponent(retailer().currency))
    return _Typed(borders, shown_rules(scheme), scheme, [])


def _read(request: HttpRequest, *, known: RfmVersionView) -> _Typed:
    borders = typed_rfm(request.POST, digits=exponent(retailer().currency))
    rules = typed_rules(request.POST, known=known.scheme)
    scheme, faults = built_scheme_of(
        method="quantiles" if borders.faults else borders.method, borders=borders.borders, form=rules
    )
    return _Typed(borders, rules, None if borders.faults else scheme, [*borders.faults, *faults])


def _shown(
    request: HttpRequest, typed: _Typed, *, known: RfmVersionView, refusal: str = "", status: int = 200
) -> HttpResponse:
    preview = rfm_preview(typed.scheme) if typed.scheme and request.method == "POST" else None
    digits = exponent(retailer().currency)
    context = {
        "form": typed.borders,
        "rows": typed.borders.rows(),
        "faults": typed.faults,
        "refusal": refusal,
        "version": known.number,
        "versions": rfm_versions(limit=10),
        "build": latest_build(),
        "currency": retailer().currency,
        "step": f"{10**-digits:.{digits}f}",
        **_rules(typed.rules),
        **_previewed(preview, typed.rules),
    }
    return render(request, "insights/rfm.html", context, status=status)


def _rules(form: RulesForm) -> dict[str, Any]:
    names = _names(form)
    return {
        "rules": [
            {
                "number": number,
                "place": number - 1,
                "segment": rule.segment,
                "ranges": [{"name": name, "value": range_value(getattr(rule, name))} for name in RANGES],
            }
            for number, rule in enumerate(form.rules, start=1)
        ],
        "range_choices": range_choices(),
        "rest": form.rest,
        "outside": form.outside,
        "names": form.names,
        "segment_choices": list(names.items()),
    }


def _names(form: RulesForm) -> dict[str, str]:
    """Segment → what the form calls it in the reader's language."""
    language = "chinese" if get_language() == "zh-hans" else "english"
    return {name.segment: getattr(name, language) or name.segment for name in form.names}


def _previewed(preview: RfmPreview | None, form: RulesForm) -> dict[str, Any]:
    """The preview in the names that the form gives; segments that it no longer has keep theirs."""
    if preview is None:
        return {"preview": None}
    names = _names(form)

    def named(segment: str) -> str:
        return names.get(segment) or label_of("rfm_segment", segment)

    return {
        "preview": preview,
        "segments": [
            {"name": named(one.segment), "members": one.members, "would_be": one.would_be}
            for one in preview.segments
            if one.members or one.would_be
        ],
        "moves": [
            {"was": named(one.was), "would_be": named(one.would_be), "members": one.members}
            for one in preview.moves[:MOVES]
        ],
        "dead": [
            {"rule": one.rule, "name": named(one.segment), "taken_by": ", ".join(map(str, one.taken_by))}
            for one in preview.rules[:-1]
            if not one.scores
        ],
        "shares": preview.rules,
        "rest_scores": preview.rules[-1].scores,
        "rest_name": named(preview.rules[-1].segment),
    }
