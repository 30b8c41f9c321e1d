"""The course of one member through the tiers, day by day: docs/algorithms/tiers.md, "Steps for one member and one day".

Days are ordinals.  Only days on which anything can change are looked at, so that a year costs little;
``tests/apps/loyalty/tiers`` holds it against the plain reading of the steps for every day.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from heapq import heappop, heappush

from shuke.apps.loyalty.rules.tiers.facts import NO_FACTS, Facts
from shuke.apps.loyalty.rules.tiers.terms import Counter, Terms, Version, replacement
from shuke.apps.loyalty.rules.tiers.windows import bounds, end_from, end_that_follows

Why = str  # qualified kept granted invited grace downgraded merged


@dataclass(frozen=True, slots=True)
class Span:
    """A tier (empty: none) from a day through a day (``None``: until something happens), and why."""

    tier: str
    first: int
    through: int | None
    why: Why
    version: int
    count: int


@dataclass(frozen=True, slots=True)
class Invitation:
    """A tier from a day through a day; ``taken_back`` is the day from which it no longer holds."""

    id: str
    tier: str
    first: int
    last: int
    taken_back: int | None = None

    def holds(self, day: int) -> bool:
        """Whether it lifts on that day."""
        return self.first <= day <= self.last and not self.is_taken_back(day)

    def is_taken_back(self, day: int) -> bool:
        """Whether somebody ended it by then."""
        return self.taken_back is not None and self.taken_back <= day


@dataclass(frozen=True)
class Standing:
    """Where a member stands after a day: the own tier, invited tiers above it, and what is shown of both."""

    counted_through: int
    own: Span | None = None
    lifted: Mapping[str, Span] = field(default_factory=dict)
    done: frozenset[str] = frozenset()
    shown: Span | None = None


@dataclass(frozen=True)
class Person:
    """What is known of a member: facts by counter, the day of joining, invitations."""

    joined: int
    facts: Mapping[Counter, Facts]
    invitations: Sequence[Invitation] = ()


class Course:
    """A member's way under dated versions (in their order).  ``spans`` collects what is shown anew."""

    def __init__(self, *, versions: Sequence[Version], person: Person) -> None:
        self.versions, self.person = versions, person
        self.spans: list[Span] = []

    def version(self, day: int) -> Version:
        """The version that is valid on the day; before the programme began, the one it begins with."""
        return next((v for v in reversed(self.versions) if v.first <= day), self.versions[0])

    def has_begun(self, day: int) -> bool:
        """Whether the programme was valid on the day."""
        return self.versions[0].first <= day

    def walk(
        self, standing: Standing | None, *, start: int, today: int, lifts_from: int = 0
    ) -> Standing | None:
        """Go on from a standing, or from ``start`` where there is none, through ``today``.

        The day that was counted last is looked at again: it may not have been complete.  Nobody is
        lifted on a day before ``lifts_from``.  Returns the new standing; ``None`` where the programme
        has not begun.
        """
        first = max(start, self.versions[0].first) if standing is None else standing.counted_through
        if first > today:
            return standing
        own, lifted, done, shown = (
            (standing.own, dict(standing.lifted), set(standing.done), standing.shown)
            if standing
            else (None, {}, set(), None)
        )
        state = _State(self, own, lifted, done, shown)
        is_new = standing is None
        for day in self._days(state, first=first, today=today):
            if is_new or day > first:
                state.turn(day, may_lift=day >= lifts_from)
            state.look(day, may_lift=day >= lifts_from)
            state.show(day, self.spans)
        return Standing(today, state.own, dict(state.lifted), frozenset(state.done), state.shown)

    def _days(self, state: "_State", *, first: int, today: int) -> Iterator[int]:
        """Every day in turn on which something may change; ends of tiers are taken in as they arise."""
        heap = sorted(
            {day for day in self._known_beforehand(first, today) if first <= day <= today} | {first}
        )
        last = first - 1
        while heap:
            day = heappop(heap)
            if day <= last:
                continue
            last = day
            yield day
            for end in state.ends():
                if day <= end < today:
                    heappush(heap, end + 1)

    def _known_beforehand(self, first: int, today: int) -> Iterator[int]:
        yield from (version.first for version in self.versions)
        for invitation in self.person.invitations:
            yield from (invitation.first, invitation.last + 1)
            if invitation.taken_back is not None:
                yield invitation.taken_back
        for version in self.versions:
            facts = self.person.facts.get(version.terms.counter, NO_FACTS)
            yield from facts.known_days
            if version.terms.window.kind == "rolling":
                yield from (day + version.terms.window.days for day in facts.lowering_days)
            elif version.terms.up == "at_end" or facts.lowering_days:
                yield from self._beginnings(version, first, today)

    def _beginnings(self, version: Version, first: int, today: int) -> Iterator[int]:
        day = max(first, version.first)
        while day <= today:
            day = bounds(version.terms.window, day, joined=self.person.joined)[1] + 1
            yield day

    def count(self, version: Version, first: int, last: int) -> int:
        """What the version counts from a day through a day, as known on the latter."""
        return self.person.facts.get(version.terms.counter, NO_FACTS).count(first, last)

    def present_count(self, day: int) -> int:
        """What the window of the day holds, by the version valid on it."""
        version = self.version(day)
        return self.count(version, bounds(version.terms.window, day, joined=self.person.joined)[0], day)

    def opened(self, span: Span, day: int) -> int:
        """First day of what is counted for keeping: in grace, of the window in which the tier ended."""
        last = span.first - 1 if span.why == "grace" else day
        version = self.version(last)
        return bounds(version.terms.window, last, joined=self.person.joined)[0]

    def kept(self, span: Span, day: int) -> Span | None:
        """The tier for another window if what is counted on ``day`` keeps it."""
        version = self.version(day)
        count = self.count(version, self.opened(span, day), day)
        if not version.terms.is_kept(span.tier, count):
            return None
        ended = span.first - 1 if span.why == "grace" else day
        begins = day if span.why == "grace" else day + 1
        through = end_that_follows(version.terms.window, ended, joined=self.person.joined)
        return Span(span.tier, begins, through, "kept", version.number, count)

    def graced(self, span: Span, day: int) -> Span | None:
        """The days of grace after the tier ended with ``day``; ``None`` if there are none."""
        version = self.version(day)
        terms = version.terms
        if span.why == "grace" or terms.down == "none" or not terms.grace_days:
            return None
        count = self.count(version, self.opened(span, day), day)
        return Span(span.tier, day + 1, day + terms.grace_days, "grace", version.number, count)

    def fallen(self, span: Span, day: int) -> Span:
        """Where somebody stands whose tier (or its grace) ended with ``day`` and was not kept."""
        version = self.version(day)
        terms = version.terms
        count = self.count(version, self.opened(span, day), day)
        if terms.down == "none":
            through = end_that_follows(terms.window, day, joined=self.person.joined)
            return Span(span.tier, day + 1, through, "granted", version.number, count)
        lower = terms.below(span.tier) if terms.down == "one_step" else terms.kept_below(span.tier, count)
        end = end_from(terms.window, day + 1, joined=self.person.joined) if lower else None
        return Span(lower, day + 1, end, "downgraded", version.number, count)

    def raised(self, own: Span | None, day: int) -> Span | None:
        """The tier that the count of ``day`` reaches, if it is above the own one and begins at once."""
        version = self.version(day)
        terms, joined = version.terms, self.person.joined
        count = self.count(version, bounds(terms.window, day, joined=joined)[0], day)
        reached = terms.reached(count)
        if terms.up == "at_end" and reached:
            reached = terms.tiers[0].code if terms.tiers[0].reach == 0 else ""
        if terms.rank(reached) <= terms.rank(own.tier if own else ""):
            return None
        through = end_that_follows(terms.window, day, joined=joined)
        return Span(reached, day, through, "qualified", version.number, count)

    def raised_at_end(self, own: Span | None, day: int) -> Span | None:
        """The tier that a window reached whose last day was ``day``, where one goes up at its end."""
        version = self.version(day)
        if version.terms.up != "at_end":
            return None
        terms, joined = version.terms, self.person.joined
        first, last = bounds(terms.window, day, joined=joined)
        count = self.count(version, first, day) if last == day else -1
        reached = terms.reached(count)
        if terms.rank(reached) <= terms.rank(own.tier if own else ""):
            return None
        through = end_from(terms.window, day + 1, joined=joined)
        return Span(reached, day + 1, through, "qualified", version.number, count)


