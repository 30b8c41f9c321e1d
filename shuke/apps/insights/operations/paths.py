"""How do members come back: cohorts, the funnel of purchases, ways between departments and channels, rhythms."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import ibis
from django.utils.translation import gettext as _
from ibis.expr import types as ir

from shuke.apps.insights.operations.bought import bought_goods, bought_orders, last_year
from shuke.apps.insights.operations.paths_words import path_readings
from shuke.apps.insights.schemas import StudyFacts, StudyOutcome
from shuke.science.cohorts import Grain, period_number, period_start, retention, retention_curve
from shuke.science.funnels import funnel, funnel_members
from shuke.science.rhythms import channel_mix, day_hour_map, ways

#: The newest cohorts of each grain that are shown.
COHORTS: Mapping[Grain, int] = {"month": 13, "week": 13}
#: Purchases of the funnel, and its windows in days from the first.
PURCHASES = 5
WINDOWS = (30, 60, 90, 180)
#: Days after which this part of those who come a second time has come.
USUAL = 0.9
#: Departments and the like that are told apart; the rest is one.
TOLD = 7
OTHER = "other"
WAY_STEPS = 4
STEPS = 4


def paths_study(facts: StudyFacts) -> StudyOutcome:
    """How members come back, as of a day."""
    facts.tell(0, STEPS, _("Reading purchases"))
    orders = bought_orders(facts)
    visits = _visits(orders, bought_goods(facts, orders), facts)
    facts.tell(1, STEPS, _("Following cohorts"))
    cohorts = {grain: _cohorts(orders, grain, facts) for grain in COHORTS}
    facts.tell(2, STEPS, _("Counting purchases"))
    first = _firsts(visits)
    result = {
        "members": int(orders.member_id.nunique().to_pyarrow().as_py()),
        "first_day": orders.local_date.min().to_pyarrow().as_py().isoformat(),
        "cohorts": cohorts,
        "funnels": _funnels(visits, first, facts),
        "second": _second(first, facts),
    }
    facts.tell(3, STEPS, _("Drawing ways"))
    recent = last_year(facts, visits)
    result |= {
        "ways": {place: _ways(recent, place) for place in ("department", "channel", "store")},
        "channels": _channels(orders),
        "mix": channel_mix(last_year(facts, orders)).order_by("channels").to_pyarrow().to_pylist(),
        "hours": day_hour_map(last_year(facts, orders)).order_by("weekday", "hour").to_pyarrow().to_pylist(),
    }
    return StudyOutcome(result=result, readings=path_readings(result))


def _visits(orders: ir.Table, goods: ir.Table, facts: StudyFacts) -> ir.Table:
    """Orders with the department most of their products come from, and their number in the member's life."""
    known = goods.filter(goods.department.notnull())
    counted = known.group_by("order_id", "department").agg(n=known.count())
    best = ibis.row_number().over(group_by="order_id", order_by=[counted.n.desc(), counted.department])
    main = counted.mutate(place=best).filter(lambda t: t.place == 0).select("order_id", "department")
    number = ibis.row_number().over(group_by="member_id", order_by=[orders.placed_at, orders.order_id]) + 1
    joined = orders.mutate(number=number).left_join(main, "order_id")
    named = joined.select(
        "member_id",
        "local_date",
        "net_minor",
        at="placed_at",
        number="number",
        department=joined.department.fill_null(OTHER),
        channel=joined.sales_channel,
        store=joined.store_id.fill_null(OTHER),
    )
    return facts.snapshot.connection.create_table("path_visits", named, temp=True)


def _cohorts(orders: ir.Table, grain: Grain, facts: StudyFacts) -> dict[str, Any]:
    """The triangle of the newest cohorts and the curves of all."""
    cells = retention(orders, grain=grain).cache()
    last = _last_whole_period(facts, grain)
    rows = (
        cells.filter(cells.cohort > last - COHORTS[grain]).order_by("cohort", "age").to_pyarrow().to_pylist()
    )
    curve = retention_curve(cells, last_period=last).order_by("age").to_pyarrow().to_pylist()
    sizes = cells.filter(cells.age == 0).select("cohort", "size").order_by("cohort").to_pyarrow().to_pylist()
    return {
        "triangle": [
            {name: row[name] for name in ("age", "members", "orders", "revenue_minor", "size", "rate")}
            | {"cohort": period_start(row["cohort"], grain=grain).isoformat()}
            for row in rows
        ],
        "curve": [row for row in curve if row["age"] < COHORTS[grain]],
        "largest": max(row["size"] for row in sizes) / sum(row["size"] for row in sizes),
    }


def _last_whole_period(facts: StudyFacts, grain: Grain) -> int:
    """A period that is not over has seen only a part of its orders, and would bend the curves down."""
    tomorrow = ibis.memtable({"day": [facts.as_of + timedelta(days=1)]})
    number = tomorrow.select(n=period_number(tomorrow.day, grain=grain)).to_pyarrow()["n"][0].as_py()
    return int(number) - 1


