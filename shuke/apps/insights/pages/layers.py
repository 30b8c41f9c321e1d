"""Who are my best members, and are they moving?"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext_lazy, pgettext_lazy
from django.views.decorators.http import require_safe

from shuke.apps.insights.pages import layer_charts
from shuke.apps.insights.pages.rfm_words import rule_rows, score_rows
from shuke.apps.insights.pages.saving import in_layers, moved_layers
from shuke.apps.insights.pages.studies import study_context
from shuke.apps.insights.queries import layer_names, scheme_name
from shuke.science.rfm_scheme import ANY, scheme_of
from shuke.web.access import requires
from shuke.web.labels import register_labels

SCHEMES = ("lifecycle", "spend", "rfm", "need")
PERIODS = (7, 28, 91)
MEASURES: Mapping[str, tuple[Any, str]] = {
    "members": (gettext_lazy("Members"), "integer"),
    "money_minor": (gettext_lazy("Money"), "money"),
    "average_minor": (gettext_lazy("Money per member"), "money"),
}
#: Moves and cells that are listed.
LISTED = 12
#: Smaller schemes shown with their sizes of today alone.
SMALL = ("rhythm", "discount", "channel")


@require_safe
@requires("insights.view")
def layers_page(request: HttpRequest) -> HttpResponse:
    """The matrix of value and life, flows, sizes over time, needs and the scores explained."""
    context = study_context(request, "layers")
    result = context["result"]
    if result:
        scheme = _chosen(request, "scheme", [code for code in SCHEMES if result["sizes"][code]["days"]])
        measure = _chosen(request, "measure", list(MEASURES))
        context |= {
            "measures": [(code, name) for code, (name, _format) in MEASURES.items()],
            "measure": measure,
            "schemes": [(code, scheme_name(code)) for code in SCHEMES if result["sizes"][code]["days"]],
            "scheme": scheme,
            "matrix": _matrix(result, measure, context["currency"]),
            "cells": _cells(result),
            **_movement(request, result, scheme),
            "needs": _needs(result),
            "rfm": _rfm(result),
            "small": [_small(result, code) for code in SMALL if result["sizes"][code]["days"]],
        }
    return render(request, "insights/layers.html", context)


def _chosen(request: HttpRequest, name: str, known: list[str]) -> str:
    wanted = request.GET.get(name, "")
    return wanted if wanted in known else known[0]


def _matrix(result: Mapping[str, Any], measure: str, currency: str) -> dict[str, Any]:
    name, kind = MEASURES[measure]
    show = {"$format": kind} | ({"currency": currency} if kind == "money" else {})
    used = {cell["row"] for cell in result["matrix"]}, {cell["column"] for cell in result["matrix"]}
    return layer_charts.matrix(
        result["matrix"],
        rows=[(code, text) for code, text in layer_names("spend").items() if code in used[0]],
        columns=[(code, text) for code, text in layer_names("lifecycle").items() if code in used[1]],
        measure=measure,
        name=str(name),
        show=show,
    )


def _cells(result: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Cells of the matrix, those with most money first, each with the conditions of its members."""
    names = layer_names("value_lifecycle")
    found = []
    for cell in sorted(result["matrix"], key=lambda c: (-c["money_minor"], -c["members"]))[:LISTED]:
        code = f"{cell['row']}|{cell['column']}"
        found.append(cell | {"name": names.get(code, code), "conditions": in_layers("value_lifecycle", code)})
    return found


def _movement(request: HttpRequest, result: Mapping[str, Any], scheme: str) -> dict[str, Any]:
    """Flows of the scheme over the chosen period, and its sizes over time."""
    names = _names(result, scheme)
    flows = result["flows"][scheme]
    found: dict[str, Any] = {"sizes": layer_charts.sizes(result["sizes"][scheme], names), "flow": None}
    if not flows:
        return found
    wanted = request.GET.get("days", "28")
    flow = next((one for one in flows if str(one["days"]) == wanted), flows[0])
    return found | {
        "periods": [one["days"] for one in flows],
        "days": flow["days"],
        "flow": layer_charts.sankey(flow["rows"], names),
        "from_day": date.fromisoformat(flow["from_day"]),
        "moves": _moves(flow, scheme, names),
    }