class _State:
    """What changes on the way."""

    def __init__(
        self,
        course: Course,
        own: Span | None,
        lifted: dict[str, Span],
        done: set[str],
        shown: Span | None,
    ) -> None:
        self.course, self.own, self.lifted, self.done, self.shown = course, own, lifted, done, shown

    def ends(self) -> Iterator[int]:
        """Last days of what holds now."""
        for span in (self.own, *self.lifted.values()):
            if span is not None and span.through is not None:
                yield span.through

    def turn(self, day: int, *, may_lift: bool) -> None:
        """What the end of the day before brings: steps 3 (at the end), 4 and 5, for the own tier and invited ones."""
        if not self.course.has_begun(day - 1):
            return
        own = self.own
        risen = self.course.raised_at_end(own, day - 1) if may_lift else None
        if risen is not None:
            self.own = risen
        elif own is not None and own.through == day - 1 and own.tier:
            self.own = self._after(own, day - 1) or self.course.fallen(own, day - 1)
        for invitation in self.course.person.invitations:
            span = self.lifted.get(invitation.id)
            if span is not None and span.through == day - 1 and not invitation.is_taken_back(day):
                self._let_down(invitation.id, span, day - 1)

    def _after(self, span: Span, day: int) -> Span | None:
        return (None if span.why == "grace" else self.course.kept(span, day)) or self.course.graced(span, day)

    def _let_down(self, key: str, span: Span, day: int) -> None:
        """After an invitation: kept, in grace, or down by the rule but never below the own tier."""
        following = self._after(span, day)
        if following is not None and following.why == "grace":
            self.lifted[key] = following
            return
        version = self.course.version(day)
        if following is None and version.terms.down != "none":
            following = self.course.fallen(span, day)
        if following is not None:
            self._take(following, day)
        self._finish(key)

    def _take(self, span: Span, day: int) -> None:
        """Make it the own tier where it is higher, or as high and longer."""
        version = self.course.version(day)
        own_rank = version.terms.rank(self.own.tier) if self.own else 0
        rank = version.terms.rank(span.tier)
        is_longer = (
            rank == own_rank and self.own is not None and (span.through or 0) > (self.own.through or 0)
        )
        if rank > own_rank or (rank and is_longer):
            self.own = span

    def _finish(self, key: str) -> None:
        self.lifted.pop(key, None)
        self.done.add(key)

    def look(self, day: int, *, may_lift: bool) -> None:
        """What the day itself brings; looking twice changes nothing."""
        version = self.course.version(day)
        self._fit(version.terms, day)
        if may_lift:
            self._lift(day)
        self._invite(version, day)

    def _lift(self, day: int) -> None:
        if self.own is not None and self.own.why == "grace":
            self.own = self.course.kept(self.own, day) or self.own
        for key, span in list(self.lifted.items()):
            if span.why == "grace" and (kept := self.course.kept(span, day)) is not None:
                self._take(kept, day)
                self._finish(key)
        risen = self.course.raised(self.own, day)
        if risen is not None:
            self.own = risen

    def _invite(self, version: Version, day: int) -> None:
        for invitation in self.course.person.invitations:
            if invitation.id in self.lifted and invitation.is_taken_back(day):
                self._finish(invitation.id)
            is_new = invitation.id not in self.lifted and invitation.id not in self.done
            if is_new and invitation.holds(day) and version.terms.rank(invitation.tier):
                self.lifted[invitation.id] = Span(
                    invitation.tier, day, invitation.last, "invited", version.number, 0
                )

    def _fit(self, terms: Terms, day: int) -> None:
        """Give holders of a tier that the ladder of the day lacks the one that takes its place."""
        if not self.course.has_begun(day - 1):
            return
        before = self.course.version(day - 1)
        if self.own is not None and self.own.tier and not terms.rank(self.own.tier):
            self.own = self._moved(self.own, before.terms, terms, day)
        for key, span in self.lifted.items():
            if not terms.rank(span.tier):
                moved = self._moved(span, before.terms, terms, day)
                self.lifted[key] = replace(moved, why=span.why)

    def _moved(self, span: Span, old: Terms, new: Terms, day: int) -> Span:
        version = self.course.version(day)
        tier = replacement(span.tier, old=old, new=new)
        return Span(tier, day, span.through, "granted", version.number, span.count)

    def show(self, day: int, spans: list[Span]) -> None:
        """Note what is shown from this day on, if it differs from before."""
        version = self.course.version(day)
        rank = version.terms.rank
        best = self.own
        for span in sorted(self.lifted.values(), key=lambda each: each.through or 0, reverse=True):
            if rank(span.tier) > (rank(best.tier) if best else 0):
                best = span
        seen = self.shown
        if best is None or not best.tier:
            if seen is not None and seen.tier:
                self._note(
                    Span("", day, None, "downgraded", version.number, best.count if best else 0), spans
                )
            return
        if seen is None or (seen.tier, seen.through) != (best.tier, best.through):
            fell = seen is not None and best.first < day and rank(best.tier) < rank(seen.tier)
            why = "downgraded" if fell else best.why
            self._note(replace(best, first=day, why=why), spans)
        elif seen.why != best.why and best.first == day:
            self._note(best, spans)

    def _note(self, span: Span, spans: list[Span]) -> None:
        self.shown = span
        spans.append(span)
