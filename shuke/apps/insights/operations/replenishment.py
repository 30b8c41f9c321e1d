"""When does each member need the next one of a category?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from datetime import timedelta
from typing import Any

import ibis
from django.utils.translation import gettext as _
from ibis.expr import types as ir

from shuke.apps.insights.operations.bought import bought_goods, bought_orders
from shuke.apps.insights.schemas import NotEnough, StudyFacts, StudyOutcome
from shuke.science.reading import Reading
from shuke.science.replenishment import due_dates
from shuke.science.replenishment_judging import due_quality, split_day
from shuke.tables import TABLES

#: Days with a purchase of the category from which on a member has a cycle of its own.
LEAST_PURCHASES = 3
#: Members of a category; rarer ones say nothing about a category's cycle.
LEAST_MEMBERS = 20
#: Who is silent for so many times the latest day does not come back for it: no longer due.
GIVEN_UP = 2.0
#: Histories shorter than this hold nothing to judge by.
LEAST_DAYS = 90
#: Days ahead that the calendar shows, and categories in the pictures.
AHEAD = 28
SHOWN = 20
STEPS = 3


def replenishment_study(facts: StudyFacts) -> StudyOutcome:
    """Due dates of every member and category, and how good such dates were on purchases held out."""
    facts.tell(0, STEPS, _("Reading purchases"))
    bought = _bought(facts)
    facts.tell(1, STEPS, _("Learning cycles"))
    due = facts.snapshot.connection.create_table("due_now", _due(bought, facts), temp=True)
    rows = due.to_pyarrow()
    if rows.num_rows == 0:
        raise NotEnough(
            Reading(
                "No category was bought on {least} days or more by {members} members: there is no cycle to learn yet.",
                {"least": LEAST_PURCHASES, "members": LEAST_MEMBERS},
            )
        )
    facts.tell(2, STEPS, _("Judging by held-out purchases"))
    quality = _quality(bought, facts)
    categories = _categories(due, facts)
    result = {
        "members": int(due.member_id.nunique().to_pyarrow().as_py()),
        "dates": rows.num_rows,
        "due_members": _members(due, facts, days=7),
        "overdue_members": _members(due, facts, days=-1),
        "categories": categories,
        "calendar": _calendar(due, facts),
        "cycles": _cycles(due, [row["category"] for row in categories[:SHOWN]]),
        "quality": quality,
    }
    schema = TABLES["due_dates"].arrow_schema
    return StudyOutcome(
        result=result,
        tables={"due_dates": rows.select(schema.names).cast(schema)},
        readings=_readings(result),
    )


def _bought(facts: StudyFacts) -> ir.Table:
    """``member_id, good, local_date``, one row a day, of categories that enough members buy."""
    goods = bought_goods(facts, bought_orders(facts))
    days = goods.filter(goods.category.notnull()).select("member_id", "local_date", good="category")
    days = days.distinct()
    sizes = days.group_by("good").agg(members=days.member_id.nunique())
    kept = days.semi_join(sizes.filter(sizes.members >= LEAST_MEMBERS), "good")
    return facts.snapshot.connection.create_table("bought_days", kept, temp=True)


def _due(bought: ir.Table, facts: StudyFacts) -> ir.Table:
    """The rows of ``due_dates``.  Whole days: the interval is widened to them."""
    found = due_dates(bought, as_of=facts.as_of)
    found = found.filter(found.gaps >= LEAST_PURCHASES - 1)
    silent = ibis.literal(facts.as_of).delta(found.last_date, unit="day")
    found = found.filter(silent <= found.high_days * GIVEN_UP)

    def day(days: ir.Value) -> ir.DateValue:
        return found.last_date + days.cast("int64").as_interval("D")

    return found.select(
        "member_id",
        "last_date",
        "cycle_days",
        as_of=ibis.literal(facts.as_of),
        category="good",
        due_date=day(found.cycle_days.round()),
        earliest=day(found.low_days.floor()),
        latest=day(found.high_days.ceil()),
        purchases=found.gaps + 1,
    )


def _within(due: ir.Table, facts: StudyFacts, days: int) -> ir.BooleanValue:
    """Due on one of the next ``days`` days; -1: the whole interval has passed."""
    if days < 0:
        return due.latest <= ibis.literal(facts.as_of)
    last = facts.as_of + timedelta(days=days)
    return (due.due_date > ibis.literal(facts.as_of)) & (due.due_date <= ibis.literal(last))


def _members(due: ir.Table, facts: StudyFacts, *, days: int) -> int:
    return int(due.filter(_within(due, facts, days)).member_id.nunique().to_pyarrow().as_py())


def _categories(due: ir.Table, facts: StudyFacts) -> list[dict[str, Any]]:
    """Each category: members with a date, due this week, overdue, and the middle cycle; most due first."""
    grouped = due.group_by("category").agg(
        members=due.count(),
        due=_within(due, facts, 7).cast("int64").sum(),
        overdue=_within(due, facts, -1).cast("int64").sum(),
        cycle_days=due.cycle_days.median(),
    )
    found: list[dict[str, Any]] = grouped.order_by(grouped.due.desc(), "category").to_pyarrow().to_pylist()
    return found


def _calendar(due: ir.Table, facts: StudyFacts) -> list[dict[str, Any]]:
    """Members due on each of the coming days, each once a day, and their dates."""
    coming = due.filter(_within(due, facts, AHEAD))
    grouped = coming.group_by("due_date").agg(members=coming.member_id.nunique(), dates=coming.count())
    found = {row["due_date"]: row for row in grouped.to_pyarrow().to_pylist()}
    days = [facts.as_of + timedelta(days=number) for number in range(1, AHEAD + 1)]
    empty = {"members": 0, "dates": 0}
    return [
        {"day": day.isoformat()} | {name: found.get(day, empty)[name] for name in ("members", "dates")}
        for day in days
    ]


def _cycles(due: ir.Table, categories: list[str]) -> list[dict[str, Any]]:
    """How the members' cycles spread in each category: the 5, 25, 50, 75 and 95 % points in days."""
    kept = due.filter(due.category.isin(categories))
    points = {f"q{round(100 * q)}": kept.cycle_days.quantile(q) for q in (0.05, 0.25, 0.5, 0.75, 0.95)}
    rows = {r["category"]: r for r in kept.group_by("category").agg(**points).to_pyarrow().to_pylist()}
    return [rows[category] for category in categories if category in rows]