def _moves(flow: Mapping[str, Any], scheme: str, names: Mapping[str, str]) -> list[dict[str, Any]]:
    """Who changed the layer, most first; of who was not there before only the number is known."""
    rows = []
    for row in flow["rows"]:
        before, after = row["from_layer"], row["to_layer"]
        if before == after or before is None or after is None:
            continue
        conditions = moved_layers(scheme, from_layers=[before], to_layers=[after], days=flow["days"])
        rows.append(row | {"before": names[before], "after": names[after], "conditions": conditions})
    return rows[:LISTED]


def _names(result: Mapping[str, Any], scheme: str) -> dict[str, str]:
    """Names of every layer that occurs, in the order people read them."""
    named = layer_names(scheme)
    used = set(result["sizes"][scheme]["layers"])
    for flow in result["flows"].get(scheme, ()):
        used |= {row[side] for row in flow["rows"] for side in ("from_layer", "to_layer")} - {None}
    known = {code: name for code, name in named.items() if code in used}
    return known | {code: code for code in sorted(used - known.keys())}


def _needs(result: Mapping[str, Any]) -> list[dict[str, Any]]:
    names = layer_names("need")
    total = sum(row["members"] for row in result["needs"]) or 1
    money = result["totals"]["money_minor"] or 1
    return [
        row
        | {
            "name": names.get(row["code"], row["code"]),
            "share": row["members"] / total,
            "money_share": row["money_minor"] / money,
            "category_names": [name for name, _weight in row["categories"]],
            "conditions": in_layers("need", row["code"]),
        }
        for row in result["needs"]
    ]


def _rfm(result: Mapping[str, Any]) -> dict[str, Any]:
    names = layer_names("rfm")
    data = result["rfm"]["scheme"]
    scheme = scheme_of(data) if data else None
    return {
        "scheme": scheme,
        "scores": score_rows(scheme) if scheme else [],
        "rules": rule_rows(scheme) if scheme else [],
        "asks_each": any(
            ANY not in {rule.frequency, rule.monetary} or rule.frequency != rule.monetary
            for rule in (scheme.rules if scheme else ())
        ),
        "segments": [
            row
            | {
                "name": names.get(row["layer"], row["layer"]),
                "conditions": in_layers("rfm", row["layer"]),
            }
            for row in result["rfm"]["segments"]
        ],
    }


def _small(result: Mapping[str, Any], scheme: str) -> dict[str, Any]:
    names = _names(result, scheme)
    sizes = {code: counts[-1] for code, counts in result["sizes"][scheme]["layers"].items()}
    total = sum(sizes.values()) or 1
    return {
        "name": scheme_name(scheme),
        "layers": [
            {
                "name": name,
                "members": sizes.get(code, 0),
                "share": sizes.get(code, 0) / total,
                "conditions": in_layers(scheme, code),
            }
            for code, name in names.items()
        ],
    }


def register() -> None:
    """Give the fixed layers their words."""
    register_labels(
        "layer:spend",
        {
            "high": (pgettext_lazy("layers", "High spend"), "purple"),
            "middle": (pgettext_lazy("layers", "Middle spend"), "blue"),
            "low": (pgettext_lazy("layers", "Low spend"), "grey"),
            "none": (pgettext_lazy("layers", "No order in a year"), "grey"),
        },
    )
    register_labels(
        "layer:rhythm",
        {
            "several_a_week": (pgettext_lazy("layers", "Several times a week"), "purple"),
            "weekly": (pgettext_lazy("layers", "Every week"), "green"),
            "fortnightly": (pgettext_lazy("layers", "Every two or three weeks"), "blue"),
            "monthly": (pgettext_lazy("layers", "Every month"), "yellow"),
            "rarely": (pgettext_lazy("layers", "More rarely"), "grey"),
            "once": (pgettext_lazy("layers", "Came once"), "grey"),
        },
    )
    register_labels(
        "layer:discount",
        {
            "full_price": (pgettext_lazy("layers", "Mostly at full price"), "green"),
            "mixed": (pgettext_lazy("layers", "Full price and offers"), "blue"),
            "offers": (pgettext_lazy("layers", "Mostly on offer"), "yellow"),
        },
    )
    register_labels("layer:need", {"mixed": (pgettext_lazy("layers", "No need stands out"), "grey")})
