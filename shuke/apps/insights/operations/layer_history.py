"""Rows of ``member_layers``: those of today, and of past days that nobody kept yet."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, timedelta

import ibis
import pyarrow as pa
from ibis.expr import types as ir

from shuke.apps.insights.operations.traits import HABIT_DAYS
from shuke.apps.insights.schemas import StudyFacts
from shuke.science.layer_rules import fixed_layers, traits_of_layers
from shuke.science.purchases import purchased_lines
from shuke.science.rfm_scheme import RfmScheme
from shuke.tables import TABLES

#: Days back that movements are shown over.
PERIODS = (7, 28, 91)
#: Ends of months that sizes are shown of.
MONTHS = 12
#: Before so many days with orders a layer says little: everybody is new.
LEAST_DAYS = 28


def wanted_days(as_of: date, *, first_order: date) -> list[date]:
    """Past days that the study compares with: some days back, and the ends of the last months; oldest first."""
    ends, day = [], as_of.replace(day=1)
    for _month in range(MONTHS):
        day -= timedelta(days=1)
        ends.append(day)
        day = day.replace(day=1)
    back = [as_of - timedelta(days=days) for days in PERIODS]
    return sorted(day for day in {*ends, *back} if (day - first_order).days >= LEAST_DAYS)


def line_days(facts: StudyFacts, orders: ir.Table) -> ir.Table:
    """How many lines each member bought on each day, and how many of them on discount; gifts left out."""
    lines = purchased_lines(
        purchases=orders,
        order_lines=facts.snapshot.table("order_lines"),
        refunds=facts.snapshot.table("refunds"),
        currency=facts.currency,
        until=facts.as_of,
    )
    counted = lines.group_by("member_id", "local_date").agg(
        lines=lines.count(), discounted=lines.is_discounted.cast("int64").sum()
    )
    return facts.snapshot.connection.create_table("line_days", counted, temp=True)


def past_traits(
    facts: StudyFacts, day: date, *, orders: ir.Table, lines: ir.Table, scheme: RfmScheme, window_days: int
) -> ir.Table:
    """The traits of a past day, from what is known of it now; kept on the study's connection, not in the lake.

    Who had not bought by that day was not known yet, and is nobody's prospect of the past.
    """
    traits = traits_of_layers(
        orders,
        lines,
        as_of=day,
        window_days=window_days,
        habit_days=max(HABIT_DAYS, window_days),
        scheme=scheme,
    )
    return facts.snapshot.connection.create_table(f"traits_{day:%Y%m%d}", traits, temp=True)


def layer_rows(layers: Mapping[str, ir.Table], day: date) -> Iterable[pa.Table]:
    """The layers of each scheme as rows of the lake's table."""
    schema = TABLES["member_layers"].arrow_schema
    for scheme, members in layers.items():
        rows = members.mutate(as_of=ibis.literal(day), scheme=ibis.literal(scheme))
        yield rows.select(*schema.names).to_pyarrow().cast(schema)


def fixed_rows(traits: ir.Table, day: date) -> Iterable[pa.Table]:
    """The layers of every fixed scheme.  A scheme with one layer divides nobody and is left out."""
    layers = dict(fixed_layers(traits))
    if traits.preferred_channel.nunique().to_pyarrow().as_py() < 2:
        del layers["channel"]
    return layer_rows(layers, day)


def kept_days(facts: StudyFacts, *, scheme: str) -> set[date]:
    """The days of a scheme that are kept."""
    rows = facts.snapshot.table("member_layers")
    days = rows.filter(rows.scheme == scheme).select("as_of").distinct()
    return set(days.to_pyarrow().column("as_of").to_pylist())


def with_new(facts: StudyFacts, new: pa.Table) -> ir.Table:
    """The kept layers with the new rows in the place of those of their schemes and days."""
    kept = facts.snapshot.table("member_layers")
    fresh = facts.snapshot.connection.create_table("new_layers", new, temp=True)
    # An engine's own table knows that its columns are never empty; a union wants equal words.
    fresh = fresh.cast(dict(TABLES["member_layers"].ibis_schema))
    replaced = fresh.select("scheme", "as_of").distinct()
    return ibis.union(kept.anti_join(replaced, ["scheme", "as_of"]), fresh)
