"""Placing members: every member's standing is carried on to a day, and what changed is appended."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any

from django.db import transaction

from shuke.apps.loyalty.events import TierChanged
from shuke.apps.loyalty.models import TierMembership, TierProgram, TierStanding, TierVersion
from shuke.apps.loyalty.queries.tiers.facts import facts_of
from shuke.apps.loyalty.queries.tiers.people import People, people_of
from shuke.apps.loyalty.queries.tiers.programs import published_rows, versions_of
from shuke.apps.loyalty.queries.tiers.state import standing_data, standing_of
from shuke.apps.loyalty.rules.tiers import Person, Placed, Span, missing, placed
from shuke.apps.loyalty.schemas.tiers import PlacedMembers
from shuke.apps.members.queries import speakers
from shuke.platform.audit.operations import record_audit
from shuke.platform.batches import in_batches
from shuke.platform.events import emit
from shuke.platform.locks import exclusive
from shuke.platform.outbox.operations import record
from shuke.platform.permissions import SYSTEM

#: Members per transaction: short enough that others can write in between.
MEMBERS_PER_TRANSACTION = 1_000


def place_members(*, at: datetime, today: date, member_ids: Collection[str] | None = None) -> PlacedMembers:
    """Count every member (or ``member_ids``) through the business day ``today`` and write what changed.

    Repeating it changes nothing.  Days before ``today`` are taken as complete.  It may be killed at any
    moment: members that were not written yet are counted the next time.
    """
    done = PlacedMembers(members=0, memberships=0, changed=0)
    for program in TierProgram.objects.filter(versions__number__isnull=False).distinct().order_by("pk"):
        with exclusive(f"tiers:{program.public_id}"):
            placement = _Placement(program, at=at, today=today, member_ids=member_ids)
            placement.run()
        done.members += placement.members
        done.memberships += placement.memberships
        done.changed += placement.changed
    return done


@dataclass
class _Written:
    """Rows that a batch will write."""

    memberships: list[tuple[str, TierMembership]] = field(default_factory=list)
    standings: list[TierStanding] = field(default_factory=list)
    events: list[TierChanged] = field(default_factory=list)


class _Placement:
    """One programme's run."""

    def __init__(
        self, program: TierProgram, *, at: datetime, today: date, member_ids: Collection[str] | None
    ) -> None:
        program.refresh_from_db()
        self.program, self.at, self.today = program, at, today
        rows = published_rows(program)
        self.rows: dict[int, TierVersion] = {row.number: row for row in rows if row.number is not None}
        self.versions = versions_of(rows)
        said = speakers()
        self.absorbed: dict[str, list[str]] = {}
        for absorbed, speaker in said.items():
            self.absorbed.setdefault(speaker, []).append(absorbed)
        self.wanted = None if member_ids is None else sorted({said.get(each, each) for each in member_ids})
        self.members = self.memberships = self.changed = 0

    def run(self) -> None:
        """Read the facts of everybody once, then write member by member in short transactions."""
        if not self.versions or self.versions[0].first > self.today.toordinal():
            return
        counters = {version.terms.counter for version in self.versions}
        facts = facts_of(counters, member_ids=self.wanted)
        people = people_of(program=self.program, facts=facts, absorbed=self.absorbed, member_ids=self.wanted)
        for member_ids in in_batches(people.persons, MEMBERS_PER_TRANSACTION):
            self._write_batch(member_ids, people)
        self._close_absorbed()
        self._note_run()

    @transaction.atomic
    def _write_batch(self, member_ids: list[str], people: People) -> None:
        rows = {
            row.member.public_id: row
            for part in in_batches([*member_ids, *self._absorbed_by(member_ids)])
            for row in TierStanding.objects.filter(
                program=self.program, member__public_id__in=part
            ).select_related("member")
        }
        written = _Written()
        for member_id in member_ids:
            self._place(member_id, people, rows, written)
        self._save(written)
        self.members += len(member_ids)

    def _absorbed_by(self, member_ids: Iterable[str]) -> list[str]:
        return [each for member_id in member_ids for each in self.absorbed.get(member_id, ())]

    def _place(
        self, member_id: str, people: People, rows: Mapping[str, TierStanding], written: _Written
    ) -> None:
        person, row = people.persons[member_id], rows.get(member_id)
        day = self.today.toordinal()
        standing = standing_of(row.state, row.counted_through) if row else None
        if standing is not None and row is not None and row.why == "merged":
            # The merge was undone: this member stands on their own again, from today and not before.
            standing = replace(standing, counted_through=day)
        result = placed(
            standing,
            versions=self.versions,
            person=person,
            start=people.starts[member_id],
            today=day,
            was_changed=row is not None
            and _seen(person, row.counted_through.toordinal() - 1) != _was_seen(row),
            others=[
                span
                for absorbed in self.absorbed.get(member_id, ())
                if absorbed in rows and rows[absorbed].tier
                for span in _spans(rows[absorbed])
            ],
        )
        if result.standing is None or result.standing.counted_through > day:
            return
        before = row.tier if row else ""
        row = row or TierStanding(program=self.program, member_id=people.keys[member_id])
        self._fill(row, result, person)
        written.standings.append(row)
        written.memberships += [
            (member_id, self._membership(row, span, number=row.number - len(result.spans) + place))
            for place, span in enumerate(result.spans, 1)
        ]
        if self.program.placed_through is not None and before != row.tier:
            written.events.append(self._event(member_id, before, row))

    def _fill(self, row: TierStanding, result: Placed, person: Person) -> None:
        standing = result.standing
        if standing is None:
            return
        row.counted_through, row.state = date.fromordinal(standing.counted_through), standing_data(standing)
        shown = standing.shown
        row.tier, row.why = (shown.tier, shown.why) if shown else ("", "")
        row.from_date = date.fromordinal(shown.first) if shown else None
        row.through_date = _date(shown.through) if shown else None
        row.number += len(result.spans)
        lack = missing(standing, versions=self.versions, person=person, today=self.today.toordinal())
        row.count, row.next_tier, row.to_reach = lack.count, lack.next_tier, lack.to_reach
        row.keep_count, row.to_keep = lack.keep_count, lack.to_keep
        row.seen_facts, row.seen_sum = _seen(person, standing.counted_through - 1)

    def _membership(self, row: TierStanding, span: Span, *, number: int) -> TierMembership:
        return TierMembership(
            program=self.program,
            member_id=row.member_id,
            number=number,
            tier=span.tier,
            from_date=date.fromordinal(span.first),
            through_date=_date(span.through),
            why=span.why,
            version=self.rows[span.version],
            count=span.count,
            recorded_at=self.at,
        )

    def _event(self, member_id: str, before: str, row: TierStanding) -> TierChanged:
        return TierChanged(
            member_id=member_id,
            program_id=self.program.public_id,
            tier_from=before,
            tier_to=row.tier,
            from_date=row.from_date or self.today,
            through_date=row.through_date,
            why=row.why,
            at=self.at,
        )

    def _save(self, written: _Written) -> None:
        TierMembership.objects.bulk_create([row for _, row in written.memberships], batch_size=500)
        TierStanding.objects.bulk_create(
            written.standings,
            batch_size=500,
            update_conflicts=True,
            unique_fields=["program", "member"],
            update_fields=STANDING_FIELDS,
        )
        record("tier_memberships", [self._fact(row, member_id) for member_id, row in written.memberships])
        self.memberships += len(written.memberships)
        self.changed += len(written.events)
        for event in written.events:
            emit(event)

    def _fact(self, row: TierMembership, member_id: str) -> dict[str, Any]:
        return {
            "member_id": member_id,
            "program_id": self.program.public_id,
            "number": row.number,
            "tier": row.tier,
            "from_date": row.from_date,
            "through_date": row.through_date,
            "why": row.why,
            "version": row.version.number,
            "count": row.count,
            "recorded_at": row.recorded_at,
        }

    @transaction.atomic
    def _close_absorbed(self) -> None:
        """End the memberships of members who were merged: their survivor's go on."""
        rows = TierStanding.objects.filter(program=self.program, member__status="merged").exclude(tier="")
        written = _Written()
        version = next(v for v in reversed(self.versions) if v.first <= self.today.toordinal())
        for row in rows.select_related("member"):
            if self.wanted is not None and not self._is_wanted(row.member.public_id):
                continue
            day = max(self.today.toordinal(), row.counted_through.toordinal())
            span = Span("", day, None, "merged", version.number, 0)
            row.tier, row.why, row.from_date, row.through_date = "", "merged", date.fromordinal(day), None
            row.number += 1
            row.next_tier, row.to_reach, row.keep_count, row.to_keep = "", None, None, None
            row.state = standing_data(None, shown=span)
            row.seen_facts = -1
            written.standings.append(row)
            membership = self._membership(row, span, number=row.number)
            written.memberships.append((row.member.public_id, membership))
        self._save(written)

    def _is_wanted(self, absorbed: str) -> bool:
        return any(absorbed in self.absorbed.get(each, ()) for each in self.wanted or ())

    @transaction.atomic
    def _note_run(self) -> None:
        if self.wanted is None:
            self.program.placed_through, self.program.placed_at = self.today, self.at
            self.program.save(update_fields=["placed_through", "placed_at"])
        if self.memberships:
            record_audit(
                actor=SYSTEM,
                at=self.at,
                verb="tier_program.placed",
                subject=("tier_program", self.program.public_id),
                changes={"memberships": [0, self.memberships], "through": [None, self.today]},
            )


STANDING_FIELDS = (
    "tier",
    "from_date",
    "through_date",
    "why",
    "number",
    "counted_through",
    "count",
    "next_tier",
    "to_reach",
    "keep_count",
    "to_keep",
    "seen_facts",
    "seen_sum",
    "state",
)


def _date(day: int | None) -> date | None:
    return None if day is None else date.fromordinal(day)


def _seen(person: Person, last: int) -> tuple[int, int]:
    """A print of the facts that were known on a day, over all counters."""
    prints = [facts.seen(last) for facts in person.facts.values()]
    return sum(number for number, _ in prints), sum(total for _, total in prints)


def _was_seen(row: TierStanding) -> tuple[int, int]:
    return row.seen_facts, row.seen_sum


def _spans(row: TierStanding) -> list[Span]:
    standing = standing_of(row.state, row.counted_through)
    return [span for span in (standing.own, *standing.lifted.values()) if span is not None and span.tier]
