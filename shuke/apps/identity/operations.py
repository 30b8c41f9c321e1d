"""Writing identifiers: who is who, in its simplest form.

A value belongs to one member.  A row of a member list belongs to the member of its first known
identifier, in the order external, card, email, phone; a further identifier of that row that already
belongs to somebody else stays there and is reported, nobody is merged.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from django.db import transaction

from shuke.apps.compliance.operations import record_consents
from shuke.apps.compliance.schemas import Decision
from shuke.apps.identity.models import Identifier
from shuke.apps.identity.queries import value_hash
from shuke.apps.identity.rules import draw_of, normalised, scope_of
from shuke.apps.identity.schemas import MemberRegistration, RegistrationIssue, RegistrationOutcome
from shuke.apps.members.operations import change_profiles, create_members
from shuke.apps.members.schemas import MemberProfile, MemberRef
from shuke.platform.batches import in_batches
from shuke.platform.crypto import encrypt
from shuke.platform.ids import new_ids
from shuke.platform.locks import exclusive
from shuke.platform.outbox.operations import record
from shuke.platform.permissions import SYSTEM

KIND_ORDER = ("external", "card", "email", "phone")
#: (scope, kind, keyed hash of the normalised value)
Key = tuple[str, str, str]


def resolve_person_keys(
    *, at: datetime, scope: str, kind: str, values: Sequence[str], source: str
) -> dict[str, str]:
    """The person_key of each value; values nobody has get a new member each.

    Values are used as written but for surrounding spaces.  Idempotent: asking twice creates once.
    """
    keys = {
        value: (scope_of(kind, scope), kind, value_hash(kind, value.strip()))
        for value in dict.fromkeys(values)
    }
    with exclusive("identity"), transaction.atomic():
        known = _known_identifiers(keys.values())
        missing = list({key: value for value, key in keys.items() if key not in known}.items())
        refs = create_members(at=at, source=source, profiles=[MemberProfile()] * len(missing))
        new = [(key, value.strip(), ref) for (key, value), ref in zip(missing, refs, strict=True)]
        known |= _add_identifiers(new, at=at, source=source)
    return {value: known[key][0] for value, key in keys.items()}


def register_members(
    *,
    at: datetime,
    account: str,
    source: str,
    registrations: Sequence[MemberRegistration],
    region: str = "CN",
) -> RegistrationOutcome:
    """Take a member list: create whom nobody knows, change what differs, leave the rest.

    ``account`` scopes customer and card numbers.  Phone numbers without country code are of ``region``.
    Registering the same list twice changes nothing the second time.
    """
    with exclusive("identity"), transaction.atomic():
        return _Registrar(at=at, account=account, source=source, region=region).register(registrations)


class _Registrar:
    """One registration: reads once, decides in memory, writes in bulk."""

    def __init__(self, *, at: datetime, account: str, source: str, region: str) -> None:
        self.at, self.account, self.source, self.region = at, account, source, region
        self.issues: list[RegistrationIssue] = []

    def register(self, registrations: Sequence[MemberRegistration]) -> RegistrationOutcome:
        rows = [(row, self._keys_of(row)) for row in registrations]
        owners = _known_identifiers(key for _, keys in rows for key in keys)
        placed = self._place(rows, owners)
        new_rows = [(row, keys) for row, keys, ref in placed if ref is None]
        refs = iter(
            create_members(at=self.at, source=self.source, profiles=[row.profile for row, _ in new_rows])
        )
        members = [(row, keys, ref or next(refs)) for row, keys, ref in placed]
        added = self._add(members, owners)
        existing = {ref.pk: row.profile for row, _, ref in placed if ref is not None}
        changed = change_profiles(at=self.at, profiles=existing)
        self._describe(members, owners | added)
        created = len(new_rows)
        return RegistrationOutcome(
            created=created,
            changed=changed,
            unchanged=len(rows) - created - changed,
            issues=tuple(self.issues),
        )

    def _keys_of(self, row: MemberRegistration) -> dict[Key, str]:
        keys: dict[Key, str] = {}
        for kind in sorted(row.identifiers, key=KIND_ORDER.index):
            text = row.identifiers[kind]
            value = normalised(kind, text, region=self.region) if text else None
            if value:
                keys[scope_of(kind, self.account), kind, value_hash(kind, value)] = value
            elif text:
                self.issues.append(RegistrationIssue(row.row_no, kind, f"invalid_{kind}"))
        return keys

    def _place(
        self,
        rows: Sequence[tuple[MemberRegistration, dict[Key, str]]],
        owners: Mapping[Key, tuple[str, MemberRef]],
    ) -> list[tuple[MemberRegistration, dict[Key, str], MemberRef | None]]:
        """Each row's member where one is known.  A row without any identifier belongs to nobody and is left out."""
        placed = []
        for row, keys in rows:
            if not keys:
                self.issues.append(RegistrationIssue(row.row_no, "", "no_identifier"))
                continue
            ref = next((owners[key][1] for key in keys if key in owners), None)
            placed.append((row, keys, ref))
        return placed

    def _add(
        self,
        members: Sequence[tuple[MemberRegistration, dict[Key, str], MemberRef]],
        owners: Mapping[Key, tuple[str, MemberRef]],
    ) -> dict[Key, tuple[str, MemberRef]]:
        new: dict[Key, tuple[str, MemberRef]] = {}
        for row, keys, ref in members:
            for key, value in keys.items():
                owner = owners[key][1] if key in owners else new[key][1] if key in new else None
                if owner is None:
                    new[key] = (value, ref)
                elif owner.pk != ref.pk:
                    self.issues.append(RegistrationIssue(row.row_no, key[1], "identifier_taken"))
        triples = [(key, value, ref) for key, (value, ref) in new.items()]
        return _add_identifiers(triples, at=self.at, source=self.source)

    def _describe(
        self,
        members: Sequence[tuple[MemberRegistration, dict[Key, str], MemberRef]],
        keys: Mapping[Key, tuple[str, MemberRef]],
    ) -> None:
        """Attributes and consents of the rows, as facts for the lake."""
        facts = []
        decisions = []
        for row, row_keys, ref in members:
            person_key = next((keys[key][0] for key in row_keys if keys[key][1].pk == ref.pk), None)
            for attribute, value in row.attributes.items():
                if person_key and value:
                    facts.append(
                        {
                            "person_key": person_key,
                            "attribute": attribute,
                            "value": value,
                            "observed_at": self.at,
                            "source": self.source,
                        }
                    )
            decisions += [
                Decision(ref.public_id, channel, purpose, state, self.at, self.source)
                for (channel, purpose), state in row.consents.items()
            ]
        record("member_attributes", facts)
        record_consents(actor=SYSTEM, at=self.at, decisions=decisions)


