"""What is drawn on the finance page."""

from typing import Any

from django.utils.translation import gettext as _

from shuke.apps.loyalty.schemas.finance import CohortView, FinanceReport, LiabilityPart

PERCENT = {"$format": "percent", "digits": 1}
INTEGER = {"$format": "integer"}
#: Cohorts that are drawn as lines of their own: the newest that have a curve.
SHOWN = 6


def curves(report: FinanceReport) -> dict[str, Any] | None:
    """Redeemed share by age: the newest cohorts, dashed where it is expected, and what is expected of all."""
    cohorts = [cohort for cohort in report.cohorts if len(cohort.curve) > 1 and cohort.issued > 0]
    if not cohorts:
        return None
    width = max(len(report.curve), *(len(cohort.curve) for cohort in cohorts))
    series: list[dict[str, Any]] = []
    if report.curve:
        series.append(
            {
                "type": "line",
                "name": _("All, expected"),
                "showSymbol": False,
                "lineStyle": {"width": 5, "opacity": 0.3},
                "color": {"$color": "text"},
                "data": report.curve[:width],
                "tooltip": {"valueFormatter": PERCENT},
            }
        )
    series += [
        {
            "type": "line",
            "name": f"{cohort.month:%Y-%m}",
            "showSymbol": False,
            "lineStyle": {"width": 1.75},
            "data": cohort.curve[:width],
            "tooltip": {"valueFormatter": PERCENT},
        }
        for cohort in cohorts[-SHOWN:]
    ]
    return {
        "legend": {},
        "xAxis": {
            "type": "category",
            "data": [str(age) for age in range(width)],
            "boundaryGap": False,
            "name": _("months"),
            "nameLocation": "middle",
            "nameGap": 24,
        },
        "grid": {"left": 8, "right": 16, "top": 40, "bottom": 24, "containLabel": True},
        "yAxis": {"type": "value", "min": 0, "axisLabel": {"formatter": {"$format": "percent", "digits": 0}}},
        "series": series,
    }


def cohort_shares(report: FinanceReport) -> dict[str, Any] | None:
    """Per cohort the shares redeemed, expected, ended and not to be used, with the bounds of what is redeemed."""
    cohorts = [cohort for cohort in report.cohorts if cohort.issued > 0]
    if not cohorts:
        return None
    names = [f"{cohort.month:%Y-%m}" for cohort in cohorts]
    parts = {
        _("Redeemed"): ("green", [_share(c.redeemed, c) for c in cohorts]),
        _("Expected to be redeemed"): ("lime", [_future(c) for c in cohorts]),
        _("Open, not expected to be used"): ("slate", [_idle(c) for c in cohorts]),
        _("Expired"): ("muted", [_share(c.expired, c) for c in cohorts]),
    }
    series: list[dict[str, Any]] = [
        {
            "type": "bar",
            "name": name,
            "stack": "all",
            "barMaxWidth": 28,
            "color": {"$color": color},
            "data": data,
            "tooltip": {"valueFormatter": PERCENT},
        }
        for name, (color, data) in parts.items()
    ]
    for name, bounds in (
        (_("Lower bound (95 %)"), [c.lower for c in cohorts]),
        (_("Upper bound (95 %)"), [c.upper for c in cohorts]),
    ):
        if any(bound is not None for bound in bounds):
            series.append(
                {
                    "type": "scatter",
                    "name": name,
                    "symbol": "rect",
                    "symbolSize": [16, 2],
                    "color": {"$color": "text"},
                    "z": 5,
                    "data": bounds,
                    "tooltip": {"valueFormatter": PERCENT},
                }
            )
    return {
        "legend": {},
        "xAxis": {"type": "category", "data": names},
        "yAxis": {
            "type": "value",
            "max": 1,
            "axisLabel": {"formatter": {"$format": "percent", "digits": 0}},
        },
        "series": series,
    }


def _share(points: int, cohort: CohortView) -> float:
    return round(points / cohort.issued, 6)


def _future(cohort: CohortView) -> float:
    if cohort.ultimate is None:
        return 0.0
    return round(max(cohort.ultimate - cohort.redeemed / cohort.issued, 0.0), 6)


def _idle(cohort: CohortView) -> float:
    return round(max(cohort.open / cohort.issued - _future(cohort), 0.0), 6)


def ages(parts: list[LiabilityPart]) -> dict[str, Any]:
    """Outstanding points by their age in months."""
    names = [
        f"{part.from_months}–{part.to_months}" if part.to_months else f"{part.from_months}+" for part in parts
    ]
    return _bars(names, parts)


def ends(parts: list[LiabilityPart]) -> dict[str, Any]:
    """Outstanding points by the month in which they end; those that inactivity would end in a colour of their own."""
    names = list(dict.fromkeys(_month_of(part) for part in parts))
    if not any(part.is_idle for part in parts):
        return _bars(names, parts)
    own = {_month_of(part): part.amount.points for part in parts if not part.is_idle}
    idle = {_month_of(part): part.amount.points for part in parts if part.is_idle}
    names = [*sorted(name for name in names if name != _("never")), *(n for n in names if n == _("never"))]
    option = _bars(names, [])
    option["legend"] = {"bottom": 0}
    option["series"] = [
        {
            **option["series"][0],
            "name": name,
            "stack": "ends",
            "data": [points.get(each, 0) for each in names],
        }
        for name, points in ((_("By their own end"), own), (_("If the member stays away"), idle))
    ]
    return option


def _month_of(part: LiabilityPart) -> str:
    return f"{part.until:%Y-%m}" if part.until else str(_("never"))


def idle_words(parts: list[LiabilityPart]) -> dict[str, Any] | None:
    """How many points inactivity would end in all, and the next of those days."""
    idle = [part for part in parts if part.is_idle]
    if not idle:
        return None
    return {"points": sum(part.amount.points for part in idle), "parts": idle, "first": idle[0].first_day}


def _bars(names: list[str], parts: list[LiabilityPart]) -> dict[str, Any]:
    return {
        "xAxis": {"type": "category", "data": names},
        "yAxis": {"type": "value", "axisLabel": {"formatter": {"$format": "integer", "compact": True}}},
        "series": [
            {
                "type": "bar",
                "name": _("Points"),
                "barMaxWidth": 40,
                "itemStyle": {"borderRadius": 3},
                "data": [part.amount.points for part in parts],
                "tooltip": {"valueFormatter": INTEGER},
            }
        ],
    }
