"""Who are the best members, and are they moving?"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

import ibis
import pyarrow as pa
from django.utils.translation import gettext as _
from ibis.expr import types as ir

from shuke.apps.insights.operations.bought import bought_goods, bought_orders
from shuke.apps.insights.operations.layer_history import (
    LEAST_DAYS,
    PERIODS,
    fixed_rows,
    kept_days,
    line_days,
    past_traits,
    wanted_days,
    with_new,
)
from shuke.apps.insights.operations.needs import studied_needs
from shuke.apps.insights.queries import latest_build
from shuke.apps.insights.queries.rfm import rfm_scheme
from shuke.apps.insights.schemas import NotEnough, StudyFacts, StudyOutcome
from shuke.science.layers import crossed, flows, layers_on, sizes
from shuke.science.reading import Reading

#: Schemes whose movements are shown, with those that sizes are shown of.
MOVING = ("lifecycle", "spend", "rfm", "need")
SIZED = (*MOVING, "rhythm", "discount", "channel")
#: How far back sizes are shown.
SIZES_DAYS = 400


def layers_study(facts: StudyFacts) -> StudyOutcome:
    """Layers of every scheme as of the day and as of past days that nobody kept, and how members moved between them.

    Past days are computed once, from what is known of them now; later nights keep their own.
    """
    orders = bought_orders(facts)
    goods = bought_goods(facts, orders)
    first_order = orders.local_date.min().to_pyarrow().as_py()
    if (facts.as_of - first_order).days < LEAST_DAYS:
        raise NotEnough(
            Reading(
                "Orders of {days} days are known; layers say something from {least} days on.",
                {"days": (facts.as_of - first_order).days + 1, "least": LEAST_DAYS},
            )
        )
    past = [
        day
        for day in wanted_days(facts.as_of, first_order=first_order)
        if day not in kept_days(facts, scheme="lifecycle")
    ]
    rows = [*fixed_rows(facts.traits, facts.as_of), *_past_rows(facts, past, orders=orders)]
    facts.tell(len(past) + 1, len(past) + 3, _("Looking for needs"))
    needs = studied_needs(facts, goods, days=[facts.as_of, *past])
    rows += needs.rows
    facts.tell(len(past) + 2, len(past) + 3, _("Comparing days"))
    new = pa.concat_tables(rows)
    result = _result(facts, with_new(facts, new)) | dict(needs.result)
    return StudyOutcome(result=result, layers=new, readings=[*_readings(result), *needs.readings])


def _past_rows(facts: StudyFacts, days: list[date], *, orders: ir.Table) -> list[pa.Table]:
    if not days:
        return []
    scheme, build = rfm_scheme().scheme, latest_build()
    lines = line_days(facts, orders)
    rows: list[pa.Table] = []
    for number, day in enumerate(days):
        facts.tell(number, len(days) + 3, _("Computing past days"))
        traits = past_traits(
            facts,
            day,
            orders=orders,
            lines=lines,
            scheme=scheme,
            window_days=build.window_days if build else 365,
        )
        rows += fixed_rows(traits, day)
    return rows


def _result(facts: StudyFacts, layers: ir.Table) -> dict[str, Any]:
    traits = facts.traits
    money = traits.select("member_id", money_minor="monetary_minor")
    today = {
        scheme: layers_on(layers, scheme=scheme, as_of=facts.as_of)
        for scheme in ("spend", "lifecycle", "rfm")
    }
    totals = (
        traits.agg(members=traits.count(), money_minor=traits.monetary_minor.sum()).to_pyarrow().to_pylist()
    )
    build = latest_build()
    return {
        "totals": totals[0],
        "window_days": build.window_days if build else 365,
        "matrix": crossed(today["spend"], today["lifecycle"], money=money)
        .order_by("row", "column")
        .to_pyarrow()
        .to_pylist(),
        "rfm": {
            "scheme": build.scheme if build and build.scheme else None,
            "segments": _sums(today["rfm"], money),
        },
        "sizes": {scheme: _sizes(layers, scheme, as_of=facts.as_of) for scheme in SIZED},
        "flows": {
            scheme: [
                found
                for days in PERIODS
                if (found := _flows(layers, scheme, days=days, as_of=facts.as_of, money=money))
            ]
            for scheme in MOVING
        },
    }


def _sums(layers: ir.Table, money: ir.Table) -> list[dict[str, Any]]:
    spent = layers.left_join(money, "member_id")
    rows = spent.group_by("layer").agg(
        members=spent.count(), money_minor=spent.money_minor.fill_null(0).sum().cast("int64")
    )
    found: list[dict[str, Any]] = rows.order_by(ibis.desc("money_minor"), "layer").to_pyarrow().to_pylist()
    return found


def _sizes(layers: ir.Table, scheme: str, *, as_of: date) -> dict[str, Any]:
    """Days in their order, and for each layer its members on each of them."""
    since = as_of - timedelta(days=SIZES_DAYS)
    rows = sizes(layers, scheme=scheme, since=since, as_of=as_of).to_pyarrow().to_pylist()
    days = sorted({row["as_of"] for row in rows})
    counted = {(row["layer"], row["as_of"]): row["members"] for row in rows}
    names = sorted({row["layer"] for row in rows})
    return {
        "days": [day.isoformat() for day in days],
        "layers": {name: [counted.get((name, day), 0) for day in days] for name in names},
    }


def _flows(
    layers: ir.Table, scheme: str, *, days: int, as_of: date, money: ir.Table
) -> dict[str, Any] | None:
    """Flows between the day so long ago and today; ``None`` where no such day is kept."""
    before = layers_on(layers, scheme=scheme, as_of=as_of, days_before=days)
    from_day = before.as_of.max().to_pyarrow().as_py()
    if from_day is None:
        return None
    after = layers_on(layers, scheme=scheme, as_of=as_of)
    rows = flows(before, after, money=money).to_pyarrow().to_pylist()
    return {
        "days": days,
        "from_day": from_day.isoformat(),
        "rows": sorted(rows, key=lambda row: (-row["members"], str(row["from_layer"]), str(row["to_layer"]))),
    }


def _readings(result: Mapping[str, Any]) -> list[Reading]:
    return [*_value_readings(result), *_movement_readings(result)]


def _value_readings(result: Mapping[str, Any]) -> list[Reading]:
    members, money = result["totals"]["members"], result["totals"]["money_minor"]
    high = [cell for cell in result["matrix"] if cell["row"] == "high"]
    if not high or money <= 0:
        return []
    spent = sum(cell["money_minor"] for cell in high)
    found = [
        Reading(
            "{share:.0%} of the members bring {money_share:.0%} of the money of the last {days} days: "
            "the layer of high spend.",
            {
                "share": sum(cell["members"] for cell in high) / members,
                "money_share": spent / money,
                "days": result["window_days"],
            },
        )
    ]
    leaving = [cell for cell in high if cell["column"] in ("at_risk", "lost")]
    if leaving:
        found.append(
            Reading(
                "{count:,} members of high spend are at risk or lost; with them goes {money_share:.1%} of the money "
                "if nobody wins them back.",
                {
                    "count": sum(cell["members"] for cell in leaving),
                    "money_share": sum(cell["money_minor"] for cell in leaving) / money,
                },
            )
        )
    return found


def _movement_readings(result: Mapping[str, Any]) -> list[Reading]:
    month = next((found for found in result["flows"]["lifecycle"] if found["days"] == 28), None)
    if month is None:
        return []
    good, bad = ("new", "active", "loyal"), ("at_risk", "lost")
    left = sum(r["members"] for r in month["rows"] if r["from_layer"] in good and r["to_layer"] in bad)
    back = sum(r["members"] for r in month["rows"] if r["from_layer"] in bad and r["to_layer"] in good)
    entered = sum(r["members"] for r in month["rows"] if r["from_layer"] is None)
    return [
        Reading(
            "Since {day} {left:,} members slipped from new, active or loyal to at risk or lost; {back:,} came back, "
            "and {entered:,} joined.",
            {"day": month["from_day"], "left": left, "back": back, "entered": entered},
        )
    ]
