"""Counting what became of a slot's lists, and keeping the count for the page."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any

import ibis
from django.db import transaction
from ibis.expr import types as ir

from shuke.apps.experiments.operations import expose
from shuke.apps.experiments.queries import experiment
from shuke.apps.recommendations.events import OnlineCountWanted
from shuke.apps.recommendations.models import OnlineReading, Slot
from shuke.apps.recommendations.operations.competition_report import Counted, report_of
from shuke.apps.recommendations.queries.slots import slot as slot_of
from shuke.apps.recommendations.schemas.online import OnlineReport
from shuke.apps.recommendations.schemas.slots import SlotView
from shuke.lake.reading import Snapshot
from shuke.platform.clock import business_date
from shuke.platform.events import emit
from shuke.platform.retailer.queries import retailer
from shuke.platform.warehouse import lake
from shuke.science.lift import summarise
from shuke.science.outcomes import exposed_members
from shuke.science.recommendations import online
from shuke.science.recommendations import online_estimates as estimates

#: The longest time that is counted, and the time where no experiment says since when.
LONGEST_DAYS, USUAL_DAYS = 90, 28


def request_count(code: str) -> None:
    """Have the slot's lists counted in the background.  Raises ``NotFound``."""
    emit(OnlineCountWanted(slot=slot_of(code).code))


def count_online(code: str, *, at: datetime) -> OnlineReport:
    """Count the lists of a slot (of its experiment, if it has one) and keep the count.

    Tells the experiment of the members it met for the first time.  Raises ``NotFound`` for an unknown slot.
    """
    began = time.monotonic()
    view = slot_of(code)
    shop = retailer()
    today = business_date(at, shop.time_zone)
    since = _since(view, today=today, time_zone=shop.time_zone)
    with lake().read() as snapshot:
        counted, newcomers = _count(snapshot, view, since=since, currency=shop.currency)
    if view.experiment_id:
        _expose(view, newcomers, at=at)
    report = report_of(view, counted, since=since, at=at, currency=shop.currency)
    seconds = round(time.monotonic() - began, 3)
    _keep(report, at=at, seconds=seconds)
    return report


def _since(view: SlotView, *, today: date, time_zone: str) -> date:
    earliest = today - timedelta(days=LONGEST_DAYS)
    if not view.experiment_id:
        return today - timedelta(days=USUAL_DAYS)
    return max(earliest, business_date(experiment(view.experiment_id).created_at, time_zone))


def _count(
    snapshot: Snapshot, view: SlotView, *, since: date, currency: str
) -> tuple[Counted, list[dict[str, Any]]]:
    """What became of the lists, and the first lists of members of whom the experiment was not told."""
    facts = _facts(snapshot, since=since)
    keep = snapshot.connection.create_table
    everywhere = keep(
        "online_lists", online.answers(facts.recommendation_lists, facts.identity_map), temp=True
    )
    lists = everywhere.filter(everywhere.slot == view.code, everywhere.local_date >= ibis.literal(since))
    if view.experiment_id:
        lists = lists.filter(lists.experiment_id == view.experiment_id)
    lists = keep("slot_lists", lists, temp=True)
    listed = keep("slot_listed", online.listed_products(lists), temp=True)
    touched = keep("slot_touches", online.touches(lists, facts.events), temp=True)
    lines = keep(
        "slot_bought",
        online.attributed_lines(online.listed_products(everywhere), facts, currency=currency),
        temp=True,
    )
    results = keep("slot_results", online.list_results(lists, touched, lines), temp=True)
    drawn = tuple(view.bandit)
    units = keep("slot_units", online.unit_sums(results, drawn=drawn), temp=True)
    metrics = [*estimates.METRICS]
    metrics += [metric for pair in estimates.policy_metrics(drawn).values() for metric in pair]
    totals = _rows(online.totals(results, by=("arm",)))
    products = snapshot.table("products")
    counted = Counted(
        totals=totals,
        days=_rows(online.totals(results, by=("local_date", "arm"))),
        places=_rows(online.places(listed, touched, lines)),
        products={row["arm"]: row["products"] for row in _rows(online.shown_products(listed))},
        active_products=int(products.filter(products.is_active).count().to_pyarrow().as_py()),
        summaries=summarise(units, metrics=metrics) if totals else {},
        crossed=sum(row["units"] for row in totals) - int(units.unit.nunique().to_pyarrow().as_py()),
    )
    return counted, _newcomers(snapshot, lists, experiment_id=view.experiment_id)


def _facts(snapshot: Snapshot, *, since: date) -> online.ListFacts:
    """The tables from a week before ``since`` on: an older list may have a right to a purchase."""
    first = since - timedelta(days=online.PURCHASE_DAYS)
    told = {name: snapshot.table(name) for name in online.ListFacts.__dataclass_fields__}
    for name in ("recommendation_lists", "events", "orders", "order_lines", "refunds"):
        told[name] = told[name].filter(
            told[name].local_month >= f"{first:%Y-%m}", told[name].local_date >= ibis.literal(first)
        )
    return online.ListFacts(**told)


def _rows(expression: ir.Table) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = expression.to_pyarrow().to_pylist()
    return found


def _newcomers(snapshot: Snapshot, lists: ir.Table, *, experiment_id: str) -> list[dict[str, Any]]:
    """``member_id, person_key, arm, listed_at`` of the first list of each member that the lake has no exposure of."""
    if not experiment_id:
        return []
    told = snapshot.table("exposures").filter(lambda t: t.experiment_id == experiment_id)
    known = exposed_members(told, snapshot.table("identity_map"))
    new = lists.filter(lists.member_id.notnull()).anti_join(known, "member_id")
    place = ibis.row_number().over(group_by="member_id", order_by=[new.listed_at, new.list_id])
    first = new.mutate(place=place).filter(lambda t: t.place == 0)
    return _rows(first.select("member_id", "person_key", "arm", "listed_at"))


def _expose(view: SlotView, newcomers: Sequence[Mapping[str, Any]], *, at: datetime) -> None:
    """Tell the experiment of members from the hour of their first list on."""
    found = experiment(view.experiment_id)
    if found.state == "ended":
        return
    arms = {arm.name for arm in found.arms}
    hours: dict[datetime, dict[str, str]] = {}
    for row in newcomers:
        if row["arm"] in arms:
            hour = row["listed_at"].replace(minute=0, second=0, microsecond=0)
            hours.setdefault(hour, {})[row["member_id"]] = row["arm"]
    keys = {row["member_id"]: row["person_key"] for row in newcomers}
    for hour, assignments in sorted(hours.items()):
        expose(
            experiment_id=view.experiment_id,
            campaign_id=None,
            assignments=assignments,
            at=at,
            eligible_at=hour,
            person_keys=keys,
        )


@transaction.atomic
def _keep(report: OnlineReport, *, at: datetime, seconds: float) -> None:
    row = Slot.objects.filter(code=report.slot).first()
    if row is None:
        return
    OnlineReading.objects.update_or_create(
        slot=row,
        experiment_id=report.experiment_id,
        defaults={"at": at, "seconds": seconds, "report": report.model_dump(mode="json")},
    )
