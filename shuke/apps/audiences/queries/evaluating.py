"""Evaluating conditions on one snapshot of the lake."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime

import ibis
import pyarrow as pa
from django.db.models import F
from ibis.expr import types as ir

from shuke.apps.audiences.models import Audience, AudienceVersion
from shuke.apps.audiences.queries import labels
from shuke.apps.audiences.queries.known import SOURCES, KnownNames, names_of_kind, schemes
from shuke.apps.audiences.rules import (
    TABLE_NAMES,
    AudienceFacts,
    Condition,
    Fault,
    Known,
    check,
    compile_conditions,
    parsed,
)
from shuke.apps.audiences.schemas import AudienceMember, Profile, StageShare
from shuke.apps.compliance.queries import suppressed_members
from shuke.apps.insights.queries import scheme_name
from shuke.apps.members.queries import member_names
from shuke.lake.reading import Snapshot
from shuke.platform.clock import business_date
from shuke.platform.retailer.queries import retailer
from shuke.platform.warehouse import lake
from shuke.science.persons import members as all_members

_members_kept: dict[tuple[str, int | None], int] = {}


def business_today(at: datetime) -> date:
    """The retailer's business day of a moment."""
    return business_date(at, retailer().time_zone)


def saved_conditions() -> dict[str, Condition]:
    """The newest conditions of every audience that is not archived, by public id."""
    rows = AudienceVersion.objects.filter(number=F("audience__version")).select_related("audience")
    return {row.audience.public_id: parsed(row.conditions) for row in rows}


@dataclass(frozen=True)
class Bench:
    """A snapshot with the facts that conditions are evaluated on."""

    snapshot: Snapshot
    facts: AudienceFacts

    def lake_versions(self) -> dict[str, int | None]:
        """The version of every table that conditions read."""
        return {name: self.snapshot.version(name) for name in TABLE_NAMES}

    def faults(self, tree: Condition, *, own_id: str | None = None) -> list[Fault]:
        """What is wrong with a tree here."""
        known = Known(
            names=KnownNames(self.snapshot), audiences=self.facts.audiences, layers=schemes(self.snapshot)
        )
        return check(tree, known, own_id=own_id)

    def name_of(self, kind: str, value: str) -> str:
        """What people call a value."""
        if kind == "audience":
            row = Audience.objects.filter(public_id=value).first()
            return row.name if row else value
        if kind == "channel":
            return labels.label(labels.CHANNELS, value)
        if kind == "scheme":
            return scheme_name(value)
        if kind.startswith("layer:"):
            return schemes(self.snapshot).get(kind.removeprefix("layer:"), {}).get(value, value)
        return names_of_kind(kind, self.snapshot).get(value, value) if kind in SOURCES else value

    def member_ids(self, tree: Condition) -> list[str]:
        """The members' ids in ascending order."""
        query = compile_conditions(tree, self.facts).order_by("member_id")
        ids: list[str] = self.snapshot.connection.to_pyarrow(query).column("member_id").to_pylist()
        return ids

    def size(self, tree: Condition) -> int:
        """How many members there are."""
        query = compile_conditions(tree, self.facts).count().name("size")
        return int(self.snapshot.connection.to_pyarrow(query).as_py())

    def members_total(self) -> int:
        """How many members the identity map knows."""
        key = (str(lake().root), self.snapshot.version("identity_map"))
        if key not in _members_kept:
            query = all_members(self.facts.identity_map).count().name("members")
            _members_kept.clear()
            _members_kept[key] = int(self.snapshot.connection.to_pyarrow(query).as_py())
        return _members_kept[key]

    def first_members(
        self, tree: Condition, *, limit: int, offset: int = 0
    ) -> tuple[list[AudienceMember], int]:
        """Members by what they spent, most first, and how many there are in all, in one query."""
        found = compile_conditions(tree, self.facts)
        traits = _newest_traits(self.facts)
        joined = found.left_join(traits, "member_id").select(
            found.member_id,
            *(traits[name] for name in ("lifecycle_stage", "last_order_date")),
            orders_total=traits.orders_total.fill_null(0),
            spend_total_minor=traits.spend_total_minor.fill_null(0),
        )
        counted = joined.mutate(size=joined.count().over(ibis.window()))
        page = counted.order_by(ibis.desc("spend_total_minor"), "member_id").limit(limit, offset=offset)
        rows = self.snapshot.connection.to_pyarrow(page).to_pylist()
        if not rows:
            return [], self.size(tree) if offset else 0
        names = member_names([row["member_id"] for row in rows])
        return [_member_row(row, names) for row in rows], rows[0]["size"]

    def profile(self, tree: Condition) -> Profile:
        """Size, revenue and lifecycle mix against all members, in one query."""
        facts = self.facts
        everybody = all_members(facts.identity_map)
        inside = compile_conditions(tree, facts).mutate(is_inside=ibis.literal(1, "int64"))
        traits = _newest_traits(facts)
        rows = everybody.left_join(inside, "member_id").left_join(traits, "member_id")
        rows = rows.select(
            stage=traits.lifecycle_stage.fill_null("prospect"),
            is_inside=inside.is_inside.fill_null(0),
            money=traits.monetary_minor.fill_null(0),
            orders=traits.frequency.fill_null(0),
            as_of=traits.as_of,
        )
        grouped = rows.group_by("stage").agg(
            members=rows.is_inside.sum().cast("int64"),
            all_members=rows.count(),
            revenue=(rows.is_inside * rows.money).sum().cast("int64"),
            all_revenue=rows.money.sum().cast("int64"),
            orders=(rows.is_inside * rows.orders).sum().cast("int64"),
            as_of=rows.as_of.max(),
        )
        return _profile(self.snapshot.connection.to_pyarrow(grouped).to_pylist(), facts)


