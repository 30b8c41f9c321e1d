"""A funnel by segment: layers, tiers or audiences side by side, each set against all others who began."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Any, Protocol

import ibis
from ibis.expr import types as ir

from shuke.apps.insights.schemas import FunnelBody, FunnelSegment
from shuke.apps.insights.schemas.funnels import AUDIENCE
from shuke.lake import Snapshot
from shuke.science.funnel_groups import Difference, differences
from shuke.science.funnels import funnel
from shuke.science.layers import layers_on
from shuke.science.persons import newest_per_key

TIER = "tier"
#: Segments that are told apart; members of smaller ones are not listed.
MOST_SEGMENTS = 12

Names = Callable[[], Mapping[str, str]]


class Members(Protocol):
    """Who is in audiences: the table ``member_id`` by id."""

    def __call__(
        self, snapshot: Snapshot, audience_ids: Sequence[str], *, as_of: date
    ) -> Mapping[str, ir.Table]:
        """As of a business day; without those that cannot be evaluated."""


_audiences: list[tuple[Names, Members]] = []
_tiers: list[Names] = []


def register_audiences(names: Names, members: Members) -> None:
    """Let a higher app say what audiences there are (id to name) and who is in them on a business day.

    ``members`` gives the table ``member_id`` of each that can be evaluated on the snapshot.
    """
    if (names, members) not in _audiences:
        _audiences.append((names, members))


def register_tier_names(names: Names) -> None:
    """Let a higher app say which tiers there are, lowest first: ``<programme id>:<code>`` to name."""
    if names not in _tiers:
        _tiers.append(names)


def tier_choices() -> dict[str, str]:
    """Code to name of the tiers, lowest first."""
    return {code: name for names in _tiers for code, name in names().items()}


def audience_choices() -> dict[str, str]:
    """Id to name of the audiences that members can be told apart by."""
    return {code: name for names, _members in _audiences for code, name in names().items()}


def segments(snapshot: Snapshot, parts: ir.Table, *, body: FunnelBody, as_of: date) -> list[FunnelSegment]:
    """How far the members of each layer, tier or audience came, the largest first.

    ``parts``: the result of ``science.event_funnels.funnel_parts``.  An audience is as it is on ``as_of``; one that is
    not there any more is left out.
    """
    if not body.by:
        return []
    named = _named(snapshot, parts, body=body, as_of=as_of)
    found: dict[str, list[dict[str, Any]]] = {}
    count = len(body.steps)
    for row in funnel(named, count=count, by="segment").order_by("segment", "step").to_pyarrow().to_pylist():
        found.setdefault(row["segment"], []).append(row)
    settled, differing = _compared(parts, named, count=count)
    told = [
        FunnelSegment(
            code=code,
            members=rows[0]["members"] or 0,
            parts=[row["of_first"] or 0.0 for row in rows],
            settled=settled.get(code, 0),
            **_figures(differing.get(code)),
        )
        for code, rows in found.items()
    ]
    return sorted(told, key=lambda one: (-one.members, one.code))[:MOST_SEGMENTS]


def _named(snapshot: Snapshot, parts: ir.Table, *, body: FunnelBody, as_of: date) -> ir.Table:
    """``reached, settled, segment`` of everybody who began; once for each audience of a member."""
    if body.by == AUDIENCE:
        return _by_audience(snapshot, parts, ids=body.audiences, as_of=as_of)
    if body.by == TIER:
        told = snapshot.table("tier_memberships")
        begun = told.filter(told.from_date <= ibis.literal(as_of))
        newest = newest_per_key(begun, ("member_id",), newest_by=("from_date", "number", "recorded_at"))
        known = newest.select("member_id", segment=newest.program_id + ":" + newest.tier)
        known = known.filter(~known.segment.endswith(":"))
    else:
        known = layers_on(snapshot.table("member_layers"), scheme=body.by, as_of=as_of)
        known = known.select("member_id", segment="layer")
    joined = parts.left_join(known, "member_id")
    return joined.select(parts.reached, parts.settled, segment=known.segment.fill_null(""))


def _by_audience(snapshot: Snapshot, parts: ir.Table, *, ids: Sequence[str], as_of: date) -> ir.Table:
    tables = {
        code: table
        for _names, members in _audiences
        for code, table in members(snapshot, ids, as_of=as_of).items()
    }
    rest, named = parts, []
    for code, table in tables.items():
        inside = parts.semi_join(table, "member_id")
        named.append(inside.select("reached", "settled", segment=ibis.literal(code)))
        rest = rest.anti_join(table, "member_id")
    named.append(rest.select("reached", "settled", segment=ibis.literal("")))
    return ibis.union(*named) if len(named) > 1 else named[0]


def _compared(
    parts: ir.Table, named: ir.Table, *, count: int
) -> tuple[dict[str, int], dict[str, Difference]]:
    """How many of each segment had the whole window, and how it differs from the others of those."""
    sums = {"settled": lambda t: t.count(), "done": lambda t: (t.reached >= count).cast("int64").sum()}
    rows = named.filter(named.settled).group_by("segment").agg(**sums).to_pyarrow().to_pylist()
    whole = parts.filter(parts.settled).agg(**sums).to_pyarrow().to_pylist()[0]
    settled = {row["segment"]: row["settled"] for row in rows}
    groups = {row["segment"]: (row["done"], row["settled"]) for row in rows if row["segment"]}
    return settled, differences(groups, all_members=(whole["done"] or 0, whole["settled"]))


def _figures(found: Difference | None) -> dict[str, float]:
    if found is None:
        return {}
    names = ("part", "others", "lower", "upper", "q_value")
    return {name: getattr(found, name) for name in names} | {"difference": found.value}
