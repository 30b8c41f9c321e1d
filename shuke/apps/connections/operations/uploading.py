"""Taking a file in: streamed to disk, looked at, and kept until its retention ends."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from shuke.apps.connections.models import ImportBatch, new_batch_id
from shuke.apps.connections.operations.planning import plan_of
from shuke.apps.connections.operations.receiving import receive
from shuke.apps.connections.queries.batches import batch_row, batch_view
from shuke.apps.connections.queries.files import uploads_folder
from shuke.apps.connections.schemas import BatchView
from shuke.platform.audit.operations import record_audit
from shuke.platform.errors import Refused
from shuke.platform.permissions import Actor

BLOCK = 1 << 20


def file_blocks(path: Path) -> Iterable[bytes]:
    """A file on this machine in blocks, for ``upload``."""
    with path.open("rb") as file:
        while block := file.read(BLOCK):
            yield block


def upload(
    *,
    actor: Actor,
    at: datetime,
    account_id: str,
    kind: str,
    file_name: str,
    blocks: Iterable[bytes],
    settings: Mapping[str, Any] | None = None,
    details: tuple[str, Iterable[bytes]] | None = None,
) -> BatchView:
    """Keep a file and find out how it is read.  ``settings`` are those of a ``Profile``, all optional.

    An empty ``kind`` is found out by the headers, an empty ``account_id`` by the platform whose export it
    is.  ``details`` (name, blocks) is a second file that is joined to the first.  Columns with numbers of
    identity cards and the like are cut out before the file gets its place.  Raises ``Invalid`` for a
    file that is empty, too large, damaged, no table, or of a kind that cannot be told; nothing is kept
    then.
    """
    public_id = new_batch_id()
    path = uploads_folder() / public_id
    given = dict(settings or {})
    names = [file_name, *([details[0]] if details else [])]
    try:
        received = receive(path, parts=[blocks, *([details[1]] if details else [])], given=given)
        with transaction.atomic():
            plan = plan_of(received.source, actor=actor, at=at, account_id=account_id, kind=kind, given=given)
            row = ImportBatch.objects.create(
                public_id=public_id,
                account=plan.account,
                kind=plan.kind,
                file_name=" + ".join(_plain_name(name) for name in names)[:255],
                file_hash=received.digest,
                file_bytes=received.size,
                stored_name=path.name,
                settings=plan.settings,
                actor_name=actor.name[:120],
                created_at=at,
            )
            changes = {"kind": [None, plan.kind], "bytes": [None, received.size]}
            record_audit(
                actor=actor, at=at, verb="import.uploaded", subject=("import", public_id), changes=changes
            )
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    return batch_view(row)


def _plain_name(name: str) -> str:
    """The last part of the name, without what neither a page nor a database could show."""
    last = name.replace("\\", "/").rsplit("/", 1)[-1]
    return "".join(letter for letter in last if letter.isprintable())[:255] or "file"


@transaction.atomic
def discard_batch(*, actor: Actor, at: datetime, batch_id: str) -> None:
    """Delete the file of an import that was not run, and the import.  Refuses one that ran or runs."""
    row = batch_row(batch_id)
    if row.state not in {"uploaded", "checked", "failed"}:
        raise Refused("import_ran", _("This import was run; its history is kept."))
    if row.stored_name:
        (uploads_folder() / row.stored_name).unlink(missing_ok=True)
    row.delete()
    record_audit(actor=actor, at=at, verb="import.discarded", subject=("import", batch_id), changes={})
