"""Forgetting identifiers, so that no later import brings the person back."""

from datetime import datetime

from django.db import transaction

from shuke.apps.identity.models import ErasedIdentifier, Identifier, Merge, Suggestion
from shuke.apps.identity.operations.holding import erased_hash
from shuke.apps.identity.rules import KINDS, normalised, scope_of
from shuke.apps.members.queries import absorbed_members
from shuke.platform.audit.operations import record_audit
from shuke.platform.crypto import decrypt
from shuke.platform.permissions import Actor


@transaction.atomic
def forget_identifiers(*, at: datetime, member_id: str) -> list[str]:
    """Delete the identifiers of a member and of those merged into it; returns their person keys.

    Keyed hashes stay, by which the same identifiers are refused later.  Links go with their ends, merges
    and suggestions that name the member too.  Running it again does no harm.
    """
    member_ids = [member_id, *absorbed_members(member_id)]
    rows = list(Identifier.objects.select_for_update().filter(member__public_id__in=member_ids))
    hashes = {
        erased_hash(decrypt(row.value_encrypted), scope=row.scope, kind=row.kind)
        for row in rows
        if row.kind not in KINDS or KINDS[row.kind].names_person
    }
    ErasedIdentifier.objects.bulk_create(
        [ErasedIdentifier(erased_hash=hashed, erased_at=at) for hashed in sorted(hashes)],
        ignore_conflicts=True,
    )
    Suggestion.objects.filter(left__public_id__in=member_ids).delete()
    Suggestion.objects.filter(right__public_id__in=member_ids).delete()
    Merge.objects.filter(survivor__public_id__in=member_ids).delete()
    Merge.objects.filter(absorbed__public_id__in=member_ids).delete()
    Identifier.objects.filter(pk__in=[row.pk for row in rows]).delete()
    # A merge row's key stands for the merged member's own facts in the lake's identity map.
    return [row.person_key for row in rows] + member_ids


@transaction.atomic
def readmit(*, actor: Actor, at: datetime, account: str, kind: str, value: str, region: str = "CN") -> bool:
    """Let an identifier of a forgotten person in again, because the person consented anew.

    Whether it had been refused.  The audit notes that it happened, not the value.
    """
    normal = normalised(kind, value, region=region)
    if normal is None:
        return False
    hashed = erased_hash(normal, scope=scope_of(kind, account), kind=kind)
    deleted, _ = ErasedIdentifier.objects.filter(erased_hash=hashed).delete()
    if deleted:
        changes = {"kind": [None, kind]}
        record_audit(
            actor=actor, at=at, verb="identifier.readmitted", subject=("identifier", kind), changes=changes
        )
    return bool(deleted)
