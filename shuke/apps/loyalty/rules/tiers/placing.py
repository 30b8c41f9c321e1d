"""Placing one member on a day: going on from where they stood, and noticing facts that came late."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from shuke.apps.loyalty.rules.tiers.course import Course, Person, Span, Standing
from shuke.apps.loyalty.rules.tiers.terms import Version


@dataclass(frozen=True)
class Placed:
    """The spans to append and the standing afterwards; ``None`` before the programme has begun."""

    spans: Sequence[Span]
    standing: Standing | None


def placed(
    standing: Standing | None,
    *,
    versions: Sequence[Version],
    person: Person,
    start: int,
    today: int,
    was_changed: bool = False,
    others: Sequence[Span] = (),
) -> Placed:
    """Where a member stands on ``today``.

    ``was_changed`` says that facts of days before the last count are others now: then the history is
    computed anew, and the higher standing counts from today on.  ``others`` are tiers that members held
    who were merged into this one; the best of them goes on.
    """
    course = Course(versions=versions, person=person)
    # With other facts of the past nobody may be lifted in the past.
    is_late = standing is not None and (was_changed or bool(others))
    after = course.walk(standing, start=start, today=today, lifts_from=today if is_late else 0)
    if after is None:
        return Placed((), None)
    spans = list(course.spans)
    better = list(others)
    if standing is not None and was_changed:
        anew = Course(versions=versions, person=person).walk(None, start=start, today=today)
        if anew is not None and anew.own is not None:
            better.append(anew.own)
    own = after.own
    for span in better:
        own = _higher(own, span, course=course, today=today)
    if own is not after.own:
        again = Course(versions=versions, person=person)
        after = again.walk(replace(after, own=own), start=start, today=today)
        spans += again.spans
    return Placed(_last_of_each_day(spans), after)


def _higher(own: Span | None, other: Span, *, course: Course, today: int) -> Span | None:
    """The other tier from today to its end, if it stands above the own one or as high and longer."""
    version = course.version(today)
    rank, own_rank = version.terms.rank(other.tier), version.terms.rank(own.tier) if own else 0
    is_over = other.through is not None and other.through < today
    is_longer = own is not None and (other.through or 0) > (own.through or 0)
    if is_over or not rank or rank < own_rank or (rank == own_rank and not is_longer):
        return own
    why = "granted" if other.why in ("grace", "invited") else other.why
    return replace(other, first=today, why=why)


def _last_of_each_day(spans: Sequence[Span]) -> list[Span]:
    return list({span.first: span for span in spans}.values())