def _firsts(visits: ir.Table) -> ir.Table:
    """Each member's first visit, where it was, and the day of the second."""
    at = {
        f"visit_{n}": (visits.number == n).ifelse(visits.local_date, ibis.null("date")).max() for n in (1, 2)
    }
    where = {
        name: (visits.number == 1).ifelse(visits[name], ibis.null("string")).max()
        for name in ("department", "channel")
    }
    return visits.group_by("member_id").agg(**at, **where).cache()


def _funnels(visits: ir.Table, first: ir.Table, facts: StudyFacts) -> dict[str, Any]:
    """First to fifth purchase within each window, of members whose window is over; by how they began."""
    steps = visits.filter(visits.number <= PURCHASES).select("member_id", "at", step="number")
    found: dict[str, Any] = {"windows": {}, "by": {}}
    for days in WINDOWS:
        begun = first.filter(first.visit_1 <= ibis.literal(facts.as_of - timedelta(days=days)))
        reached = funnel_members(
            steps.semi_join(begun, "member_id"), count=PURCHASES, window_seconds=days * 86_400
        )
        named = (
            reached.join(begun, "member_id").select("member_id", "reached", "department", "channel").cache()
        )
        if not named.count().to_pyarrow().as_py():
            continue
        found["windows"][str(days)] = _steps(funnel(named, count=PURCHASES))
        found["by"] = {
            by: _by_segment(funnel(_folded(named, by), count=PURCHASES, by=by), by)
            for by in ("department", "channel")
        }
        found["by_days"] = days
    return found


def _steps(table: ir.Table) -> list[dict[str, Any]]:
    return [
        {name: row[name] or 0 for name in ("step", "members", "of_first", "of_previous")}
        for row in table.order_by("step").to_pyarrow().to_pylist()
    ]


def _by_segment(table: ir.Table, by: str) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for row in table.order_by(by, "step").to_pyarrow().to_pylist():
        found.setdefault(row[by], []).append(
            {name: row[name] or 0 for name in ("step", "members", "of_first", "of_previous")}
        )
    return dict(sorted(found.items(), key=lambda item: -item[1][0]["members"]))


def _second(first: ir.Table, facts: StudyFacts) -> dict[str, Any]:
    """How long the second purchase takes, and who still has none after the usual time."""
    gap = first.visit_2.delta(first.visit_1, unit="day").cast("float64")
    points = first.agg(middle=gap.median(), usual=gap.quantile(USUAL)).to_pyarrow().to_pylist()[0]
    usual = max(1, round(points["usual"])) if points["usual"] is not None else None
    if usual is None:
        return {"middle_days": None, "usual_days": None, "waiting": 0, "overdue": 0}
    silent = first.filter(first.visit_2.isnull())
    late = silent.filter(silent.visit_1 <= ibis.literal(facts.as_of - timedelta(days=usual)))
    return {
        "middle_days": points["middle"],
        "usual_days": usual,
        "waiting": int(silent.count().to_pyarrow().as_py()),
        "overdue": int(late.count().to_pyarrow().as_py()),
    }


def _folded(table: ir.Table, column: str) -> ir.Table:
    """The most frequent values of a column as they are, the rest as one."""
    counted = table.group_by(column).agg(n=table.count())
    kept = counted.filter(counted[column] != OTHER).order_by(counted.n.desc(), column).limit(TOLD)
    names = kept[column].to_pyarrow().to_pylist()
    return table.mutate(**{column: table[column].isin(names).ifelse(table[column], OTHER)})


def _ways(visits: ir.Table, place: str) -> list[dict[str, Any]] | None:
    """Moves between the first visits of the last year, and who came no more; nothing where there is one place."""
    folded = _folded(visits, place).select("member_id", "at", place=place)
    if folded.place.nunique().to_pyarrow().as_py() < 2:
        return None
    moves = ways(folded, steps=WAY_STEPS).order_by("step", "source", "target").to_pyarrow().to_pylist()
    number = ibis.row_number().over(group_by="member_id", order_by=[folded.at, folded.place])
    numbered = folded.mutate(step=number.cast("int64") + 1).filter(lambda t: t.step < WAY_STEPS)
    there = numbered.group_by("step", "place").agg(members=numbered.count()).to_pyarrow().to_pylist()
    left = [
        {
            "step": row["step"],
            "source": row["place"],
            "target": "",
            "members": row["members"]
            - sum(m["members"] for m in moves if (m["step"], m["source"]) == (row["step"], row["place"])),
        }
        for row in sorted(there, key=lambda r: (r["step"], r["place"]))
    ]
    return moves + [row for row in left if row["members"] > 0]


def _channels(orders: ir.Table) -> list[dict[str, Any]]:
    """``month, channel, orders, revenue_minor`` of the last thirteen months."""
    month = orders.local_date.strftime("%Y-%m")
    named = orders.select("net_minor", "member_id", month=month, channel="sales_channel")
    grouped = named.group_by("month", "channel").agg(
        orders=named.count(), revenue_minor=named.net_minor.sum(), members=named.member_id.nunique()
    )
    rows = grouped.order_by("month", "channel").to_pyarrow().to_pylist()
    months = sorted({row["month"] for row in rows})[-13:]
    return [row for row in rows if row["month"] in months]
