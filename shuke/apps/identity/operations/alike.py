"""The learned model on the members of the database: records made in memory, pairs by database key."""

from collections.abc import Callable, Iterator

import polars as pl
from django.db.models import F

from shuke.apps.identity.models import Identifier, Link, MatchPolicy
from shuke.apps.members.queries import clear_profiles
from shuke.platform.crypto import decrypt
from shuke.science.matching import find_matches

Tell = Callable[[int, int, str], None]
_SCHEMA = {
    "record": pl.Int64,
    "name": pl.String,
    "birthday": pl.String,
    "phone": pl.String,
    "email": pl.String,
}


def records_of_members() -> pl.DataFrame:
    """One record per active member that has an identifier, in the clear and in memory only.

    Of several phones or emails the newest one counts: the rules have looked at the others.
    """
    contacts: dict[int, dict[str, str]] = {}
    rows = Identifier.objects.filter(member__status="active", kind__in=("phone", "email"), form="plain")
    for pk, kind, value in rows.order_by("pk").values_list("member_id", "kind", "value_encrypted").iterator():
        contacts.setdefault(pk, {})[kind] = decrypt(value)
    for pk, kind, value in _claimed():
        contacts.setdefault(pk, {}).setdefault(kind, decrypt(value))
    found = [
        {"record": pk, "name": name, "birthday": birthday, **contacts.get(pk, {})}
        for pk, name, birthday in clear_profiles()
        if name or birthday or pk in contacts
    ]
    return pl.DataFrame(found, schema=_SCHEMA)


def _claimed() -> Iterator[tuple[int, str, bytes]]:
    """(member, kind, encrypted value) of phones and emails that stood in a row of a member but are another's."""
    for mine, theirs in (("left", "right"), ("right", "left")):
        shared = {f"{theirs}__kind__in": ("phone", "email"), f"{theirs}__form": "plain"}
        rows = Link.objects.filter(**shared).exclude(**{f"{mine}__member": None})
        columns = (f"{mine}__member_id", f"{theirs}__kind", f"{theirs}__value_encrypted")
        yield from (
            rows.exclude(**{f"{mine}__member": F(f"{theirs}__member")}).values_list(*columns).iterator()
        )


def alike_members(policy: MatchPolicy, *, tell: Tell) -> tuple[int, pl.DataFrame]:
    """How many members were looked at, and the pairs from the review threshold on (see ``find_matches``)."""
    records = records_of_members()
    matches = find_matches(
        records, review_from=policy.review_from / 1000, link_from=policy.link_from / 1000, tell=tell
    )
    return records.height, matches.pairs
