"""Reading members."""

from collections.abc import Iterable, Iterator
from datetime import date

from django.db.models.expressions import RawSQL
from django.utils.translation import gettext_lazy as _

from shuke.apps.members.models import Member, NameToken
from shuke.apps.members.schemas import Family, MemberProfile, MemberRef, MembershipBeginning, MemberView
from shuke.platform.batches import in_batches
from shuke.platform.calls import read_once
from shuke.platform.crypto import decrypt, keyed_hash
from shuke.platform.errors import NotFound

#: No chain of merges is longer; a guard against a ring.
MERGE_DEPTH = 50
#: Up from a member to who speaks for it, and down to all that this one speaks for.
_FAMILY = """
    WITH RECURSIVE up(id, merged_into_id, step) AS (
        SELECT id, merged_into_id, 1 FROM members_member WHERE public_id = %s
        UNION ALL
        SELECT m.id, m.merged_into_id, up.step + 1
        FROM members_member m JOIN up ON m.id = up.merged_into_id WHERE up.step <= %s
    ), down(id) AS (
        SELECT id FROM up WHERE merged_into_id IS NULL
        UNION
        SELECT m.id FROM members_member m JOIN down ON m.merged_into_id = down.id
    )
    SELECT id FROM down
"""


def masked(name: str) -> str:
    """A name with all but its first character hidden."""
    return name[:1] + "*" * max(len(name) - 1, 0)


def member_view(row: Member, *, unmask: bool = False) -> MemberView:
    """The public view of a row."""
    name = decrypt(row.name_encrypted)
    return MemberView(
        id=row.public_id,
        name=name if unmask else masked(name),
        status=row.status,
        merged_into=row.merged_into.public_id if row.merged_into else None,
        joined_on=row.joined_on,
        language=row.language,
        source=row.source,
        created_at=row.created_at,
        updated_at=row.updated_at,
    )


def member(member_id: str, *, unmask: bool = False) -> MemberView:
    """One member.  Raises ``NotFound``."""
    row = Member.objects.filter(public_id=member_id).select_related("merged_into").first()
    if row is None:
        raise NotFound("member_not_found", _("There is no such member."))
    return member_view(row, unmask=unmask)


def member_refs(member_ids: Iterable[str]) -> dict[str, MemberRef]:
    """The keys of those members that exist, by public id."""
    found: dict[str, MemberRef] = {}
    for ids in in_batches(member_ids):
        for pk, public_id in Member.objects.filter(public_id__in=ids).values_list("pk", "public_id"):
            found[public_id] = MemberRef(pk, public_id)
    return found


def survivor_of(member_id: str) -> str:
    """Who speaks for the member now: itself unless it was merged.  Raises ``NotFound``."""
    return family_of(member_id).public_id


def speakers() -> dict[str, str]:
    """Who speaks for each member that was merged: its public id → the survivor's, in one query."""
    rows = Member.objects.filter(merged_into__isnull=False)
    into: dict[str, str] = dict(rows.values_list("public_id", "merged_into__public_id"))
    for _step in range(MERGE_DEPTH):
        further = {absorbed: into.get(speaker, speaker) for absorbed, speaker in into.items()}
        if further == into:
            break
        into = further
    return into


def absorbed_members(member_id: str) -> list[str]:
    """Public ids of all that were merged into the member, also through others."""
    found: dict[str, None] = {}
    layer = [member_id]
    while layer:
        rows = Member.objects.filter(merged_into__public_id__in=layer).order_by("pk")
        layer = [each for each in rows.values_list("public_id", flat=True) if each not in found]
        found |= dict.fromkeys(layer)
    return list(found)


def family_keys(member_id: str) -> RawSQL:
    """The database keys of who speaks for a member and of all merged into that one, to be put into another query.

    There they are looked up by the statement that locks what belongs to them; empty for an unknown member.
    """
    return RawSQL(_FAMILY, [member_id, MERGE_DEPTH])  # noqa: S611


def family_keys_of(pk: int) -> RawSQL:
    """The same for a member by its database key."""
    return RawSQL(_FAMILY.replace("public_id = %s", "id = %s"), [pk, MERGE_DEPTH])  # noqa: S611


@read_once
def family_of(member_id: str) -> Family:
    """Who speaks for a member, with all that were merged into that one: one query.  Raises ``NotFound``."""
    rows = Member.objects.filter(pk__in=family_keys(member_id)).order_by("pk")
    columns = ("pk", "public_id", "merged_into_id", "joined_on", "created_at")
    found = sorted(rows.values_list(*columns), key=lambda row: row[2] is not None)
    if not found:
        raise NotFound("member_not_found", _("There is no such member."))
    pk, public_id, _into, joined_on, created_at = found[0]
    return Family(pk, public_id, joined_on, created_at, {row[1]: MemberRef(row[0], row[1]) for row in found})


def living_member_ids() -> Iterator[str]:
    """Public ids of all members that were not erased, without holding them all."""
    rows = Member.objects.exclude(status="erased").order_by("pk").values_list("public_id", flat=True)
    return rows.iterator(chunk_size=5_000)


