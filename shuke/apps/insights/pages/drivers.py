"""What goes with what?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from shuke.apps.insights.pages.member_kinds import NAMES, heat_map
from shuke.apps.insights.pages.studies import study_context
from shuke.web.access import requires
from shuke.web.labels import label_of

Option = dict[str, Any]

#: Factors from this loading on belong to a measure.
NOTABLE = 0.4
#: Pairs in the table.
LISTED = 8
#: From this probability on a difference may be chance.
CHANCE = 0.05


@require_safe
@requires("insights.view")
def drivers_page(request: HttpRequest) -> HttpResponse:
    """Correlations, odds with their intervals, and the factors behind the measures."""
    context = study_context(request, "drivers")
    result = context["result"]
    if result:
        measures = result["measures"]
        context |= {
            "correlations": _correlations(result["pairs"], measures),
            "pairs": [_named(pair) for pair in result["pairs"] if pair["q_value"] <= CHANCE][:LISTED],
            "dependences": [_named(pair) for pair in result["names"]],
            "outcomes": [_outcome(outcome) for outcome in result["outcomes"]],
            "factors": _factors(result["factors"]["loadings"], measures),
            "factor_rows": _factor_rows(result["factors"], measures),
        }
    return render(request, "insights/drivers.html", context)


def _named(pair: dict[str, Any]) -> dict[str, Any]:
    names = {side: label_of("measure", pair[side]) for side in ("first", "second")}
    return pair | names


def _correlations(pairs: Sequence[dict[str, Any]], measures: list[str]) -> Option:
    """The lower half of the matrix: what chance could have made is left empty."""
    place = {name: number for number, name in enumerate(measures)}
    data = []
    for pair in pairs:
        row, column = sorted((place[pair["first"]], place[pair["second"]]), reverse=True)
        data.append([column, row, pair["value"] if pair["q_value"] <= CHANCE else "-"])
    names = [label_of("measure", name) for name in measures]
    return heat_map(data, columns=names, rows=names, most=1.3, name=_("Rank correlation"))


def _outcome(outcome: dict[str, Any]) -> dict[str, Any]:
    names = {
        "came_back": _("Who comes back in the next quarter?"),
        "high_value": _("Who spends much in the next quarter?"),
    }
    refusals = {
        "few": _("Too few members did one or the other to tell what goes with it."),
        "separated": _("One measure tells the two apart without an exception; odds cannot be given."),
        None: "",
    }
    return outcome | {
        "title": names[outcome["name"]],
        "refused": refusals[outcome.get("refusal")],
        "chart": _forest(outcome["ratios"]) if outcome["ratios"] else None,
        "left_out": ", ".join(label_of("measure", name) for name in outcome["left_out"]),
    }


def _forest(ratios: Sequence[dict[str, Any]]) -> Option:
    """Odds ratios on a logarithmic axis: the dot, and the bar of its interval; 1 is no difference."""
    names = [label_of("measure", row["measure"]) for row in ratios]
    lowest = min(row["lower"] for row in ratios)
    highest = max(row["upper"] for row in ratios)
    number = {"$format": "number", "digits": 2}
    lines = [
        {
            "name": name,
            "type": "line",
            "data": [[row["lower"], place], [row["upper"], place]],
            "symbol": "none",
            "lineStyle": {"width": 4, "opacity": 0.45, "cap": "round"},
            "color": {"$color": _color(row)},
            "silent": True,
            "tooltip": {"show": False},
        }
        for place, (name, row) in enumerate(zip(names, ratios, strict=True))
    ]
    dots = {
        "name": _("Odds ratio"),
        "type": "scatter",
        "symbolSize": 12,
        "data": [
            {
                "name": name,
                "value": [round(row["ratio"], 2), place],
                "itemStyle": {"color": {"$color": _color(row)}},
            }
            for place, (name, row) in enumerate(zip(names, ratios, strict=True))
        ],
        "label": {"show": True, "position": "top", "color": {"$color": "text"}, "formatter": "{@[0]}"},
        "markLine": {
            "symbol": "none",
            "silent": True,
            "lineStyle": {"type": "dashed", "color": {"$color": "muted"}},
            "label": {"show": False},
            "data": [{"xAxis": 1}],
        },
    }
    return {
        "tooltip": False,
        "grid": {"left": 124, "right": 24, "top": 20, "bottom": 28},
        "xAxis": {
            "type": "log",
            "min": min(0.5, round(lowest * 0.9, 2)),
            "max": max(2, round(highest * 1.1, 1)),
            "logBase": 2,
            "axisLabel": {"formatter": number},
        },
        "yAxis": {
            "type": "category",
            "inverse": True,
            "data": names,
            "axisLabel": NAMES,
        },
        "series": [*lines, dots],
    }


def _color(row: dict[str, Any]) -> str:
    if row["p_value"] > CHANCE:
        return "slate"
    return "primary" if row["ratio"] > 1 else "rose"


def _factors(loadings: list[list[float]], measures: list[str]) -> Option | None:
    """How much each measure belongs to each factor."""
    if not loadings or not loadings[0]:
        return None
    data = [
        [column, row, round(loadings[row][column], 2)]
        for row in range(len(measures))
        for column in range(len(loadings[0]))
    ]
    return heat_map(
        data,
        columns=[_("Factor {number}").format(number=number + 1) for number in range(len(loadings[0]))],
        rows=[label_of("measure", name) for name in measures],
        most=1.3,
        name=_("Loading"),
    )


def _factor_rows(factors: dict[str, Any], measures: list[str]) -> list[dict[str, Any]]:
    """What each factor is made of, and what part of the differences it explains."""
    rows = []
    for number, explained in enumerate(factors["explained"]):
        column = [row[number] for row in factors["loadings"]]
        order = sorted(range(len(measures)), key=lambda place: -abs(column[place]))
        parts = [
            ("+ " if column[place] > 0 else "− ") + label_of("measure", measures[place])
            for place in order
            if abs(column[place]) >= NOTABLE
        ]
        rows.append({"number": number + 1, "parts": parts, "explained": explained})
    return rows
