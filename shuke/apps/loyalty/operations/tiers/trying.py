"""Trying a draft on real history before anybody is moved by it."""

from collections import Counter as Tally
from collections import defaultdict
from collections.abc import Callable
from datetime import date, datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from shuke.apps.loyalty.events import TierTrialRequested
from shuke.apps.loyalty.models import TierProgram, TierTrial, TierTrialMove, TierVersion
from shuke.apps.loyalty.queries.tiers.facts import facts_of
from shuke.apps.loyalty.queries.tiers.people import People, people_of
from shuke.apps.loyalty.queries.tiers.programs import program_row, published_rows, versions_of
from shuke.apps.loyalty.queries.tiers.trials import trial_view
from shuke.apps.loyalty.rules.tiers import NO_FACTS, Counter, Course, Person, Version, terms_of
from shuke.apps.loyalty.schemas.tiers import TierTrialView
from shuke.apps.members.queries import speakers
from shuke.platform.audit.operations import record_audit
from shuke.platform.errors import NotFound
from shuke.platform.events import emit
from shuke.platform.permissions import Actor

SPEND = Counter("spend")
YEAR = 365
#: How many members are counted between two words of progress.
TOLD_EVERY = 1_000
#: Member, tier by the valid rules, tier by the draft, what the draft counts.
Move = tuple[str, str, str, int]


def request_tier_trial(*, actor: Actor, at: datetime, program_id: str) -> None:
    """Have the draft tried in the background, once however often it is asked.  Raises ``NotFound``."""
    program = program_row(program_id)
    _draft_of(program)
    emit(TierTrialRequested(program.public_id, actor.kind, actor.id, actor.name, at))


def try_tier_draft(
    *,
    actor: Actor,
    at: datetime,
    today: date,
    program_id: str,
    tell: Callable[[int, int], None] = lambda _done, _total: None,
) -> TierTrialView:
    """Count all members by the draft beside the valid rules, and keep the answer with the draft.

    Both are counted from the programme's first day on the same facts and invitations.  ``tell`` hears how many
    members of how many are counted.  Raises ``NotFound``.
    """
    program = program_row(program_id)
    draft = _draft_of(program)
    cells, moves, keys = _compared(program, draft, today=today, tell=tell)
    with transaction.atomic():
        trial = TierTrial.objects.create(
            version=draft,
            terms=draft.terms,
            today=today,
            cells=cells,
            tried_at=at,
            tried_by=actor.name[:120],
        )
        TierTrialMove.objects.bulk_create(
            [
                TierTrialMove(trial=trial, member_id=keys[member], tier_from=old, tier_to=new, count=count)
                for member, old, new, count in moves
            ],
            batch_size=1_000,
        )
        record_audit(
            actor=actor,
            at=at,
            verb="tier_draft.tested",
            subject=("tier_program", program.public_id),
            changes={"movers": [None, len(moves)], "trial": [None, trial.public_id]},
        )
    return trial_view(trial)


def _draft_of(program: TierProgram) -> TierVersion:
    draft = TierVersion.objects.filter(program=program, number=None).first()
    if draft is None:
        raise NotFound("tier_draft_not_found", _("There is no draft to try."))
    return draft


def _compared(
    program: TierProgram, draft: TierVersion, *, today: date, tell: Callable[[int, int], None]
) -> tuple[list[list[object]], list[Move], dict[str, int]]:
    """Cells (from, to, members, spend of a year), who moves, and the members' keys."""
    valid = versions_of(published_rows(program))
    first = valid[0].first if valid else (draft.valid_from or today).toordinal()
    number = valid[-1].number + 1 if valid else 1
    tried = [Version(number, min(first, today.toordinal()), terms_of(draft.terms))]
    counters = {version.terms.counter for version in (*valid, *tried)} | {SPEND}
    absorbed: dict[str, list[str]] = defaultdict(list)
    for member_id, speaker in speakers().items():
        absorbed[speaker].append(member_id)
    facts = facts_of(counters)
    people = people_of(program=program, facts=facts, absorbed=absorbed, member_ids=None)
    members: Tally[tuple[str, str]] = Tally()
    spend: Tally[tuple[str, str]] = Tally()
    moves: list[Move] = []
    day = today.toordinal()
    for done, (member_id, person) in enumerate(people.persons.items()):
        if done % TOLD_EVERY == 0:
            tell(done, len(people.persons))
        old, new = (_tier(versions, people, member_id, day=day) for versions in (valid, tried))
        cell = (old, new)
        members[cell] += 1
        spend[cell] += person.facts.get(SPEND, NO_FACTS).count(day - YEAR + 1, day)
        if old != new:
            moves.append((member_id, old, new, _count(tried, person, day=day)))
    cells: list[list[object]] = [[*cell, number, spend[cell]] for cell, number in sorted(members.items())]
    return cells, moves, people.keys


def _tier(versions: list[Version], people: People, member_id: str, *, day: int) -> str:
    if not versions or versions[0].first > day:
        return ""
    course = Course(versions=versions, person=people.persons[member_id])
    standing = course.walk(None, start=people.starts[member_id], today=day)
    return standing.shown.tier if standing and standing.shown else ""


def _count(versions: list[Version], person: Person, *, day: int) -> int:
    return Course(versions=versions, person=person).present_count(day)
