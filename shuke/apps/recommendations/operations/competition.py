"""Counting what became of a slot's lists, and keeping the count for the page."""

from __future__ import annotations

import time
from datetime import date, datetime, timedelta
from typing import Any

import ibis
from django.db import transaction
from ibis.expr import types as ir

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
from shuke.science.recommendations import online
from shuke.science.recommendations import online_estimates as estimates

#: The longest time that is counted, and the time where no experiment says since when.
LONGEST_DAYS, USUAL_DAYS = 90, 28


def request_count(code: str) -> None:
    """Have the slot's lists counted in the background.  Raises ``NotFound``."""
    emit(OnlineCountWanted(slot=slot_of(code).code))


def count_online(code: str, *, at: datetime) -> OnlineReport:
    """Count the lists of a slot (of its experiment, if it has one) and keep the count.

    Raises ``NotFound`` for an unknown slot.
    """
    began = time.monotonic()
    view = slot_of(code)
    shop = retailer()
    today = business_date(at, shop.time_zone)
    since = _since(view, today=today, time_zone=shop.time_zone)
    with lake().read() as snapshot:
        counted = _count(snapshot, view, since=since, currency=shop.currency)
    report = report_of(view, counted, since=since, at=at, currency=shop.currency)
    seconds = round(time.monotonic() - began, 3)
    _keep(report, at=at, seconds=seconds)
    return report


def _since(view: SlotView, *, today: date, time_zone: str) -> date:
    earliest = today - timedelta(days=LONGEST_DAYS)
    if not view.experiment_id:
        return today - timedelta(days=USUAL_DAYS)
    return max(earliest, business_date(experiment(view.experiment_id).created_at, time_zone))


def _count(snapshot: Snapshot, view: SlotView, *, since: date, currency: str) -> Counted:
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
    return Counted(
        totals=totals,
        days=_rows(online.totals(results, by=("local_date", "arm"))),
        places=_rows(online.places(listed, touched, lines)),
        products={row["arm"]: row["products"] for row in _rows(online.shown_products(listed))},
        active_products=int(products.filter(products.is_active).count().to_pyarrow().as_py()),
        summaries=summarise(units, metrics=metrics) if totals else {},
        crossed=sum(row["units"] for row in totals) - int(units.unit.nunique().to_pyarrow().as_py()),
    )


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
