"""Changes of members."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from django.db import transaction

from shuke.apps.members.models import Member, NameToken
from shuke.apps.members.rules import name_words
from shuke.apps.members.schemas import MemberProfile, MemberRef
from shuke.platform.batches import in_batches
from shuke.platform.crypto import decrypt, encrypt, keyed_hash
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


@transaction.atomic
def erase_profile(*, at: datetime, member_id: str) -> bool:
    """Empty the profile and leave a tombstone.  Whether there was anything to erase."""
    NameToken.objects.filter(member__public_id=member_id).delete()
    return bool(
        Member.objects.filter(public_id=member_id, status="active").update(
            status="erased",
            name_encrypted=b"",
            birthday_encrypted=b"",
            joined_on=None,
            language="",
            updated_at=at,
        )
    )