def _profile(rows: list[dict[str, object]], facts: AudienceFacts) -> Profile:
    by_stage = {str(row["stage"]): row for row in rows}

    def total(name: str) -> int:
        return sum(int(str(row[name])) for row in rows)

    def at(stage: str, name: str) -> int:
        return int(str(by_stage[stage][name])) if stage in by_stage else 0

    stages = [
        StageShare(
            stage=stage, label=str(text), members=at(stage, "members"), all_members=at(stage, "all_members")
        )
        for stage, text in labels.STAGES.items()
    ]
    days = [row["as_of"] for row in rows if isinstance(row["as_of"], date)]
    return Profile(
        size=total("members"),
        members_total=total("all_members"),
        revenue_minor=total("revenue"),
        revenue_total_minor=total("all_revenue"),
        orders=total("orders"),
        currency=facts.currency,
        as_of=facts.today,
        traits_as_of=max(days, default=None),
        stages=stages,
    )


def _newest_traits(facts: AudienceFacts) -> ir.Table:
    known = facts.traits.filter(facts.traits.as_of <= ibis.literal(facts.today))
    return known.filter(known.as_of == known.as_of.max().as_scalar())


def _member_row(row: dict[str, object], names: Mapping[str, str]) -> AudienceMember:
    name = names.get(str(row["member_id"]), "")
    stage = row["lifecycle_stage"]
    return AudienceMember.model_validate(
        {
            **row,
            "name": name[:1] + "*" * max(len(name) - 1, 0),
            "stage_label": labels.label(labels.STAGES, str(stage)) if stage else "",
        }
    )


@contextmanager
def bench(*, as_of: date, lake_versions: Mapping[str, int | None] | None = None) -> Iterator[Bench]:
    """A snapshot to evaluate on; ``lake_versions`` of an earlier evaluation repeat it.

    Suppressions are those of now: they live in the operational database.
    """
    pins = {name: number for name, number in (lake_versions or {}).items() if number is not None}
    with lake().read(versions=pins) as snapshot:
        yield Bench(snapshot, facts_of(snapshot, as_of=as_of))


def audience_tables(snapshot: Snapshot, audience_ids: Sequence[str], *, as_of: date) -> dict[str, ir.Table]:
    """``member_id`` of the members of each of the audiences on a day; those that cannot be evaluated are left out."""
    facts = facts_of(snapshot, as_of=as_of)
    found = Bench(snapshot, facts)
    trees = {code: facts.audiences[code] for code in audience_ids if code in facts.audiences}
    return {code: compile_conditions(tree, facts) for code, tree in trees.items() if not found.faults(tree)}


def facts_of(snapshot: Snapshot, *, as_of: date) -> AudienceFacts:
    """The snapshot's tables, who is suppressed and all saved audiences."""
    stopped = pa.Table.from_pylist(
        [{"member_id": member, "channel": channel} for member, channel in suppressed_members()],
        schema=pa.schema([("member_id", pa.string()), ("channel", pa.string())]),
    )
    return AudienceFacts(
        **{name: snapshot.table(name) for name in TABLE_NAMES},
        suppressions=ibis.memtable(stopped),
        today=as_of,
        currency=retailer().currency,
        audiences=saved_conditions(),
    )
