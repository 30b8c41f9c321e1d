"""Write keys: made, shown once, kept as a hash, revoked for good."""

import secrets
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from shuke.apps.collector.models import ROLES, WriteKey
from shuke.apps.collector.queries.sources import source_row
from shuke.apps.collector.schemas import NewWriteKey
from shuke.platform.audit.operations import record_audit
from shuke.platform.errors import Invalid, NotFound
from shuke.platform.ids import ALPHABET
from shuke.platform.permissions import Actor
from shuke.sources.collector.grants import key_hash

#: 160 random bits, so that a plain hash is enough: nobody can try them all.
LETTERS = 32
PREFIX = "wk_"


@transaction.atomic
def create_write_key(*, actor: Actor, at: datetime, source_id: str, role: str) -> NewWriteKey:
    """Add a key of role ``server``, ``web`` or ``trusted_web``.  It is in the answer and nowhere else."""
    if (role, role) not in ROLES:
        raise Invalid("invalid_role", _("There is no such role of a write key."), {"role": role[:20]})
    source = source_row(source_id)
    key = PREFIX + "".join(secrets.choice(ALPHABET) for _number in range(LETTERS))
    row = WriteKey.objects.create(
        source=source, role=role, key_hash=key_hash(key), prefix=key[:7], created_at=at
    )
    changes = {"key": [None, row.prefix], "role": [None, role]}
    record_audit(actor=actor, at=at, verb="write_key.created", subject=("source", source_id), changes=changes)
    return NewWriteKey(id=row.public_id, role=role, key=key)


@transaction.atomic
def revoke_write_key(*, actor: Actor, at: datetime, key_id: str) -> None:
    """Refuse the key from now on (the collector notices within seconds).  Revoking twice is once."""
    row = WriteKey.objects.select_related("source").filter(public_id=key_id).first()
    if row is None:
        raise NotFound("write_key_not_found", _("There is no such write key."))
    if not WriteKey.objects.filter(pk=row.pk, revoked_at=None).update(revoked_at=at):
        return
    changes = {"key": [row.prefix, None]}
    subject = ("source", row.source.public_id)
    record_audit(actor=actor, at=at, verb="write_key.revoked", subject=subject, changes=changes)
