"""Answering one question about all members, and keeping the answer."""

from __future__ import annotations

import json
import time
import zlib
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

import numpy as np
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from shuke.apps.insights.events import StudyRequested
from shuke.apps.insights.models import Study
from shuke.apps.insights.operations.kinds import LEAVES, RUNS
from shuke.apps.insights.operations.traits import Report
from shuke.apps.insights.queries.studies import study_view
from shuke.apps.insights.queries.traits import traits_on
from shuke.apps.insights.schemas import NotEnough, StudyFacts, StudyOutcome, StudyView
from shuke.lake import SparkSettings
from shuke.platform.audit.operations import record_audit
from shuke.platform.clock import business_date
from shuke.platform.errors import NotFound, Refused
from shuke.platform.events import emit
from shuke.platform.permissions import SYSTEM, Actor
from shuke.platform.retailer.queries import retailer
from shuke.platform.warehouse import lake
from shuke.science.reading import Reading
from shuke.tables import TABLES

if TYPE_CHECKING:
    import pyarrow as pa

    from shuke.lake.reading import Snapshot


def run_study(
    kind: str,
    *,
    at: datetime,
    as_of: date,
    actor: Actor = SYSTEM,
    report: Report | None = None,
    spark: str | None = None,
) -> StudyView:
    """Answer the question of that kind as of a day, and put the answer in the place of that day's.

    ``spark``: the master of a cluster that reads and counts instead of this process; models are fitted here.

    Where the data do not suffice, the reason is kept as the answer, and what an earlier answer of that day left in the
    lake goes.  Refuses a day that is not over in the
    retailer's time zone, and a day without traits.  Raises ``NotFound`` for an unknown kind.
    """
    if kind not in RUNS:
        raise NotFound("study_not_found", _("There is no such study."))
    shop = retailer()
    if as_of >= business_date(at, shop.time_zone):
        raise Refused("day_not_over", _("Studies are made of whole days; choose yesterday or earlier."))
    began = time.monotonic()
    values: dict[str, Any] = {"result": {}, "readings": [], "refusal": None}
    with lake().read(spark=SparkSettings(master=spark) if spark else None) as snapshot:
        facts = _facts(snapshot, kind=kind, as_of=as_of, report=report)
        try:
            outcome = RUNS[kind](facts)
        except NotEnough as missing:
            values["refusal"] = _as_data(missing.reading)
            _remove(kind, as_of=as_of)
        else:
            values["result"] = _finite(outcome.result)
            values["readings"] = [_as_data(reading) for reading in outcome.readings]
            _write(kind, outcome, as_of=as_of)
    seconds = round(time.monotonic() - began, 3)
    return _record(kind, as_of=as_of, at=at, actor=actor, seconds=seconds, **values)


def request_study(kind: str) -> None:
    """Have the question answered in the background; every question where ``kind`` is empty.

    Raises ``NotFound`` for an unknown kind.
    """
    if kind and kind not in RUNS:
        raise NotFound("study_not_found", _("There is no such study."))
    emit(StudyRequested(kind=kind))


def _facts(snapshot: Snapshot, *, kind: str, as_of: date, report: Report | None) -> StudyFacts:
    """One day's traits are asked many questions: they are kept on the connection."""
    traits = snapshot.connection.create_table("study_traits", traits_on(snapshot, as_of), temp=True)
    if not traits.count().to_pyarrow().as_py():
        raise Refused("traits_missing", _("There are no traits of that day. Build them first."))
    shop = retailer()
    return StudyFacts(
        snapshot=snapshot,
        as_of=as_of,
        currency=shop.currency,
        time_zone=shop.time_zone,
        traits=traits,
        rng=np.random.default_rng([zlib.crc32(kind.encode()), as_of.toordinal()]),
        tell=report or (lambda *_told: None),
    )


def _finite(result: Mapping[str, Any]) -> dict[str, Any]:
    """The result as JSON.  Raises ``ValueError`` for a number that is none: no database keeps it."""
    found: dict[str, Any] = json.loads(json.dumps(result, allow_nan=False))
    return found


def _remove(kind: str, *, as_of: date) -> None:
    """Take the rows of the day away that an earlier answer of it left: the page does not stand by them any more."""
    tables, schemes = LEAVES.get(kind, ((), ()))
    for name in tables:
        lake().replace(name, TABLES[name].arrow_schema.empty_table(), where={"as_of": as_of})
    with lake().read() as snapshot:
        layers = snapshot.table("member_layers")
        known = layers.filter(layers.as_of == as_of).select("scheme").distinct().to_pyarrow()["scheme"]
    nobody = TABLES["member_layers"].arrow_schema.empty_table()
    for scheme in sorted(known.to_pylist()):
        if _leaves(schemes, scheme):
            lake().replace("member_layers", nobody, where={"scheme": scheme, "as_of": as_of})


def _leaves(schemes: tuple[str, ...], scheme: str) -> bool:
    return scheme in schemes or f"{scheme.partition(':')[0]}:" in schemes


def _write(kind: str, outcome: StudyOutcome, *, as_of: date) -> None:
    tables, schemes = LEAVES.get(kind, ((), ()))
    undeclared = sorted(set(outcome.tables) - set(tables))
    if outcome.layers is not None:
        written = {scheme for scheme, _day in _schemes_and_days(outcome.layers)}
        undeclared += sorted(scheme for scheme in written if not _leaves(schemes, scheme))
    if kind in LEAVES and undeclared:
        raise ValueError(f"The study {kind} writes {undeclared}, which LEAVES does not name.")
    for name, rows in outcome.tables.items():
        lake().replace(name, rows, where={"as_of": as_of})
    if outcome.layers is None:
        return
    for scheme, day in _schemes_and_days(outcome.layers):
        rows = _of_scheme(outcome.layers, scheme, day)
        lake().replace("member_layers", rows, where={"scheme": scheme, "as_of": day})


def _schemes_and_days(layers: pa.Table) -> Sequence[tuple[str, date]]:
    pairs = layers.group_by(["scheme", "as_of"]).aggregate([])
    return sorted((row["scheme"], row["as_of"]) for row in pairs.to_pylist())


def _of_scheme(layers: pa.Table, scheme: str, day: date) -> pa.Table:
    import pyarrow.compute as pc

    return layers.filter(
        pc.and_(pc.equal(layers.column("scheme"), scheme), pc.equal(layers.column("as_of"), day))
    )


def _as_data(reading: Reading) -> dict[str, Any]:
    return {"sentence": reading.sentence, "values": _finite(dict(reading.values))}


@transaction.atomic
def _record(kind: str, *, as_of: date, at: datetime, actor: Actor, **values: Any) -> StudyView:
    """Remember the answer after its rows lie in the lake: an answer that is known can be read."""
    row, _created = Study.objects.update_or_create(
        kind=kind, as_of=as_of, defaults={"built_at": at, **values}
    )
    record_audit(
        actor=actor, at=at, verb="study.made", subject=("study", f"{kind} {as_of.isoformat()}"), changes={}
    )
    return study_view(row)
