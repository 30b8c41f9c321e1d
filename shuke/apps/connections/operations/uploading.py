"""Taking a file in: streamed to disk, looked at, and kept until its retention ends."""

import hashlib
import os
from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from shuke.apps.connections.models import ImportBatch, new_batch_id
from shuke.apps.connections.queries.accounts import account_row
from shuke.apps.connections.queries.batches import batch_row, batch_view
from shuke.apps.connections.queries.files import kind_named, profile_of, read_source, uploads_folder
from shuke.apps.connections.schemas import BatchView
from shuke.platform.audit.operations import record_audit
from shuke.platform.errors import Invalid, Refused
from shuke.platform.permissions import Actor

MAX_BYTES = int(os.environ.get("SHUKE_MAX_UPLOAD_BYTES", str(2 * 2**30)))
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
) -> BatchView:
    """Keep a file and find out how it is read.  ``settings`` are those of a ``Profile``, all optional.

    Raises ``Invalid`` for a file that is empty, too large, damaged or no table; nothing is kept then.
    """
    account, chosen = account_row(account_id), kind_named(kind)
    public_id = new_batch_id()
    path = uploads_folder() / public_id
    size, digest = _store(path, blocks)
    try:
        given = dict(settings or {})
        source = read_source(path, given)
        profile = profile_of(account, chosen, given=given, source=source)
        with transaction.atomic():
            row = ImportBatch.objects.create(
                public_id=public_id,
                account=account,
                kind=kind,
                file_name=_plain_name(file_name),
                file_hash=digest,
                file_bytes=size,
                stored_name=path.name,
                settings=given | {"columns": dict(profile.columns)},
                actor_name=actor.name[:120],
                created_at=at,
            )
            changes = {"kind": [None, kind], "bytes": [None, size]}
            record_audit(
                actor=actor, at=at, verb="import.uploaded", subject=("import", public_id), changes=changes
            )
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    return batch_view(row)


def _store(path: Path, blocks: Iterable[bytes]) -> tuple[int, str]:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    digest, size = hashlib.sha256(), 0
    try:
        with path.open("wb") as file:
            for block in blocks:
                size += len(block)
                if size > MAX_BYTES:
                    raise Invalid(
                        "file_too_large",
                        _(
                            "The file is larger than allowed. Split it, or ask your administrator to raise the limit."
                        ),
                        {"limit_bytes": MAX_BYTES},
                    )
                digest.update(block)
                file.write(block)
            file.flush()
            os.fsync(file.fileno())
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    return size, digest.hexdigest()


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
