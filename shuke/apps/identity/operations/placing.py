"""Whose a row of a member list is: decided in memory, row by row (docs/algorithms/identity.md).

A customer number, card or WeChat id decides at once.  An email or phone only brings a row with a *new*
number to a member who has no number of that system yet and whose name does not speak against it: a
system that gave out two numbers means two people, and what they share is for the rules to weigh.  A
device never decides.
"""

from collections.abc import Mapping, Sequence

from shuke.apps.identity.models import Identifier
from shuke.apps.identity.operations.holding import Held, Key
from shuke.apps.identity.rules import KINDS, form_of, names_agree
from shuke.apps.identity.schemas import MemberRegistration
from shuke.apps.members.queries import member_names
from shuke.apps.members.schemas import MemberRef
from shuke.platform.batches import in_batches

Row = tuple[MemberRegistration, dict[Key, str]]
#: A member that is known, or the number of a newcomer.
Place = MemberRef | int
#: Kinds that people share or pass on.
SHARED = frozenset({"email", "phone"})


def names_person(key: Key, value: str) -> bool:
    """Whether a value may make a member: a device, an occasion or a cipher of one order may not."""
    return KINDS[key[1]].names_person and form_of(key[1], value) != "cipher"


class Seats:
    """Who has which identifier, by then: what is stored, and what earlier rows of the list took."""

    def __init__(self, rows: Sequence[Row], held: Mapping[Key, Held]) -> None:
        self._claims: dict[Key, Place] = {key: each.ref for key, each in held.items() if each.ref}
        shared = {key for _, keys in rows for key in keys if key[1] in SHARED}
        refs = {each.ref for key, each in held.items() if key in shared and each.ref}
        #: (scope, kind) of the numbers each candidate has.
        self._numbers: dict[Place, set[tuple[str, str]]] = {ref: set() for ref in refs}
        by_pk = {ref.pk: ref for ref in refs}
        for batch in in_batches(by_pk):
            own = Identifier.objects.filter(member__in=batch).exclude(kind__in=[*SHARED, "anonymous"])
            for pk, scope, kind in own.values_list("member_id", "scope", "kind"):
                self._numbers[by_pk[pk]].add((scope, kind))
        names = member_names(ref.public_id for ref in refs)
        self._names: dict[Place, str] = {ref: names.get(ref.public_id, "") for ref in refs}

    def of(self, row: MemberRegistration, keys: Mapping[Key, str]) -> Place | None:
        """Whose the row is, or nobody's yet."""
        known = [key for key in keys if key in self._claims]
        sure = next((key for key in known if key[1] not in SHARED and KINDS[key[1]].names_person), None)
        if sure is not None:
            return self._claims[sure]
        numbers = {
            key[:2] for key, value in keys.items() if key[1] not in SHARED and names_person(key, value)
        }
        for key in known:
            if key[1] in SHARED and self._may_join(self._claims[key], row, numbers):
                return self._claims[key]
        only_devices = not any(names_person(key, value) for key, value in keys.items())
        return self._claims[known[0]] if known and only_devices else None

    def take(self, place: Place, row: MemberRegistration, keys: Mapping[Key, str]) -> None:
        """Note that the row is of that place."""
        for key, value in keys.items():
            if form_of(key[1], value) != "cipher":
                self._claims.setdefault(key, place)
        numbers = {key[:2] for key in keys if key[1] not in SHARED and KINDS[key[1]].names_person}
        self._numbers.setdefault(place, set()).update(numbers)
        self._names[place] = row.profile.name or self._names.get(place, "")

    def _may_join(self, place: Place, row: MemberRegistration, numbers: set[tuple[str, str]]) -> bool:
        """Whether a row whose numbers nobody knows may be of the member that has its email or phone."""
        if not numbers:
            return True
        is_new_there = self._numbers.get(place, set()).isdisjoint(numbers)
        return is_new_there and names_agree(row.profile.name, self._names.get(place, ""))
