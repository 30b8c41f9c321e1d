"""What sets a group of buyers apart, in words that a page translates."""

from __future__ import annotations

from collections.abc import Mapping

#: From this distance from the middle on, in deviations of a normal score, a group is named by a measure.
TELLING = 0.35
#: So many things in a name at most.
MOST_WORDS = 2
#: A measure that goes with one already named like this says the same again.
SAME = 0.6


def kind_name(
    means: Mapping[str, float], *, alike: Mapping[tuple[str, str], float], taken: frozenset[str] = frozenset()
) -> tuple[str, ...]:
    """What sets a group apart: the measures it has most and least of, each saying something of its own.

    ``means``: of the normal scores in the group, 0 being the middle of all members.  ``alike``: correlations of
    measures.  A name that is ``taken`` gets one word more.
    """
    distinct: list[str] = []
    for name in sorted(means, key=lambda name: -abs(means[name])):
        if not any(abs(alike.get((name, other), 0.0)) > SAME for other in distinct):
            distinct.append(name)
    said = [f"{name}:{'high' if means[name] > 0 else 'low'}" for name in distinct]
    telling = sum(abs(means[name]) >= TELLING for name in distinct)
    if not telling and "middling" not in taken:
        return ("middling",)
    count = max(1, min(telling, MOST_WORDS))
    while "+".join(said[:count]) in taken and count < len(said):
        count += 1
    return tuple(said[:count])
