"""Writing identifiers: who is who, in its simplest form.

A value belongs to one member.  A row of a member list belongs to the member of its first known
identifier, in the order external, card, email, phone; a further identifier of that row that already
belongs to somebody else stays there and is reported, nobody is merged.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from django.db import transaction

from shuke.apps.compliance.operations import record_consents
from shuke.apps.compliance.schemas import Decision
from shuke.apps.identity.models import Identifier
from shuke.apps.identity.queries import identifiers_of, value_hash
from shuke.apps.identity.rules import draw_of, normalised, scope_of
from shuke.apps.identity.schemas import (
    IdentifierView,
    MemberRegistration,
    RegistrationIssue,
    RegistrationOutcome,
)
from shuke.apps.members.operations import change_profiles, create_members
from shuke.apps.members.queries import member
from shuke.apps.members.schemas import MemberProfile, MemberRef, MemberView
from shuke.platform.audit.operations import record_audit
from shuke.platform.batches import in_batches
from shuke.platform.crypto import encrypt, keyed_hash
from shuke.platform.ids import new_ids
from shuke.platform.locks import exclusive
from shuke.platform.outbox.operations import record
from shuke.platform.permissions import SYSTEM, Actor

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
        places, newcomers = self._place(rows, owners)
        refs = create_members(at=self.at, source=self.source, profiles=newcomers)
        members = [
            (row, keys, refs[place] if isinstance(place, int) else place)
            for (row, keys), place in zip(rows, places, strict=True)
            if place is not None
        ]
        added = self._add(members, owners)
        created = {ref.pk for ref in refs}
        known = {ref.pk: row.profile for row, _, ref in members if ref.pk not in created}
        changed = change_profiles(at=self.at, profiles=known)
        self._describe(members, owners | added)
        return RegistrationOutcome(
            created=len(created), changed=changed, unchanged=len(known) - changed, issues=tuple(self.issues)
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
    ) -> tuple[list[MemberRef | int | None], list[MemberProfile]]:
        """Each row's member: one that is known, or the number of a newcomer; and the newcomers' profiles.

        Rows that share an identifier are one person.  A row without any identifier belongs to nobody.
        """
        claims: dict[Key, MemberRef | int] = {key: ref for key, (_, ref) in owners.items()}
        newcomers: list[MemberProfile] = []
        places: list[MemberRef | int | None] = []
        for row, keys in rows:
            if not keys:
                self.issues.append(RegistrationIssue(row.row_no, "", "no_identifier"))
                places.append(None)
                continue
            place = next((claims[key] for key in keys if key in claims), None)
            if place is None:
                place = len(newcomers)
                newcomers.append(row.profile)
            for key in keys:
                claims.setdefault(key, place)
            places.append(place)
        return places, newcomers

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
        """Attributes and consents of the rows that say something new, as facts for the lake."""
        rows = {}
        for row, row_keys, ref in members:
            person_key = next((keys[key][0] for key in row_keys if keys[key][1].pk == ref.pk), None)
            if person_key:
                rows[person_key] = (row, ref)
        news = _undescribed(
            {person_key: _description(row, self.source) for person_key, (row, _) in rows.items()}
        )
        described = [(person_key, *rows[person_key]) for person_key in news]
        record("member_attributes", (fact for item in described for fact in self._attribute_facts(item)))
        record_consents(
            actor=SYSTEM,
            at=self.at,
            decisions=[decision for item in described for decision in self._decisions(item)],
        )
        _remember_descriptions(news)

    def _attribute_facts(
        self, described: tuple[str, MemberRegistration, MemberRef]
    ) -> Iterable[dict[str, object]]:
        person_key, row, _ = described
        for attribute, value in row.attributes.items():
            if value:
                yield {
                    "person_key": person_key,
                    "attribute": attribute,
                    "value": value,
                    "observed_at": self.at,
                    "source": self.source,
                }

    def _decisions(self, described: tuple[str, MemberRegistration, MemberRef]) -> Iterable[Decision]:
        _, row, ref = described
        for (channel, purpose), state in row.consents.items():
            yield Decision(ref.public_id, channel, purpose, state, self.at, self.source)


def _description(row: MemberRegistration, source: str) -> str:
    """Equal for rows that say the same of a person beyond identifiers and profile."""
    said = [source, sorted(row.attributes.items()), sorted(row.consents.items())]
    return keyed_hash(json.dumps(said, ensure_ascii=False), purpose="description")


def _undescribed(descriptions: Mapping[str, str]) -> dict[str, str]:
    """Those whose description is not the one held."""
    held: dict[str, str] = {}
    for person_keys in in_batches(descriptions):
        rows = Identifier.objects.filter(person_key__in=person_keys)
        held |= dict(rows.values_list("person_key", "description_hash"))
    return {key: described for key, described in descriptions.items() if held.get(key) != described}


def _remember_descriptions(descriptions: Mapping[str, str]) -> None:
    for person_keys in in_batches(descriptions):
        rows = list(Identifier.objects.filter(person_key__in=person_keys).only("pk", "person_key"))
        for row in rows:
            row.description_hash = descriptions[row.person_key]
        Identifier.objects.bulk_update(rows, ["description_hash"], batch_size=500)


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


@transaction.atomic
def forget_identifiers(*, member_id: str) -> list[str]:
    """Delete the identifiers of a member; returns their person keys."""
    rows = Identifier.objects.select_for_update().filter(member__public_id=member_id)
    person_keys = list(rows.values_list("person_key", flat=True))
    rows.delete()
    return person_keys


@transaction.atomic
def unmask_member(*, actor: Actor, at: datetime, member_id: str) -> tuple[MemberView, list[IdentifierView]]:
    """Name and identifiers in the clear, for who may; the audit notes who looked.  Raises ``NotFound``."""
    actor.require("members.unmask")
    person = member(member_id, unmask=True)
    record_audit(actor=actor, at=at, verb="member.unmasked", subject=("member", member_id), changes={})
    return person, identifiers_of(member_id, unmask=True)
