"""Reading identifiers."""

from collections.abc import Iterable

from django.db.models import Q

from shuke.apps.identity.models import Identifier
from shuke.apps.identity.rules import KINDS, masked, normalised
from shuke.apps.identity.schemas import IdentifierView
from shuke.apps.members.queries import member_refs, members_named
from shuke.platform.batches import in_batches
from shuke.platform.crypto import decrypt, keyed_hash


def value_hash(kind: str, value: str) -> str:
    """The keyed hash of a normalised value."""
    return keyed_hash(value, purpose=f"identifier:{kind}")


def addresses(member_ids: Iterable[str], *, kind: str) -> dict[str, str]:
    """The newest email or phone of each member that has one, in the clear: for sending only."""
    found: dict[str, str] = {}
    for ids in in_batches(member_ids):
        mine = Identifier.objects.filter(member__public_id__in=ids, kind=kind, form="plain")
        rows = mine.order_by("created_at", "pk")
        found |= {
            member_id: decrypt(value)
            for member_id, value in rows.values_list("member__public_id", "value_encrypted")
        }
    return found


def identifiers_of(member_id: str, *, unmask: bool = False) -> list[IdentifierView]:
    """All identifiers of a member, oldest first."""
    rows = Identifier.objects.filter(member__public_id=member_id).order_by("created_at", "pk")
    return [_view(row, unmask=unmask) for row in rows]


def claimed_by(member_id: str, *, unmask: bool = False) -> list[IdentifierView]:
    """Cards, emails, phones and the like that stood in one row with the member's and belong to another."""
    shared = [kind for kind, rule in KINDS.items() if rule.is_global or kind == "card"]
    others = (
        Identifier.objects.filter(kind__in=shared).exclude(member=None).exclude(member__public_id=member_id)
    )
    mine = Q(links_left__left__member__public_id=member_id) | Q(
        links_right__right__member__public_id=member_id
    )
    rows = others.filter(mine).distinct().order_by("created_at", "pk")[:20]
    return [_view(row, unmask=unmask) for row in rows]


def _view(row: Identifier, *, unmask: bool) -> IdentifierView:
    value = decrypt(row.value_encrypted)
    return IdentifierView(
        person_key=row.person_key,
        kind=row.kind,
        scope=row.scope,
        value=value if unmask else masked(row.kind, value),
        source=row.source,
        created_at=row.created_at,
    )


def person_keys_of(member_id: str) -> list[str]:
    """Every person_key under which facts of the member lie in the lake."""
    return list(
        Identifier.objects.filter(member__public_id=member_id)
        .order_by("pk")
        .values_list("person_key", flat=True)
    )


def primary_person_keys(member_ids: Iterable[str]) -> dict[str, str]:
    """The first person_key of each member: new facts about the member are written under it."""
    found: dict[str, str] = {}
    for ids in in_batches(member_ids):
        rows = Identifier.objects.filter(member__public_id__in=ids).order_by("-pk")
        found |= dict(rows.values_list("member__public_id", "person_key"))
    return found


def find_members(text: str, *, region: str = "CN") -> list[str]:
    """Public ids of the members a text names: a member id, an identifier's exact value, or a name word."""
    # PostgreSQL refuses NUL in any text, also in what is only searched for.
    wanted = text.replace("\x00", "").strip()
    if not wanted:
        return []
    found = dict.fromkeys(member_refs([wanted]))
    hashes = []
    for kind in KINDS:
        value = normalised(kind, wanted, region=region)
        if value:
            hashes.append(value_hash(kind, value))
    rows = Identifier.objects.filter(value_hash__in=hashes).exclude(member=None).order_by("pk")
    found |= dict.fromkeys(rows.values_list("member__public_id", flat=True))
    found |= dict.fromkeys(members_named(wanted))
    return list(found)


def members_known_by(kind: str, value: str, *, region: str = "CN") -> list[str]:
    """Public ids of the members with exactly this identifier; of a card number there may be several."""
    wanted = normalised(kind, value, region=region)
    if wanted is None:
        return []
    rows = Identifier.objects.filter(kind=kind, value_hash=value_hash(kind, wanted)).exclude(member=None)
    return list(dict.fromkeys(rows.order_by("pk").values_list("member__public_id", flat=True)))


def owners_of_keys(person_keys: Iterable[str]) -> dict[str, str]:
    """The public id of the member of each key that belongs to somebody."""
    found: dict[str, str] = {}
    for keys in in_batches(person_keys):
        rows = Identifier.objects.filter(person_key__in=keys).exclude(member=None)
        found |= dict(rows.values_list("person_key", "member__public_id"))
    return found
