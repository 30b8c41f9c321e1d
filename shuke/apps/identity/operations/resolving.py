"""The person_key of an identifier that a fact carries."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from django.db import transaction

from shuke.apps.identity.operations.holding import Held, Key, add_identifiers, erased_among, known_identifiers
from shuke.apps.identity.queries import value_hash
from shuke.apps.identity.rules import KINDS, scope_of
from shuke.apps.members.operations import create_members
from shuke.apps.members.schemas import MemberProfile, MemberRef
from shuke.platform.locks import exclusive
from shuke.sources.files.fields import ANONYMOUS


def resolve_person_keys(
    *, at: datetime, scope: str, kind: str, values: Sequence[str], source: str
) -> dict[str, str]:
    """The person_key of each value; values nobody has get a new member each, devices none.

    Values are used as written but for surrounding spaces.  Idempotent: asking twice creates once.  A
    value of somebody who asked to be forgotten has the key of facts that belong to nobody.  Call it
    outside a transaction: it takes the lock of identity first.
    """
    keys = {
        value: (scope_of(kind, scope), kind, value_hash(kind, value.strip()))
        for value in dict.fromkeys(values)
    }
    with exclusive("identity"):
        # Most values of a busy hour are known: they need no transaction.
        known = known_identifiers(keys.values())
        missing = {key: value.strip() for value, key in keys.items() if key not in known}
        if missing:
            with transaction.atomic():
                known |= _create(missing, kind=kind, at=at, source=source)
    return {value: known[key].person_key if key in known else ANONYMOUS for value, key in keys.items()}


def _create(values: Mapping[Key, str], *, kind: str, at: datetime, source: str) -> dict[Key, Held]:
    forgotten = erased_among(values)
    new = [(key, value) for key, value in values.items() if key not in forgotten]
    owners: list[MemberRef | None] = [None] * len(new)
    if kind not in KINDS or KINDS[kind].names_person:
        owners = [*create_members(at=at, source=source, profiles=[MemberProfile()] * len(new))]
    rows = [(key, value, ref) for (key, value), ref in zip(new, owners, strict=True)]
    return add_identifiers(rows, at=at, source=source)