def membership_beginnings(member_ids: Iterable[str] | None = None) -> list[MembershipBeginning]:
    """Since when the active members are members, of ``member_ids`` only where given, oldest first."""
    columns = ("pk", "public_id", "joined_on", "created_at")
    rows = Member.objects.filter(status="active").order_by("pk").values_list(*columns)
    if member_ids is None:
        return [MembershipBeginning(*row) for row in rows]
    wanted = sorted(set(member_ids))
    return [MembershipBeginning(*row) for ids in in_batches(wanted) for row in rows.filter(public_id__in=ids)]


def members_count() -> int:
    """How many active members there are."""
    return Member.objects.filter(status="active").count()


def active_ids(member_ids: Iterable[str] | None = None) -> list[str]:
    """Public ids of the active members, of ``member_ids`` only where given, newest first."""
    rows = Member.objects.filter(status="active").order_by("-id")
    if member_ids is None:
        return list(rows.values_list("public_id", flat=True))
    found: list[tuple[int, str]] = []
    for ids in in_batches(member_ids):
        found += rows.filter(public_id__in=ids).values_list("pk", "public_id")
    return [member_id for _pk, member_id in sorted(found, reverse=True)]


def active_count(member_ids: Iterable[str]) -> int:
    """How many of these members are active."""
    return sum(
        Member.objects.filter(status="active", public_id__in=ids).count() for ids in in_batches(member_ids)
    )


def members_page(
    *, limit: int = 50, offset: int = 0, member_ids: Iterable[str] | None = None, unmask: bool = False
) -> tuple[list[MemberView], int]:
    """Active members, newest first, of ``member_ids`` only where given; and how many there are in all."""
    rows = Member.objects.filter(status="active").order_by("-id")
    if member_ids is None:
        return [member_view(row, unmask=unmask) for row in rows[offset : offset + limit]], rows.count()
    keys: list[int] = []
    for ids in in_batches(member_ids):
        keys += rows.filter(public_id__in=ids).values_list("pk", flat=True)
    wanted = sorted(keys, reverse=True)[offset : offset + limit]
    return [member_view(row, unmask=unmask) for row in rows.filter(pk__in=wanted)], len(keys)


def member_names(member_ids: Iterable[str]) -> dict[str, str]:
    """Unmasked names by public id, for letters to the members themselves."""
    names: dict[str, str] = {}
    for ids in in_batches(member_ids):
        rows = Member.objects.filter(public_id__in=ids).values_list("public_id", "name_encrypted")
        names |= {public_id: decrypt(name) for public_id, name in rows}
    return names


def clear_profiles() -> Iterator[tuple[int, str, str]]:
    """(database key, name, birthday) of every active member in the clear: for matching, in memory only."""
    rows = Member.objects.filter(status="active").order_by("pk")
    for pk, name, birthday in rows.values_list("pk", "name_encrypted", "birthday_encrypted").iterator():
        yield pk, decrypt(name), decrypt(birthday)


def days_of_life() -> Iterator[tuple[str, date | None, date | None]]:
    """(public id, birthday, day of joining) of every active member: for congratulations, in memory only."""
    rows = Member.objects.filter(status="active").order_by("pk")
    for public_id, born, joined_on in rows.values_list(
        "public_id", "birthday_encrypted", "joined_on"
    ).iterator(5_000):
        birthday = decrypt(born)
        yield public_id, date.fromisoformat(birthday) if birthday else None, joined_on


def profiles_in_clear(member_ids: Iterable[str]) -> dict[str, MemberProfile]:
    """What active members are called and when they were born, in the clear: for checks, never for pages."""
    found: dict[str, MemberProfile] = {}
    for ids in in_batches(member_ids):
        rows = Member.objects.filter(public_id__in=ids, status="active")
        for public_id, name, born in rows.values_list("public_id", "name_encrypted", "birthday_encrypted"):
            birthday = decrypt(born)
            found[public_id] = MemberProfile(
                name=decrypt(name), birthday=date.fromisoformat(birthday) if birthday else None
            )
    return found


def members_named(text: str) -> list[str]:
    """Public ids of active members one of whose name words, or whose whole name, is ``text``.

    A name of somebody who was merged finds the one who speaks for them.
    """
    folded = " ".join(text.casefold().split())
    hashes = keyed_hash(folded, purpose="name")
    rows = NameToken.objects.filter(token_hash=hashes).exclude(member__status="erased").order_by("member")
    found = rows.values_list("member__public_id", "member__status")[:200]
    ids = [member_id if status == "active" else survivor_of(member_id) for member_id, status in found]
    return list(dict.fromkeys(ids))


def profile_record(member_id: str) -> dict[str, str | None]:
    """All that the profile holds, in the clear: for the member's own export.  Empty if unknown."""
    row = Member.objects.filter(public_id=member_id).first()
    if row is None:
        return {}
    return {
        "id": row.public_id,
        "status": row.status,
        "name": decrypt(row.name_encrypted),
        "birthday": decrypt(row.birthday_encrypted) or None,
        "joined_on": row.joined_on.isoformat() if row.joined_on else None,
        "language": row.language,
        "source": row.source,
        "created_at": row.created_at.isoformat(),
    }
