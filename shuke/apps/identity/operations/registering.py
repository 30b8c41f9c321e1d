"""Taking member lists in.

A value belongs to one member.  Whose a row is, ``placing`` decides; a further identifier of that row
that already belongs to somebody else stays there and is reported: nobody is merged.  What stood in one
row is kept as links, on which the rules decide later (docs/algorithms/identity.md).
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from django.db import transaction

from shuke.apps.compliance.operations import record_consents
from shuke.apps.compliance.schemas import Decision
from shuke.apps.identity.models import Identifier
from shuke.apps.identity.operations.holding import (
    Held,
    Key,
    add_identifiers,
    add_links,
    erased_among,
    give_owners,
    known_identifiers,
)
from shuke.apps.identity.operations.placing import Place, Row, Seats, names_person
from shuke.apps.identity.queries import value_hash
from shuke.apps.identity.rules import KINDS, PRIORITY, normalised, scope_of
from shuke.apps.identity.schemas import MemberRegistration, RegistrationIssue, RegistrationOutcome
from shuke.apps.members.operations import change_profiles, create_members
from shuke.apps.members.schemas import MemberProfile, MemberRef
from shuke.platform.batches import in_batches
from shuke.platform.crypto import keyed_hash
from shuke.platform.locks import exclusive
from shuke.platform.outbox.operations import record
from shuke.platform.permissions import SYSTEM

Placed = tuple[MemberRegistration, dict[Key, str], MemberRef]


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
        held = known_identifiers(key for _, keys in rows for key in keys)
        rows = self._without_forgotten(rows, held)
        places, newcomers = self._place(rows, held)
        refs = create_members(at=self.at, source=self.source, profiles=newcomers)
        members = [
            (row, keys, refs[place] if isinstance(place, int) else place)
            for (row, keys), place in zip(rows, places, strict=True)
            if place is not None
        ]
        held = self._hold(rows, members, held)
        created = {ref.pk for ref in refs}
        known = {ref.pk: row.profile for row, _, ref in members if ref.pk not in created}
        changed = change_profiles(at=self.at, profiles=known)
        self._describe(members, held)
        return RegistrationOutcome(
            created=len(created), changed=changed, unchanged=len(known) - changed, issues=tuple(self.issues)
        )

    def _keys_of(self, row: MemberRegistration) -> dict[Key, str]:
        keys: dict[Key, str] = {}
        for kind in sorted(row.identifiers, key=PRIORITY.__getitem__):
            text = row.identifiers[kind]
            value = normalised(kind, text, region=self.region) if text else None
            if value:
                keys[scope_of(kind, self.account), kind, value_hash(kind, value)] = value
            elif text:
                self.issues.append(RegistrationIssue(row.row_no, kind, f"invalid_{kind}"))
        return keys

    def _without_forgotten(self, rows: list[Row], held: Mapping[Key, Held]) -> list[Row]:
        """Rows without the identifiers of people who asked to be forgotten.

        A row that names such a person and nobody who is known is that person's: nothing of it is taken.
        """
        unknown = {key: value for _, keys in rows for key, value in keys.items() if key not in held}
        forgotten = erased_among(unknown)
        if not forgotten:
            return rows
        kept = []
        for row, keys in rows:
            if forgotten.isdisjoint(keys):
                kept.append((row, keys))
                continue
            self.issues.append(RegistrationIssue(row.row_no, "", "person_erased"))
            if any(key in held and held[key].ref for key in keys):
                kept.append((row, {key: value for key, value in keys.items() if key not in forgotten}))
        return kept

    def _place(
        self, rows: Sequence[Row], held: Mapping[Key, Held]
    ) -> tuple[list[Place | None], list[MemberProfile]]:
        """Each row's member: one that is known, or the number of a newcomer; and the newcomers' profiles.

        A row without any identifier belongs to nobody, and so does one that names only a device whose
        owner is not known.
        """
        seats = Seats(rows, held)
        newcomers: list[MemberProfile] = []
        places: list[Place | None] = []
        for row, keys in rows:
            if not keys:
                self.issues.append(RegistrationIssue(row.row_no, "", "no_identifier"))
            place = seats.of(row, keys)
            if place is None and any(names_person(key, value) for key, value in keys.items()):
                place = len(newcomers)
                newcomers.append(row.profile)
            if place is not None:
                seats.take(place, row, keys)
            places.append(place)
        return places, newcomers

    def _hold(
        self, rows: Sequence[Row], members: Sequence[Placed], held: Mapping[Key, Held]
    ) -> dict[Key, Held]:
        """Write new identifiers, give those without an owner theirs, note what stood together."""
        owners = self._owners(members, held)
        new: dict[Key, tuple[str, MemberRef | None]] = {}
        for _, keys in rows:
            for key, value in keys.items():
                if key not in held:
                    new[key] = (value, owners.get(key))
        given = {key: ref for key, ref in owners.items() if key in held}
        give_owners({held[key].pk: ref for key, ref in given.items()}, at=self.at)
        triples = [(key, value, ref) for key, (value, ref) in new.items()]
        found = {**held, **add_identifiers(triples, at=self.at, source=self.source)}
        found |= {key: Held(held[key].pk, held[key].person_key, ref) for key, ref in given.items()}
        add_links(_stood_together(rows, found), basis="row", source=self.source, at=self.at)
        return found

    def _owners(self, members: Sequence[Placed], held: Mapping[Key, Held]) -> dict[Key, MemberRef]:
        """Whose the identifiers become that nobody had; what somebody else has is reported."""
        owners: dict[Key, MemberRef] = {}
        for row, keys, ref in members:
            for key in keys:
                owner = held[key].ref if key in held else None
                owner = owner or owners.setdefault(key, ref)
                if owner.pk != ref.pk and KINDS[key[1]].names_person:
                    self.issues.append(RegistrationIssue(row.row_no, key[1], "identifier_taken"))
        return owners

    def _describe(
        self,
        members: Sequence[Placed],
        keys: Mapping[Key, Held],
    ) -> None:
        """Attributes and consents of the rows that say something new, as facts for the lake."""
        rows = {}
        for row, row_keys, ref in members:
            person_key = next((keys[key].person_key for key in row_keys if keys[key].ref == ref), None)
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


def _stood_together(rows: Iterable[Row], held: Mapping[Key, Held]) -> Iterable[tuple[int, int]]:
    """The first identifier of each row with each further one."""
    for _, keys in rows:
        first, *others = [held[key].pk for key in keys] or [0]
        for other in others:
            yield first, other


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