def _known_identifiers(keys: Iterable[Key]) -> dict[Key, tuple[str, MemberRef]]:
    wanted = set(keys)
    found: dict[Key, tuple[str, MemberRef]] = {}
    for hashes in in_batches({key[2] for key in wanted}):
        rows = Identifier.objects.filter(value_hash__in=hashes).select_related("member")
        for row in rows:
            key = (row.scope, row.kind, row.value_hash)
            if key in wanted:
                found[key] = (row.person_key, MemberRef(row.member.pk, row.member.public_id))
    return found


def _add_identifiers(
    new: Sequence[tuple[Key, str, MemberRef]], *, at: datetime, source: str
) -> dict[Key, tuple[str, MemberRef]]:
    """Write identifiers and tell the lake whose they are."""
    person_keys = new_ids("per", len(new))
    rows = [
        Identifier(
            person_key=person_key,
            scope=key[0],
            kind=key[1],
            value_hash=key[2],
            value_encrypted=encrypt(value),
            member_id=ref.pk,
            source=source,
            created_at=at,
        )
        for person_key, (key, value, ref) in zip(person_keys, new, strict=True)
    ]
    Identifier.objects.bulk_create(rows, batch_size=1000)
    record(
        "identity_map",
        (
            {
                "person_key": person_key,
                "member_id": ref.public_id,
                "kind": key[1],
                "valid_from": at,
                "draw": draw_of(ref.public_id),
            }
            for person_key, (key, _, ref) in zip(person_keys, new, strict=True)
        ),
    )
    return {key: (person_key, ref) for person_key, (key, _, ref) in zip(person_keys, new, strict=True)}
