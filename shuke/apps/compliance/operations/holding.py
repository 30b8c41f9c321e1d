"""What holds now, derived from the decisions of a member and of all that were merged into it."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from django.db.models import Q

from shuke.apps.compliance.models import Consent, ConsentDecision
from shuke.apps.compliance.rules import Held, Told, held
from shuke.apps.members.queries import absorbed_members, member_refs, survivor_of
from shuke.platform.batches import in_batches


class Key(NamedTuple):
    """What a decision is about: the member's database key, brand (empty for all), channel and purpose."""

    member: int
    brand: str
    channel: str
    purpose: str


#: The database key of one who speaks → of all whose decisions count as theirs.
Families = Mapping[int, Sequence[int]]


def told_by_key(pks: Iterable[int]) -> dict[Key, list[Told]]:
    """Every decision of these members."""
    found: dict[Key, list[Told]] = defaultdict(list)
    columns = ("member_id", "brand", "channel", "purpose", "decided_at", "recorded_at", "revision", "state")
    for batch in in_batches(pks):
        for row in ConsentDecision.objects.filter(member_id__in=batch).values_list(*columns):
            found[Key(*row[:4])].append(Told(*row[4:]))
    return found


def families(pks: Iterable[int]) -> dict[int, list[int]]:
    """The members themselves, whoever speaks for those that were merged, and all that each speaks for.

    Merging is rare: only for members that it concerns are their families looked up one by one.
    """
    wanted = set(pks)
    found = {pk: [pk] for pk in wanted}
    merged: dict[int, str] = {}
    with_absorbed: dict[int, str] = {}
    for batch in in_batches(wanted):
        related = ConsentDecision.objects.filter(
            Q(member_id__in=batch, member__merged_into__isnull=False) | Q(member__merged_into_id__in=batch)
        )
        names = ("member_id", "member__public_id", "member__merged_into_id", "member__merged_into__public_id")
        for pk, public_id, into, into_id in related.values_list(*names).distinct():
            if pk in wanted:
                merged[pk] = public_id
            if into in wanted:
                with_absorbed[into] = into_id
    speakers = {survivor_of(public_id) for public_id in (*merged.values(), *with_absorbed.values())}
    for speaker in speakers:
        refs = member_refs([speaker, *absorbed_members(speaker)])
        found[refs[speaker].pk] = [ref.pk for ref in refs.values()]
    return found


def hold(members: Families) -> None:
    """Write what holds for each of these now."""
    told = told_by_key({pk for family in members.values() for pk in family})
    speaker_of: dict[int, list[int]] = defaultdict(list)
    for speaker, family in members.items():
        for pk in family:
            speaker_of[pk].append(speaker)
    rows: dict[Key, list[Told]] = defaultdict(list)
    for key, found in told.items():
        for speaker in speaker_of[key.member]:
            # Instants of different people are apart: a correction corrects its own member's only.
            rows[key._replace(member=speaker)] += _standing(found)
    newest = {key: held(found) for key, found in rows.items()}
    _store(members, {key: state for key, state in newest.items() if state is not None})


def _standing(rows: Iterable[Told]) -> list[Told]:
    """What counts of each instant, as a first revision, so that members' rows can be looked at together."""
    newest: dict[object, Told] = {}
    for row in sorted(rows, key=lambda row: row.revision):
        newest[row.decided_at] = row
    # Of two members' opposite words at one instant the withdrawal counts.
    return [
        row._replace(revision=1 if row.state == "withdrawn" else 0)
        for row in newest.values()
        if row.state != "void"
    ]


def _store(members: Families, newest: Mapping[Key, Held]) -> None:
    for batch in in_batches(members):
        stale = [
            row.pk
            for row in Consent.objects.filter(member_id__in=batch)
            if Key(row.member_id, row.brand, row.channel, row.purpose) not in newest
        ]
        Consent.objects.filter(pk__in=stale).delete()
    Consent.objects.bulk_create(
        [
            Consent(
                member_id=key.member,
                brand=key.brand,
                channel=key.channel,
                purpose=key.purpose,
                state=state.state,
                decided_at=state.decided_at,
            )
            for key, state in newest.items()
        ],
        update_conflicts=True,
        unique_fields=["member", "brand", "channel", "purpose"],
        update_fields=["state", "decided_at"],
        batch_size=1000,
    )
