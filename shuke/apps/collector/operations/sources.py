"""Sources: who sends events."""

from datetime import datetime

from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from shuke.apps.collector.models import KINDS, Source, SourceDay
from shuke.apps.collector.queries.sources import source_row
from shuke.apps.connections.queries import account
from shuke.platform.audit.operations import record_audit
from shuke.platform.errors import Invalid, Refused
from shuke.platform.permissions import Actor

HIGHEST_RATE = 1_000_000


@transaction.atomic
def create_source(
    *,
    actor: Actor,
    at: datetime,
    account_id: str,
    name: str,
    kind: str,
    events_per_second: int | None = None,
) -> str:
    """Add a source; its customer numbers are those of the account.  Returns its id.

    Raises ``Invalid`` for a bad name, kind or rate, ``NotFound`` for an unknown account, ``Refused`` for a
    name that is taken.
    """
    _check(name=name, kind=kind, events_per_second=events_per_second)
    row = Source(
        name=name.strip(),
        kind=kind,
        events_per_second=events_per_second,
        created_at=at,
        account_id=account(account_id).id,
    )
    _save(row)
    changes = {"name": [None, row.name], "kind": [None, kind]}
    record_audit(
        actor=actor, at=at, verb="source.created", subject=("source", row.public_id), changes=changes
    )
    return row.public_id


@transaction.atomic
def change_source(
    *,
    actor: Actor,
    at: datetime,
    source_id: str,
    name: str,
    events_per_second: int | None,
    is_active: bool,
) -> None:
    """Rename a source, limit it, or close and open it: a closed one's keys are refused within seconds."""
    row = source_row(source_id)
    _check(name=name, kind=row.kind, events_per_second=events_per_second)
    wanted = {"name": name.strip(), "events_per_second": events_per_second, "is_active": is_active}
    changes = {key: [getattr(row, key), value] for key, value in wanted.items() if getattr(row, key) != value}
    if not changes:
        return
    for key, value in wanted.items():
        setattr(row, key, value)
    _save(row)
    record_audit(actor=actor, at=at, verb="source.changed", subject=("source", source_id), changes=changes)


@transaction.atomic
def remove_source(*, actor: Actor, at: datetime, source_id: str) -> None:
    """Delete a source that never received anything.  Refuses one that did: close it instead."""
    row = source_row(source_id)
    if SourceDay.objects.filter(source=row).exists():
        raise Refused(
            "source_has_events", _("Events of this source were taken in. Close it instead of deleting it.")
        )
    row.delete()
    changes = {"name": [row.name, None]}
    record_audit(actor=actor, at=at, verb="source.deleted", subject=("source", source_id), changes=changes)


def _check(*, name: str, kind: str, events_per_second: int | None) -> None:
    if not name.strip() or len(name) > 80 or "\x00" in name:
        raise Invalid(
            "invalid_name", _("Give the source a name of up to 80 characters."), {"name": name[:80]}
        )
    if (kind, kind) not in KINDS:
        raise Invalid("invalid_kind", _("A source is a server, a website or an app."), {"kind": kind[:20]})
    if events_per_second is not None and not 1 <= events_per_second <= HIGHEST_RATE:
        raise Invalid(
            "invalid_rate",
            _("Allow from 1 to 1,000,000 events per second, or leave the field empty for no limit."),
            {"events_per_second": events_per_second},
        )


def _save(row: Source) -> None:
    try:
        with transaction.atomic():
            row.save()
    except IntegrityError as error:
        raise Refused("source_exists", _("There is already a source of this name.")) from error
