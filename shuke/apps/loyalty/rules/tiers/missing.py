"""What a member still lacks: to reach the next tier, to keep this one."""

from dataclasses import dataclass

from shuke.apps.loyalty.rules.tiers.course import Course, Person, Standing
from shuke.apps.loyalty.rules.tiers.terms import Version
from shuke.apps.loyalty.rules.tiers.windows import bounds


@dataclass(frozen=True)
class Missing:
    """``count``: what today's window holds.  ``keep_count``: what counts for keeping, if the tier has an end.

    ``to_keep`` is ``None`` for no tier and for one without an end; ``to_reach`` for the highest tier.
    """

    count: int
    next_tier: str
    to_reach: int | None
    keep_count: int | None
    to_keep: int | None


def missing(standing: Standing, *, versions: list[Version], person: Person, today: int) -> Missing:
    """What is missing on ``today`` by the version valid then."""
    course = Course(versions=versions, person=person)
    version = course.version(today)
    terms = version.terms
    shown = standing.shown
    count = course.present_count(today)
    above = terms.next_above(shown.tier if shown else "")
    tier = terms.tier(shown.tier) if shown else None
    keep_count = None
    if shown is not None and tier is not None and shown.through is not None:
        last = shown.through if shown.why != "grace" else shown.first - 1
        keep_count = course.count(version, bounds(terms.window, last, joined=person.joined)[0], today)
    return Missing(
        count=count,
        next_tier=above.code if above else "",
        to_reach=max(above.reach - count, 0) if above else None,
        keep_count=keep_count,
        to_keep=max(tier.keep - keep_count, 0) if tier and keep_count is not None else None,
    )
