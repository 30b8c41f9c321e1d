"""Which channel, and which campaign, led to purchases: every rule beside the others."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import ibis
from django.utils.translation import gettext as _
from ibis.expr import types as ir

from shuke.apps.insights.operations.bought import bought_orders, last_year
from shuke.apps.insights.schemas import NotEnough, StudyFacts, StudyOutcome
from shuke.science.attribution.comparison import Comparison, compared
from shuke.science.attribution.journeys import journeys
from shuke.science.persons import with_member
from shuke.science.reading import Reading

#: A touch earns nothing of a purchase that comes later than this.
WINDOW_DAYS = 30
#: Fewer touches say nothing.
LEAST_TOUCHES = 100
#: Campaigns that are told apart; the rest is one.
TOLD = 20
OTHER = "other"
#: Rules whose parts differ by less than this agree.
ALIKE = 0.05
#: Events of a message that show that it went out.
WENT_OUT = ("sent", "delivered", "opened", "clicked")
DIMENSIONS = ("channel", "campaign")
STEPS = 3


def attribution_study(facts: StudyFacts) -> StudyOutcome:
    """What each channel and campaign of the last year is given by every rule."""
    facts.tell(0, STEPS, _("Reading touches"))
    orders = bought_orders(facts).select("member_id", at="placed_at", value_minor="net_minor")
    touches = facts.snapshot.connection.create_table("touches", _touches(facts), temp=True)
    count = int(touches.count().to_pyarrow().as_py())
    if count < LEAST_TOUCHES:
        raise NotEnough(
            Reading(
                "Only {count} messages, mailings and visits of known members lie in the last year; {least} are needed. "
                "Send a campaign, or connect the website.",
                {"count": count, "least": LEAST_TOUCHES},
            )
        )
    result: dict[str, Any] = {"window_days": WINDOW_DAYS, "touches": count, "dimensions": {}}
    for step, dimension in enumerate(DIMENSIONS, start=1):
        facts.tell(step, STEPS, _("Comparing rules"))
        told = _folded(touches, dimension)
        paths = journeys(told, orders, window_days=WINDOW_DAYS, until=_end(facts))
        kept = facts.snapshot.connection.create_table(f"paths_{dimension}", paths, temp=True)
        if not kept.count().to_pyarrow().as_py():
            raise NotEnough(
                Reading(
                    "No touch is old enough to be judged: wait until {days} days have passed.",
                    {"days": WINDOW_DAYS},
                )
            )
        result["dimensions"][dimension] = _as_data(compared(kept))
    return StudyOutcome(result=result, readings=_readings(result))


def _end(facts: StudyFacts) -> datetime:
    """The end of the business day."""
    return datetime.combine(facts.as_of + timedelta(days=1), time(0), ZoneInfo(facts.time_zone)).astimezone(
        UTC
    )


def _touches(facts: StudyFacts) -> ir.Table:
    """``member_id, at, channel, campaign`` of messages, of mailings that left no message, and of visits."""
    identity = facts.snapshot.table("identity_map")

    def owned(table: ir.Table) -> ir.Table:
        known = table.filter(table.local_date <= ibis.literal(facts.as_of))
        return with_member(last_year(facts, known), identity)

    told = facts.snapshot.table("messages")
    sent = owned(told.filter(told.event.isin(WENT_OUT), ~told.is_machine))
    campaign = ibis.coalesce(sent.campaign_id, sent.journey_id, sent.channel)
    messages = sent.group_by("message_id", "member_id", "channel", campaign=campaign).agg(
        at=sent.occurred_at.min()
    )
    shown = facts.snapshot.table("exposures")
    shown = owned(shown.filter(shown.arm != "control").anti_join(told, "campaign_id"))
    seen = owned(facts.snapshot.table("events"))
    visits = seen.group_by("member_id", "source", "local_date").agg(at=seen.occurred_at.min())
    columns = ("member_id", "at", "channel", "campaign")
    return ibis.union(
        messages.select(*columns),
        shown.select(
            "member_id",
            at="eligible_at",
            channel="arm",
            campaign=ibis.coalesce(shown.campaign_id, shown.experiment_id),
        ),
        visits.select("member_id", "at", channel="source", campaign="source"),
    )


def _folded(touches: ir.Table, dimension: str) -> ir.Table:
    """``member_id, at, channel``: the most frequent values of the dimension as they are, the rest as one."""
    counted = touches.group_by(dimension).agg(n=touches.count())
    names = counted.order_by(counted.n.desc(), dimension).limit(TOLD)[dimension].to_pyarrow().to_pylist()
    value = touches[dimension]
    return touches.select("member_id", "at", channel=value.isin(names).ifelse(value, OTHER))


def _as_data(found: Comparison) -> dict[str, Any]:
    """The comparison as the page shows it: the channel with most by Shapley first."""
    order = sorted(found.channels, key=lambda name: (-found.conversions["shapley"].get(name, 0.0), name))
    return {
        "paths": found.paths,
        "touches": found.touches,
        "total": found.total,
        "total_minor": found.total_minor,
        "probability": found.probability,
        "channels": [
            {
                "name": name,
                "effect": found.effects[name],
                "conversions": {m: given.get(name, 0.0) for m, given in found.conversions.items()},
                "values_minor": {m: given.get(name, 0.0) for m, given in found.values.items()},
            }
            for name in order
        ],
    }


def _readings(result: Mapping[str, Any]) -> list[Reading]:
    found = result["dimensions"]["channel"]
    return [
        Reading(
            "These figures share out purchases; they do not say which would not have happened. {probability:.0%} of "
            "all paths end in a purchase within {days} days: members who buy every week do so with or without a "
            "message. Only a control group shows what a campaign added.",
            {"probability": found["probability"], "days": result["window_days"]},
        ),
        *_differences(found),
    ]


def _differences(found: Mapping[str, Any]) -> list[Reading]:
    """Where the rules disagree, or that they do not."""
    total = found["total"]
    if len(found["channels"]) < 2 or not total:
        return []
    apart = max(found["channels"], key=lambda row: _spread(row["conversions"]))
    if _spread(apart["conversions"]) < ALIKE * total:
        return [
            Reading(
                "The rules agree: their parts differ by at most {points:.0f} of a hundred purchases, since nearly "
                "every path has touches of one channel alone and there is little to share out.",
                {"points": max(1.0, 100 * _spread(apart["conversions"]) / total)},
            )
        ]
    shares = [number / total for number in apart["conversions"].values()]
    return [
        Reading(
            "The rules differ most on {channel}: from {low:.0%} to {high:.0%} of the purchases, depending on the "
            "rule.",
            {"channel": apart["name"], "low": min(shares), "high": max(shares)},
        )
    ]


def _spread(conversions: Mapping[str, float]) -> float:
    return max(conversions.values()) - min(conversions.values())
