"""Keeping funnels, and counting those that are kept."""

from __future__ import annotations

from datetime import date, datetime

import pyarrow as pa
from django.db import transaction
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from shuke.apps.insights.events import FunnelChanged
from shuke.apps.insights.models import Funnel
from shuke.apps.insights.queries.funnels import (
    STEPS,
    Report,
    counted_funnel,
    funnel_scheme,
    funnel_view,
    yesterday,
)
from shuke.apps.insights.schemas import FunnelBody, FunnelSave, FunnelView
from shuke.platform.audit.operations import record_audit
from shuke.platform.errors import NotFound, Refused
from shuke.platform.events import emit
from shuke.platform.permissions import Actor
from shuke.platform.warehouse import lake
from shuke.tables import TABLES

#: Each is counted every night.
MOST_FUNNELS = 50


@transaction.atomic
def save_funnel(*, actor: Actor, at: datetime, saved: FunnelSave, funnel_id: int | None = None) -> FunnelView:
    """Keep a new funnel or change one, and have it counted now and every night.

    Raises ``NotFound``.  Refuses if somebody else changed it meanwhile, and more than ``MOST_FUNNELS``.
    """
    if funnel_id is None:
        if Funnel.objects.count() >= MOST_FUNNELS:
            raise Refused("too_many_funnels", _("There are too many funnels. Delete one that nobody needs."))
        row = Funnel(version=0, created_at=at)
    else:
        row = _locked(funnel_id)
        if row.version != saved.version:
            raise Refused(
                "changed_meanwhile", _("Somebody else changed this funnel meanwhile. Look at it first.")
            )
    before = row.name
    definition = saved.definition.dict()
    if row.definition != definition:
        # What was counted of other steps says nothing of these.
        row.result = row.counted_at = None
    row.name, row.definition = saved.name, definition
    row.version, row.author_name, row.updated_at = row.version + 1, actor.name, at
    row.save()
    changes = {"name": [before, row.name], "steps": [None, len(saved.definition.steps)]}
    record_audit(actor=actor, at=at, verb="funnel.saved", subject=("funnel", str(row.pk)), changes=changes)
    emit(FunnelChanged(funnel_id=row.pk))
    return funnel_view(row.pk)


@transaction.atomic
def delete_funnel(*, actor: Actor, at: datetime, funnel_id: int) -> None:
    """Let a funnel go, with how far each member came in it.  Raises ``NotFound``.

    Audiences made of it then say that its layers are not there any more.
    """
    row = _locked(funnel_id)
    record_audit(
        actor=actor,
        at=at,
        verb="funnel.deleted",
        subject=("funnel", str(row.pk)),
        changes={"name": [row.name, None]},
    )
    row.delete()
    nobody = TABLES["member_layers"].arrow_schema.empty_table()
    transaction.on_commit(
        lambda: lake().replace("member_layers", nobody, where={"scheme": funnel_scheme(funnel_id)})
    )


def count_funnel(*, at: datetime, funnel_id: int, report: Report | None = None) -> None:
    """Count a funnel as of yesterday: its result for the page, and the layer of each member for audiences.

    Does nothing where the funnel is gone or changes while it is counted: the change has it counted again.
    """
    row = Funnel.objects.filter(pk=funnel_id).first()
    if row is None:
        return
    as_of = yesterday(at)
    tell = report or (lambda *_told: None)
    counted = counted_funnel(FunnelBody(**row.definition), as_of=as_of, report=report)
    tell(2, STEPS, gettext("Writing"))
    with transaction.atomic():
        same = Funnel.objects.select_for_update().filter(pk=funnel_id, version=row.version)
        if not same.update(
            counted_at=at, result=counted.result.dict() | _dates(as_of, counted.result.first_day)
        ):
            return
        # Inside, so that a funnel that is being deleted waits and takes these rows along.
        scheme = funnel_scheme(funnel_id)
        lake().replace("member_layers", _layer_rows(counted.layers, scheme, as_of), where={"scheme": scheme})
    tell(STEPS, STEPS, gettext("Done"))


def _dates(as_of: date, first_day: date) -> dict[str, str]:
    return {"as_of": as_of.isoformat(), "first_day": first_day.isoformat()}


def _layer_rows(members: pa.Table, scheme: str, as_of: date) -> pa.Table:
    """Rows of ``member_layers``.  Those of days before give way: a funnel says how far members came by now."""
    count = members.num_rows
    schema = TABLES["member_layers"].arrow_schema
    columns = {
        "member_id": members["member_id"],
        "as_of": pa.array([as_of] * count, pa.date32()),
        "scheme": pa.array([scheme] * count, pa.string()),
        "layer": members["layer"],
        "score": pa.nulls(count, pa.float64()),
    }
    return pa.table({name: columns[name] for name in schema.names}).cast(schema)


def _locked(funnel_id: int) -> Funnel:
    row = Funnel.objects.select_for_update().filter(pk=funnel_id).first()
    if row is None:
        raise NotFound("funnel_not_found", _("There is no such funnel."))
    return row
