"""Funnels over collected events: which events there are, what a funnel counts, and those that were saved."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import ibis
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from ibis.expr import types as ir

from shuke.apps.insights.models import Funnel
from shuke.apps.insights.queries.funnel_segments import TIER, segments
from shuke.apps.insights.queries.funnel_words import funnel_readings
from shuke.apps.insights.queries.layer_names import FUNNEL
from shuke.apps.insights.schemas import (
    EventName,
    FunnelBody,
    FunnelCount,
    FunnelResult,
    FunnelView,
    ReadingView,
)
from shuke.lake import Snapshot
from shuke.platform.clock import business_date
from shuke.platform.errors import NotFound, Refused
from shuke.platform.retailer.queries import retailer
from shuke.platform.warehouse import lake
from shuke.science.event_funnels import DONE, OPEN, EventStep, PropertyFilter, funnel_parts, funnel_steps
from shuke.science.funnels import funnel
from shuke.science.persons import current_identity, with_member
from shuke.science.purchases import purchases

#: Events are offered that were collected in so many days.
OFFERED_DAYS = 90
#: Types of Segment's events that are something a person did; the others say who somebody is.
DEEDS = ("track", "page", "screen")
#: More events than this are not counted while somebody waits for a page (decision 0211 has the times).
MOST_EVENTS = 2_000_000
STEPS = 3
#: Told how far a count is: steps done, steps in all, what is done now.
Report = Callable[[int, int, str], None]


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


def events_to_count(body: FunnelBody, *, as_of: date) -> int:
    """How many events, and orders where they are a step, a count would have to look at."""
    first, last = ibis.literal(as_of - timedelta(days=body.days - 1)), ibis.literal(as_of)
    with lake().read() as snapshot:
        found = int(_told(snapshot, body, as_of=as_of).count().to_pyarrow().as_py())
        if any(step.kind == "order" for step in body.steps):
            orders = snapshot.table("orders")
            found += int(orders.filter(orders.local_date.between(first, last)).count().to_pyarrow().as_py())
    return found


def _told(snapshot: Snapshot, body: FunnelBody, *, as_of: date) -> ir.Table:
    """The events of the days that are looked at which may be a step."""
    told = snapshot.table("events")
    first = as_of - timedelta(days=body.days - 1)
    names = sorted({step.name for step in body.steps if step.kind == "event"})
    return told.filter(
        told.local_date.between(ibis.literal(first), ibis.literal(as_of)), told.name.isin(names)
    )


def counted_at_once(body: FunnelBody, *, as_of: date) -> FunnelResult:
    """Count a funnel for somebody who waits.  Refuses more than ``MOST_EVENTS``: kept funnels are counted as jobs."""
    events = events_to_count(body, as_of=as_of)
    if events > MOST_EVENTS:
        raise Refused(
            "too_many_events",
            _(
                "These are too many events to be counted at once. Keep the funnel: it is counted in the background."
            ),
            {"events": events, "most": MOST_EVENTS},
        )
    return counted_funnel(body, as_of=as_of).result


def counted_funnel(body: FunnelBody, *, as_of: date, report: Report | None = None) -> CountedFunnel:
    """Count a funnel from the lake, of who began in the days up to ``as_of``, that day (which is over) included."""
    tell = report or (lambda *_told: None)
    first, count = as_of - timedelta(days=body.days - 1), len(body.steps)
    with lake().read() as snapshot:
        tell(0, STEPS, gettext("Counting steps"))
        parts = _parts(snapshot, body, as_of=as_of)
        tell(1, STEPS, gettext("Comparing groups"))
        sizes = {row["layer"]: row["members"] for row in _sizes(parts)}
        counts = _counts(parts, sizes, count=count)
        result = FunnelResult(
            as_of=as_of,
            first_day=first,
            began=counts[0].members,
            done=sizes.get(DONE, 0),
            open=sizes.get(OPEN, 0),
            unknown=_unknown(snapshot, body, as_of=as_of),
            steps=counts,
            segments=segments(snapshot, parts, body=body, as_of=as_of),
            readings=[],
        )
        layers = parts.select("member_id", "layer").order_by("member_id").to_pyarrow()
    return CountedFunnel(_read(result, body), layers)


def _parts(snapshot: Snapshot, body: FunnelBody, *, as_of: date) -> ir.Table:
    """Who began and how far each came: see ``science.event_funnels.funnel_parts``."""
    shop = retailer()
    end = datetime.combine(as_of + timedelta(days=1), time(), ZoneInfo(shop.time_zone))
    owners = snapshot.table("identity_map")
    bought = purchases(
        orders=snapshot.table("orders"),
        refunds=snapshot.table("refunds"),
        identity_map=owners,
        currency=shop.currency,
        until=as_of,
    )
    first = ibis.literal(as_of - timedelta(days=body.days - 1))
    bought = bought.filter(bought.local_date >= first).select("member_id", "placed_at")
    steps = tuple(
        EventStep(step.kind, step.name, PropertyFilter(**step.only.dict()) if step.only else None)
        for step in body.steps
    )
    done = funnel_steps(with_member(_told(snapshot, body, as_of=as_of), owners), bought, steps).cache()
    return funnel_parts(
        done,
        count=len(steps),
        window_seconds=body.window_seconds,
        end_seconds=int(end.timestamp()),
        order=body.order,
    ).cache()


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


def _unknown(snapshot: Snapshot, body: FunnelBody, *, as_of: date) -> int:
    """People who did the first step and whom the identity map gives to no member."""
    first = body.steps[0]
    if first.kind != "event":
        return 0
    told = _told(snapshot, body, as_of=as_of)
    begun = told.filter(told.name == first.name).select("person_key").distinct()
    nobody = begun.anti_join(current_identity(snapshot.table("identity_map")), "person_key")
    return int(nobody.count().to_pyarrow().as_py())
