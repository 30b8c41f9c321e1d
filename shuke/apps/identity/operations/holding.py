"""Looking identifiers up and writing them, in bulk: what every other operation stands on."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from shuke.apps.identity.models import ErasedIdentifier, Identifier, Link
from shuke.apps.identity.rules import draw_of, form_of
from shuke.apps.members.schemas import MemberRef
from shuke.platform.batches import in_batches
from shuke.platform.crypto import encrypt, keyed_hash
from shuke.platform.ids import new_ids
from shuke.platform.outbox.operations import record

#: (scope, kind, keyed hash of the normalised value)
Key = tuple[str, str, str]


@dataclass(frozen=True)
class Held:
    """An identifier that is known; ``ref`` is its member, ``None`` for a device nobody has named."""

    pk: int
    person_key: str
    ref: MemberRef | None


def known_identifiers(keys: Iterable[Key]) -> dict[Key, Held]:
    """Those of the keys that are known."""
    wanted: dict[tuple[str, str], set[str]] = {}
    for scope, kind, hashed in keys:
        wanted.setdefault((scope, kind), set()).add(hashed)
    found: dict[Key, Held] = {}
    for (scope, kind), hashes in wanted.items():
        for batch in in_batches(hashes):
            rows = Identifier.objects.filter(scope=scope, kind=kind, value_hash__in=batch)
            for pk, hashed, person_key, member_pk, public_id in rows.values_list(
                "pk", "value_hash", "person_key", "member_id", "member__public_id"
            ):
                ref = MemberRef(member_pk, public_id) if member_pk else None
                found[scope, kind, hashed] = Held(pk, person_key, ref)
    return found


def add_identifiers(
    new: Sequence[tuple[Key, str, MemberRef | None]], *, at: datetime, source: str
) -> dict[Key, Held]:
    """Write identifiers and tell the lake whose they are; those without a member it need not know yet."""
    person_keys = new_ids("per", len(new))
    rows = [
        Identifier(
            person_key=person_key,
            scope=key[0],
            kind=key[1],
            form=form_of(key[1], value),
            value_hash=key[2],
            value_encrypted=encrypt(value),
            member_id=ref.pk if ref else None,
            origin_id=ref.pk if ref else None,
            source=source,
            created_at=at,
            owned_at=at if ref else None,
        )
        for person_key, (key, value, ref) in zip(person_keys, new, strict=True)
    ]
    Identifier.objects.bulk_create(rows, batch_size=1000)
    tell_owners(
        ((row.person_key, row.kind, ref) for row, (_, _, ref) in zip(rows, new, strict=True) if ref), at=at
    )
    return {key: Held(row.pk, row.person_key, ref) for row, (key, _, ref) in zip(rows, new, strict=True)}


def give_owners(owners: Mapping[int, MemberRef], *, at: datetime) -> None:
    """Give identifiers without a member, by database key, the member they turned out to be of."""
    told = []
    for pks in in_batches(owners):
        rows = list(Identifier.objects.select_for_update().filter(pk__in=pks, member=None))
        for row in rows:
            row.member_id = row.origin_id = owners[row.pk].pk
            row.owned_at = at
            told.append((row.person_key, row.kind, owners[row.pk]))
        Identifier.objects.bulk_update(rows, ["member", "origin", "owned_at"], batch_size=500)
    tell_owners(told, at=at)


def tell_owners(owned: Iterable[tuple[str, str, MemberRef]], *, at: datetime) -> None:
    """Rows of the lake's identity map: (person_key, kind, member) from a moment on."""
    record(
        "identity_map",
        (
            {
                "person_key": person_key,
                "member_id": ref.public_id,
                "kind": kind,
                "valid_from": at,
                "draw": draw_of(ref.public_id),
            }
            for person_key, kind, ref in owned
        ),
    )


def add_links(pairs: Iterable[tuple[int, int]], *, basis: str, source: str, at: datetime) -> None:
    """Note that somebody said the two identifiers of each pair are of one person; said again is said once."""
    ordered = {(min(pair), max(pair)) for pair in pairs if pair[0] != pair[1]}
    rows = [
        Link(left_id=left, right_id=right, basis=basis, source=source, said_at=at)
        for left, right in sorted(ordered)
    ]
    Link.objects.bulk_create(rows, ignore_conflicts=True, batch_size=2000)


def erased_hash(value: str, *, scope: str, kind: str) -> str:
    """The keyed hash under which a forgotten value is refused."""
    return keyed_hash(value, purpose=f"erased:{scope}:{kind}")


def erased_among(values: Mapping[Key, str]) -> set[Key]:
    """Those whose value is one of a person who asked to be forgotten."""
    if not values or not ErasedIdentifier.objects.exists():
        return set()
    hashes = {erased_hash(value, scope=key[0], kind=key[1]): key for key, value in values.items()}
    found: set[Key] = set()
    for batch in in_batches(hashes):
        rows = ErasedIdentifier.objects.filter(erased_hash__in=batch)
        found |= {hashes[hashed] for hashed in rows.values_list("erased_hash", flat=True)}
    return found