def _quality(bought: ir.Table, facts: StudyFacts) -> dict[str, Any] | None:
    """What due dates learnt up to three quarters of the time were worth afterwards."""
    first = bought.local_date.min().to_pyarrow().as_py()
    if (facts.as_of - first).days < LEAST_DAYS:
        return None
    split = split_day(first, facts.as_of)
    found = due_quality(bought, split=split, last_day=facts.as_of, least_gaps=LEAST_PURCHASES - 1)
    return None if found is None else asdict(found) | {"split": split.isoformat()}


def _readings(result: Mapping[str, Any]) -> list[Reading]:
    top = result["categories"][0]
    found = [
        Reading(
            "{due_members:,} members need something again within the next seven days, most of all {category} "
            "({due:,} members, usually every {cycle_days:.0f} days).",
            {"due_members": result["due_members"], **{k: top[k] for k in ("category", "due", "cycle_days")}},
        ),
        Reading(
            "{overdue_members:,} members are overdue with something they usually buy: remind them before they buy it "
            "elsewhere.",
            {"overdue_members": result["overdue_members"]},
        ),
    ]
    quality = result["quality"]
    if quality is None:
        found.append(Reading("How good these dates are cannot be told yet: less than 90 days are known."))
        return found
    found.append(
        Reading(
            "Tried on {judged:,} purchases held out: {inside:.0%} fell between the earliest and the latest day "
            "({promised:.0%} promised), and the date was {error_days:.0f} days off in the middle; the plain mean of "
            "the gaps would have been {naive_error_days:.0f} days off.",
            {k: quality[k] for k in ("judged", "inside", "promised", "error_days", "naive_error_days")},
        )
    )
    return found
