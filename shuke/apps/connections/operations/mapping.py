"""Choosing what each column is, and keeping the choice for the next file."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from shuke.apps.connections.models import ImportBatch, MappingProfile
from shuke.apps.connections.queries.batches import batch_row, batch_view
from shuke.apps.connections.queries.files import kind_named, profile_of, read_source, refusal_of, stored_path
from shuke.apps.connections.queries.mappings import profile_view
from shuke.apps.connections.schemas import BatchView, ProfileView
from shuke.platform.audit.operations import record_audit
from shuke.platform.errors import Invalid, NotFound, Refused
from shuke.platform.permissions import Actor
from shuke.sources.files.errors import UnreadableFileError
from shuke.sources.files.mapping import check_mapping

KEPT = (
    "columns", "attributes", "time_zone", "currency", "amount_unit", "decimal_mark", "date_order", "fractions", "fills",
    "encoding", "separator", "layout",
)  # fmt: skip


@transaction.atomic
def change_mapping(*, actor: Actor, at: datetime, batch_id: str, settings: Mapping[str, Any]) -> BatchView:
    """Set the mapping of an import that has not run.  Raises ``Invalid`` if no row could be read with it."""
    row = _open_row(batch_id)
    given = {name: value for name, value in settings.items() if name in KEPT}
    kind = kind_named(row.kind)
    source = read_source(stored_path(row), given)
    profile = profile_of(row.account, kind, given=given, source=source)
    try:
        check_mapping(kind, profile, source.headers)
    except UnreadableFileError as error:
        raise refusal_of(error) from error
    row.settings = given | {"columns": dict(profile.columns)}
    row.state, row.report, row.error_code, row.error_message = "uploaded", {}, "", ""
    row.save()
    record_audit(actor=actor, at=at, verb="import.mapped", subject=("import", batch_id), changes={})
    return batch_view(row)


@transaction.atomic
def map_by_hand(*, actor: Actor, at: datetime, batch_id: str) -> BatchView:
    """Read a recognised export as an ordinary file, with the columns as they came."""
    row = _open_row(batch_id)
    given = {name: value for name, value in row.settings.items() if name not in {"layout", "columns"}}
    source = read_source(stored_path(row), given)
    profile = profile_of(row.account, kind_named(row.kind), given=given, source=source)
    row.settings = given | {"layout": "", "columns": dict(profile.columns)}
    row.state, row.report, row.error_code, row.error_message = "uploaded", {}, "", ""
    row.save()
    record_audit(actor=actor, at=at, verb="import.mapped", subject=("import", batch_id), changes={})
    return batch_view(row)


def _open_row(batch_id: str) -> ImportBatch:
    row = batch_row(batch_id)
    if row.state not in {"uploaded", "checked", "failed"}:
        raise Refused(
            "import_not_open", _("This import was started already; upload the file again to change it.")
        )
    return row


@transaction.atomic
def save_profile(*, actor: Actor, at: datetime, batch_id: str, name: str) -> ProfileView:
    """Keep the mapping of an import under a name; an equal name of the same kind is replaced."""
    batch = batch_row(batch_id)
    clean = " ".join(name.split())
    if not clean or len(clean) > 80:
        raise Invalid(
            "invalid_name", _("Give the mapping a name of up to 80 characters."), {"name": name[:80]}
        )
    row = MappingProfile.objects.filter(kind=batch.kind, name=clean).first()
    row = row or MappingProfile(kind=batch.kind, name=clean, created_at=at)
    row.settings, row.updated_at = batch.settings, at
    row.save()
    record_audit(
        actor=actor,
        at=at,
        verb="mapping.saved",
        subject=("mapping", row.public_id),
        changes={"name": [None, clean]},
    )
    return profile_view(row)


def use_profile(*, actor: Actor, at: datetime, batch_id: str, profile_id: str) -> BatchView:
    """Read an import with a saved mapping.  Raises ``NotFound`` and ``Invalid``."""
    batch = batch_row(batch_id)
    row = MappingProfile.objects.filter(kind=batch.kind, public_id=profile_id).first()
    row = row or MappingProfile.objects.filter(kind=batch.kind, name=profile_id).first()
    if row is None:
        raise NotFound("mapping_not_found", _("There is no such saved mapping for this kind of file."))
    return change_mapping(actor=actor, at=at, batch_id=batch_id, settings=row.settings)


@transaction.atomic
def delete_profile(*, actor: Actor, at: datetime, profile_id: str) -> None:
    """Forget a saved mapping; imports that used it keep theirs."""
    deleted, _rows = MappingProfile.objects.filter(public_id=profile_id).delete()
    if not deleted:
        raise NotFound("mapping_not_found", _("There is no such saved mapping for this kind of file."))
    record_audit(actor=actor, at=at, verb="mapping.deleted", subject=("mapping", profile_id), changes={})
