"""Tiers in words and pictures: what a count means, and the charts of the tiers' pages."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.utils.translation import gettext as _

from shuke.apps.loyalty.queries.types import points_types
from shuke.apps.loyalty.schemas.tiers import TierCounterView, TierFlow, TierShare, TierTrialView
from shuke.platform.retailer.queries import retailer
from shuke.web import charts
from shuke.web.templatetags.console import integer, money

Option = dict[str, Any]
#: Tells the nodes of the later day apart from those of the earlier one; it is not seen.
AFTER = "\u200b"
TONES = ("grey", "blue", "yellow", "purple", "red", "green")
#: Colours by rank; nobody's tier is drawn muted.
COLORS = ("slate", "blue", "amber", "violet", "rose", "lime")


def amount_text(count: int | None, counter: TierCounterView) -> str:
    """A count in its unit: money of the retailer, or a whole number."""
    if count is None:
        return "–"
    return money(count, retailer().currency) if counter.kind == "spend" else integer(count)


def counter_text(counter: TierCounterView) -> str:
    """What is counted."""
    if counter.kind == "points":
        names = {kind.code: kind.name for kind in points_types()}
        return _("Earned: %(name)s") % {"name": names.get(counter.points_type, counter.points_type)}
    if counter.kind == "events":
        return ", ".join(counter.events)
    return _("Money spent") if counter.kind == "spend" else _("Orders")


def color_of(code: str, names: Mapping[str, str]) -> dict[str, str]:
    """The colour of a tier."""
    if not code:
        return {"$color": "muted"}
    ranks = [each for each in names if each]
    rank = ranks.index(code) if code in ranks else 0
    return {"$color": COLORS[min(rank, len(COLORS) - 1)]}


def tone_of(code: str, names: Mapping[str, str]) -> str:
    """The tone of a tier's badge."""
    ranks = [each for each in names if each]
    return TONES[min(ranks.index(code), len(TONES) - 1)] if code in ranks else "grey"


def name_of(code: str, names: Mapping[str, str]) -> str:
    """What a tier is called; people in none have a word too."""
    return (names.get(code) or code) if code else _("No tier")


def distribution(shares: Sequence[TierShare]) -> Option:
    """Members by tier, the highest on top."""
    names = {share.code: share.name for share in shares}
    bars = [
        {
            "value": share.members,
            "itemStyle": {"color": color_of(share.code, names), "borderRadius": [0, 4, 4, 0]},
        }
        for share in shares
    ]
    return {
        "grid": {"left": 8, "right": 56, "top": 4, "bottom": 4, "containLabel": True},
        "tooltip": {"axisPointer": {"type": "shadow"}},
        "xAxis": {"type": "value", "show": False},
        "yAxis": {"type": "category", "data": [name_of(share.code, names) for share in shares]},
        "series": [
            {
                "name": _("Members"),
                "type": "bar",
                "barMaxWidth": 34,
                "data": bars,
                "label": {"show": True, "position": "right", "formatter": {"$format": "integer"}},
                "tooltip": {"valueFormatter": {"$format": "integer"}},
            }
        ],
    }


def flows(found: Sequence[TierFlow], names: Mapping[str, str]) -> Option:
    """A Sankey from the tiers of one day to those of another."""
    links = [
        {
            "source": name_of(flow.code_from, names),
            "target": name_of(flow.code_to, names) + AFTER,
            "value": flow.members,
        }
        for flow in found
    ]
    codes = ["", *(code for code in names if code)]
    nodes = []
    for side, suffix, mark in (("code_from", "", 0), ("code_to", AFTER, 1)):
        for code in reversed(codes):
            total = sum(flow.members for flow in found if getattr(flow, side) == code)
            if total:
                nodes.append(
                    {
                        "name": name_of(code, names) + suffix,
                        "value": total,
                        "depth": mark,
                        "itemStyle": {"color": color_of(code, names)},
                        "label": {"position": "left" if mark else "right"},
                    }
                )
    return charts.sankey(nodes, links, name=_("Members"), node_gap=14)


def matrix(trial: TierTrialView, names: Mapping[str, str]) -> dict[str, Any]:
    """The table tier × tier: rows are the tiers by the valid rules, columns by the draft, from the highest down."""
    known = [code for code in reversed(list(names)) if code]
    used = {cell.code_from for cell in trial.cells} | {cell.code_to for cell in trial.cells}
    codes = [code for code in known if code in used] + ([""] if "" in used else [])
    rank = {code: place for place, code in enumerate(codes)}
    cells = {(cell.code_from, cell.code_to): cell for cell in trial.cells}
    rows = []
    for old in codes:
        row = []
        for new in codes:
            cell = cells.get((old, new))
            way = "stays" if rank[old] == rank[new] else "up" if rank[new] < rank[old] else "down"
            row.append({"code_to": new, "way": way, "cell": cell})
        total = sum(cell.members for (first, _to), cell in cells.items() if first == old)
        rows.append({"code": old, "name": name_of(old, names), "cells": row, "total": total})
    totals = [sum(c.members for (_from, to), c in cells.items() if to == code) for code in codes]
    moved = [cell for cell in trial.cells if cell.code_from != cell.code_to]
    return {
        "columns": [name_of(code, names) for code in codes],
        "rows": rows,
        "totals": totals,
        "up": sum(c.members for c in moved if rank[c.code_to] < rank[c.code_from]),
        "down": sum(c.members for c in moved if rank[c.code_to] > rank[c.code_from]),
        "spend_up": sum(c.spend_minor for c in moved if rank[c.code_to] < rank[c.code_from]),
        "spend_down": sum(c.spend_minor for c in moved if rank[c.code_to] > rank[c.code_from]),
    }
