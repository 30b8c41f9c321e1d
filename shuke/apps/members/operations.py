"""Changes of members."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from shuke.apps.members.models import Member, NameToken
from shuke.apps.members.queries import absorbed_members
from shuke.apps.members.rules import name_words
from shuke.apps.members.schemas import MemberProfile, MemberRef
from shuke.platform.batches import in_batches
from shuke.platform.crypto import decrypt, encrypt, keyed_hash
from shuke.platform.errors import Refused
from shuke.platform.ids import new_ids


@transaction.atomic
def create_members(*, at: datetime, source: str, profiles: Sequence[MemberProfile]) -> list[MemberRef]:
    """New members in the order of their profiles, in bulk."""
    rows = [
        Member(
            public_id=public_id,
            joined_on=profile.joined_on,
            name_encrypted=encrypt(profile.name),
            birthday_encrypted=encrypt(profile.birthday.isoformat() if profile.birthday else ""),
            language=profile.language,
            source=source,
            created_at=at,
            updated_at=at,
        )
        for public_id, profile in zip(new_ids("mem", len(profiles)), profiles, strict=True)
    ]
    Member.objects.bulk_create(rows, batch_size=1000)
    _index_names({row.pk: profile.name for row, profile in zip(rows, profiles, strict=True)})
    return [MemberRef(row.pk, row.public_id) for row in rows]


@transaction.atomic
def change_profiles(*, at: datetime, profiles: Mapping[int, MemberProfile]) -> int:
    """Set what the profiles know, by database key; empty fields stay.  Returns the number changed."""
    changed: list[Member] = []
    renamed: dict[int, str] = {}
    for keys in in_batches(profiles):
        for member in Member.objects.select_for_update().filter(pk__in=keys, status="active").order_by("pk"):
            profile = profiles[member.pk]
            if _apply(member, profile):
                member.updated_at = at
                changed.append(member)
                if profile.name:
                    renamed[member.pk] = profile.name
    fields = ["joined_on", "name_encrypted", "birthday_encrypted", "language", "updated_at"]
    Member.objects.bulk_update(changed, fields, batch_size=500)
    _index_names(renamed)
    return len(changed)


def _apply(member: Member, profile: MemberProfile) -> bool:
    """Write the profile's known fields on the row; whether anything differs.

    Ciphertexts of equal values differ, so names and birthdays are compared in the clear.
    """
    changed = False
    birthday = profile.birthday.isoformat() if profile.birthday else ""
    for field, value in (("name_encrypted", profile.name), ("birthday_encrypted", birthday)):
        if value and decrypt(getattr(member, field)) != value:
            setattr(member, field, encrypt(value))
            changed = True
    for field, plain in (("joined_on", profile.joined_on), ("language", profile.language)):
        if plain and getattr(member, field) != plain:
            setattr(member, field, plain)
            changed = True
    return changed


def _index_names(names: Mapping[int, str]) -> None:
    named = {pk: name for pk, name in names.items() if name}
    for keys in in_batches(named):
        NameToken.objects.filter(member_id__in=keys).delete()
    tokens = [
        NameToken(member_id=pk, token_hash=keyed_hash(word, purpose="name"))
        for pk, name in named.items()
        for word in sorted(name_words(name))
    ]
    NameToken.objects.bulk_create(tokens, batch_size=2000)


#: What a surviving member takes over from a merged one where it knows nothing itself, and what that looks like.
FILLABLE: dict[str, Any] = {
    "name_encrypted": b"",
    "birthday_encrypted": b"",
    "joined_on": None,
    "language": "",
}


@transaction.atomic
def mark_merged(*, at: datetime, member_id: str, into_id: str) -> list[str]:
    """Let ``into_id`` speak for ``member_id`` from now on; returns the profile fields it took over.

    The merged row keeps its profile.  Keep the returned names: ``mark_unmerged`` needs them to put
    everything back.  Refuses a member that is not active, and a merge with itself.
    """
    rows = {row.public_id: row for row in _locked([member_id, into_id])}
    if len(rows) != 2 or any(row.status != "active" for row in rows.values()):
        raise Refused("not_mergeable", _("Only two different members that are both active can be merged."))
    merged, into = rows[member_id], rows[into_id]
    filled = [field for field in FILLABLE if _plain(merged, field) and not _plain(into, field)]
    for field in filled:
        setattr(into, field, getattr(merged, field))
    if filled:
        into.updated_at = at
        into.save(update_fields=[*filled, "updated_at"])
    if "name_encrypted" in filled:
        _index_names({into.pk: _plain(into, "name_encrypted")})
    merged.status, merged.merged_into, merged.updated_at = "merged", into, at
    merged.save(update_fields=["status", "merged_into", "updated_at"])
    return filled


@transaction.atomic
def mark_unmerged(*, at: datetime, member_id: str, filled: Sequence[str]) -> None:
    """Undo ``mark_merged``: the row is active again, and what the other took over from it is empty again.

    A field that changed since then is kept: somebody else said it.  Refuses a member that is not merged.
    """
    into_id = Member.objects.filter(public_id=member_id).values_list("merged_into__public_id", flat=True)
    rows = {row.public_id: row for row in _locked([member_id, *filter(None, into_id)])}
    merged = rows.get(member_id)
    if merged is None or merged.status != "merged":
        raise Refused("not_merged", _("This member is not merged into another."))
    into = next(row for public_id, row in rows.items() if public_id != member_id)
    given_back = [field for field in filled if _plain(into, field) == _plain(merged, field)]
    for field in given_back:
        setattr(into, field, FILLABLE[field])
    if given_back:
        into.updated_at = at
        into.save(update_fields=[*given_back, "updated_at"])
    if "name_encrypted" in given_back:
        NameToken.objects.filter(member=into).delete()
    merged.status, merged.merged_into, merged.updated_at = "active", None, at
    merged.save(update_fields=["status", "merged_into", "updated_at"])


def _locked(member_ids: Sequence[str]) -> list[Member]:
    return list(Member.objects.select_for_update().filter(public_id__in=member_ids).order_by("pk"))


def _plain(row: Member, field: str) -> Any:
    """A field's value in the clear, falsy where nothing is known."""
    value = getattr(row, field)
    return decrypt(value) if field.endswith("_encrypted") else value


@transaction.atomic
def erase_profile(*, at: datetime, member_id: str) -> bool:
    """Empty the profile, and those merged into it, and leave tombstones.  Whether there was anything to erase."""
    member_ids = [member_id, *absorbed_members(member_id)]
    NameToken.objects.filter(member__public_id__in=member_ids).delete()
    return bool(
        Member.objects.filter(public_id__in=member_ids)
        .exclude(status="erased")
        .update(
            status="erased",
            merged_into=None,
            name_encrypted=b"",
            birthday_encrypted=b"",
            joined_on=None,
            language="",
            updated_at=at,
        )
    )
