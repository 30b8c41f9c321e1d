"""What of the catalogue is shown?"""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import pgettext_lazy
from django.views.decorators.http import require_safe

from shuke.apps.recommendations.pages.comparison_charts import NAMES, Option
from shuke.apps.recommendations.queries.bundles import serving_bundle
from shuke.apps.recommendations.queries.coverage import BY, coverage, coverage_choices, default_choice
from shuke.apps.recommendations.queries.slots import slots
from shuke.apps.recommendations.schemas.coverage import CoverageView
from shuke.platform.clock import now
from shuke.platform.errors import NotFound
from shuke.web.access import actor_of, requires
from shuke.web.labels import label_of, register_labels

#: Bars of the picture.
BARS = 15


def register() -> None:
    """The words of reasons, of thirds, and of what products are counted by."""
    register_labels(
        "coverage_reason",
        {
            "shown": (pgettext_lazy("coverage", "Shown to somebody"), "green"),
            "outranked": (pgettext_lazy("coverage", "Others are always ahead"), "grey"),
            "barred": (pgettext_lazy("coverage", "Barred by the slot's rules"), "yellow"),
            "age": (pgettext_lazy("coverage", "Only from an age on"), "yellow"),
            "inactive": (pgettext_lazy("coverage", "Not sold any more"), "grey"),
            "few": (pgettext_lazy("coverage", "Bought too seldom to be learned"), "grey"),
            "left_out": (pgettext_lazy("coverage", "Department is left out"), "grey"),
            "unsold": (pgettext_lazy("coverage", "Never bought by a member"), "red"),
        },
    )
    register_labels(
        "coverage_third",
        {
            "head": (pgettext_lazy("coverage", "Best sellers"), "grey"),
            "middle": (pgettext_lazy("coverage", "The middle"), "grey"),
            "tail": (pgettext_lazy("coverage", "The long tail"), "grey"),
        },
    )
    register_labels(
        "coverage_by",
        {
            "department": (pgettext_lazy("coverage", "By department"), "grey"),
            "family": (pgettext_lazy("coverage", "By category"), "grey"),
            "kind": (pgettext_lazy("coverage", "By kind"), "grey"),
        },
    )


@require_safe
@requires("recommendations.view")
def coverage_page(request: HttpRequest) -> HttpResponse:
    """How much of the range stands on anybody's list, where it is concentrated, and what nobody ever sees."""
    bundle = serving_bundle()
    context: dict[str, Any] = {"may_edit": actor_of(request).may("recommendations.edit"), "view": None}
    if bundle is not None:
        of = request.GET.get("of", "") or default_choice(bundle)
        by = request.GET.get("by", "")
        try:
            view = coverage(bundle, of=of, at=now(), by=by if by in BY else BY[0])
        except NotFound as unknown:
            raise Http404 from unknown
        names = {f"slot:{slot.code}": slot.name for slot in slots()}
        choices = coverage_choices(bundle)
        context |= {
            "view": view,
            "of_slots": [(code, names[code]) for code in choices if code in names],
            "of_strategies": [
                (code, label_of("strategy", code.partition(":")[2])) for code in choices if code not in names
            ],
            "levels": [(code, label_of("coverage_by", code)) for code in BY],
            "groups": _groups(view),
            "curve": _curve(view),
            "reasons": _reasons(view),
            "shown_share": view.share,
        }
    return render(request, "recommendations/coverage.html", context)


def _groups(view: CoverageView) -> Option:
    """Parts of the products of each group that stand on a list."""
    rows = view.groups[:BARS]
    percent = {"$format": "percent"}
    return {
        "grid": {"left": 8, "right": 52, "top": 4, "bottom": 4, "containLabel": True},
        "tooltip": {"axisPointer": {"type": "shadow"}},
        "xAxis": {"type": "value", "show": False, "max": 1},
        "yAxis": {
            "type": "category",
            "inverse": True,
            "data": [row.name or _("Without a name") for row in rows],
            "axisLabel": NAMES,
        },
        "series": [
            {
                "name": _("Part of its products that are shown"),
                "type": "bar",
                "barWidth": "60%",
                "itemStyle": {"borderRadius": [0, 4, 4, 0]},
                "data": [round(row.share, 4) for row in rows],
                "label": {"show": True, "position": "right", "formatter": percent},
                "tooltip": {"valueFormatter": percent},
            }
        ],
    }


def _curve(view: CoverageView) -> Option | None:
    """How much of all places and of all purchases the least counted products have."""
    if not view.lorenz_shown or not view.lorenz_sold:
        return None
    percent = {"$format": "percent", "digits": 0}
    line = {"type": "line", "showSymbol": False, "tooltip": {"valueFormatter": {"$format": "percent"}}}
    steps = len(view.lorenz_shown) - 1
    axis = {
        "type": "value",
        "min": 0,
        "max": 1,
        "axisLabel": {"formatter": percent},
        "nameLocation": "middle",
    }
    return {
        "legend": {},
        "grid": {"left": 28, "right": 16, "top": 40, "bottom": 28, "containLabel": True},
        "xAxis": {**axis, "name": _("Part of the products, the least shown first"), "nameGap": 28},
        "yAxis": {**axis, "name": _("Part of all places or purchases"), "nameGap": 44},
        "series": [
            {
                **line,
                "name": _("Places on lists"),
                "data": [[n / steps, part] for n, part in enumerate(view.lorenz_shown)],
                "lineStyle": {"width": 2.5},
            },
            {
                **line,
                "name": _("Purchases"),
                "color": {"$color": "amber"},
                "data": [[n / steps, part] for n, part in enumerate(view.lorenz_sold)],
            },
            {
                **line,
                "name": _("All alike"),
                "color": {"$color": "slate"},
                "lineStyle": {"type": "dashed", "width": 1.5},
                "data": [[0, 0], [1, 1]],
                "silent": True,
            },
        ],
    }


def _reasons(view: CoverageView) -> list[tuple[str, int, float]]:
    """Every product with why it is shown or not, and its part of all."""
    total = sum(row.products for row in view.reasons)
    return [(row.code, row.products, row.products / max(total, 1)) for row in view.reasons]
