"""Funnels over collected events: which events there are, what a funnel counts, and those that were saved."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import ibis
from django.utils.translation import gettext_lazy as _
from ibis.expr import types as ir

from shuke.apps.insights.models import Funnel
from shuke.apps.insights.queries.funnel_words import funnel_readings
from shuke.apps.insights.queries.layer_names import FUNNEL
from shuke.apps.insights.schemas import (
    EventName,
    FunnelBody,
    FunnelCount,
    FunnelResult,
    FunnelSegment,
    FunnelView,
    ReadingView,
)
from shuke.lake import Snapshot
from shuke.platform.clock import business_date
from shuke.platform.errors import NotFound
from shuke.platform.retailer.queries import retailer
from shuke.platform.warehouse import lake
from shuke.science.event_funnels import DONE, OPEN, EventStep, PropertyFilter, funnel_parts, funnel_steps
from shuke.science.funnels import funnel
from shuke.science.layers import layers_on
from shuke.science.persons import current_identity, newest_per_key, with_member
from shuke.science.purchases import purchases

#: Events are offered that were collected in so many days.
OFFERED_DAYS = 90
#: Types of Segment's events that are something a person did; the others say who somebody is.
DEEDS = ("track", "page", "screen")
TIER = "tier"
#: Segments that are told apart; members of smaller ones are not listed.
MOST_SEGMENTS = 12


@dataclass(frozen=True)
class CountedFunnel:
    """A count, and ``layers``: ``member_id, layer`` of everybody who began."""

    result: FunnelResult
    layers: Any


def yesterday(at: datetime) -> date:
    """The last business day that is over: what funnels are counted up to."""
    return business_date(at, retailer().time_zone) - timedelta(days=1)


def event_names(*, today: date) -> list[EventName]:
    """The events that were collected in the last 90 days, most first."""
    with lake().read() as snapshot:
        if snapshot.version("events") is None:
            return []
        told = snapshot.table("events")
        recent = told.filter(
            told.type.isin(DEEDS), told.local_date > ibis.literal(today - timedelta(days=OFFERED_DAYS))
        )
        counted = recent.group_by("name").agg(events=recent.count())
        rows = counted.order_by(counted.events.desc(), counted.name).limit(200).to_pyarrow().to_pylist()
    return [EventName(**row) for row in rows]


def layer_schemes() -> list[str]:
    """Schemes that members can be told apart by, in the order of the alphabet; ``tier`` where there are tiers."""
    with lake().read() as snapshot:
        found = []
        if snapshot.version("member_layers") is not None:
            schemes = snapshot.table("member_layers").select("scheme").distinct().to_pyarrow()["scheme"]
            found = sorted(scheme for scheme in schemes.to_pylist() if not scheme.startswith(FUNNEL))
        if snapshot.version("tier_memberships") is not None:
            found.append(TIER)
    return found


def funnels() -> list[FunnelView]:
    """The funnels that were saved, by name."""
    return [_view(row) for row in Funnel.objects.order_by("name", "id")]


def funnel_view(funnel_id: int) -> FunnelView:
    """A funnel.  Raises ``NotFound``."""
    row = Funnel.objects.filter(pk=funnel_id).first()
    if row is None:
        raise NotFound("funnel_not_found", _("There is no such funnel."))
    return _view(row)


def _view(row: Funnel) -> FunnelView:
    return FunnelView(
        id=row.pk,
        name=row.name,
        version=row.version,
        author_name=row.author_name,
        updated_at=row.updated_at,
        counted_at=row.counted_at,
        definition=FunnelBody(**row.definition),
        result=FunnelResult(**row.result) if row.result else None,
    )


def funnel_key(funnel_id: int) -> str:
    """The unique key of the job that counts the funnel: how a page finds it."""
    return f"funnel {funnel_id}"


def funnel_scheme(funnel_id: int) -> str:
    """The scheme of layers that keeps how far each member came in a saved funnel."""
    return f"{FUNNEL}{funnel_id}"


def counted_funnel(body: FunnelBody, *, as_of: date) -> CountedFunnel:
    """Count a funnel from the lake, of who began in the days up to ``as_of``, that day (which is over) included."""
    shop = retailer()
    first = as_of - timedelta(days=body.days - 1)
    end = datetime.combine(as_of + timedelta(days=1), time(), ZoneInfo(shop.time_zone))
    count = len(body.steps)
    with lake().read() as snapshot:
        told = snapshot.table("events")
        names = sorted({step.name for step in body.steps if step.kind == "event"})
        told = told.filter(
            told.local_date.between(ibis.literal(first), ibis.literal(as_of)), told.name.isin(names)
        )
        owners = snapshot.table("identity_map")
        bought = purchases(
            orders=snapshot.table("orders"),
            refunds=snapshot.table("refunds"),
            identity_map=owners,
            currency=shop.currency,
            until=as_of,
        )
        bought = bought.filter(bought.local_date >= ibis.literal(first)).select("member_id", "placed_at")
        steps = tuple(
            EventStep(step.kind, step.name, PropertyFilter(**step.only.dict()) if step.only else None)
            for step in body.steps
        )
        done = funnel_steps(with_member(told, owners), bought, steps).cache()
        parts = funnel_parts(
            done,
            count=count,
            window_seconds=body.window_seconds,
            end_seconds=int(end.timestamp()),
            order=body.order,
        ).cache()
        sizes = {row["layer"]: row["members"] for row in _sizes(parts)}
        counts = _counts(parts, sizes, count=count)
        result = FunnelResult(
            as_of=as_of,
            first_day=first,
            began=counts[0].members,
            done=sizes.get(DONE, 0),
            open=sizes.get(OPEN, 0),
            unknown=_unknown(told, owners, steps[0]),
            steps=counts,
            segments=_segments(snapshot, parts, body=body, as_of=as_of),
            readings=[],
        )
        layers = parts.select("member_id", "layer").order_by("member_id").to_pyarrow()
    return CountedFunnel(_read(result, body), layers)


def _read(result: FunnelResult, body: FunnelBody) -> FunnelResult:
    said = [
        ReadingView(sentence=reading.sentence, values=dict(reading.values))
        for reading in funnel_readings(result, body)
    ]
    return result.model_copy(update={"readings": said})


def _sizes(parts: ir.Table) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = parts.group_by("layer").agg(members=parts.count()).to_pyarrow().to_pylist()
    return found


def _counts(parts: ir.Table, sizes: dict[str, int], *, count: int) -> list[FunnelCount]:
    rows = {row["step"]: row for row in funnel(parts, count=count).to_pyarrow().to_pylist()}
    return [
        FunnelCount(
            step=step,
            members=rows[step]["members"] or 0,
            of_first=rows[step]["of_first"] or 0.0,
            of_previous=rows[step]["of_previous"] or 0.0,
            left=sizes.get(f"left_{step}", 0),
        )
        for step in range(1, count + 1)
    ]


def _unknown(told: ir.Table, owners: ir.Table, first: EventStep) -> int:
    """People who did the first step and whom the identity map gives to no member."""
    if first.kind != "event":
        return 0
    begun = told.filter(told.name == first.name).select("person_key").distinct()
    nobody = begun.anti_join(current_identity(owners), "person_key")
    return int(nobody.count().to_pyarrow().as_py())


def _segments(snapshot: Snapshot, parts: ir.Table, *, body: FunnelBody, as_of: date) -> list[FunnelSegment]:
    """How far the members of each layer or tier came, the largest first."""
    if not body.by:
        return []
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
    named = joined.select(parts.member_id, parts.reached, segment=known.segment.fill_null(""))
    found: dict[str, list[dict[str, Any]]] = {}
    count = len(body.steps)
    for row in funnel(named, count=count, by="segment").order_by("segment", "step").to_pyarrow().to_pylist():
        found.setdefault(row["segment"], []).append(row)
    segments = [
        FunnelSegment(
            code=code, members=rows[0]["members"] or 0, parts=[row["of_first"] or 0.0 for row in rows]
        )
        for code, rows in found.items()
    ]
    return sorted(segments, key=lambda one: (-one.members, one.code))[:MOST_SEGMENTS]
