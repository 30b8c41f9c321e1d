"""Which tier a member is in, until when, and why; see docs/algorithms/tiers.md."""

from shuke.apps.loyalty.rules.tiers.course import Course, Invitation, Person, Span, Standing
from shuke.apps.loyalty.rules.tiers.facts import NO_FACTS, Facts
from shuke.apps.loyalty.rules.tiers.missing import Missing, missing
from shuke.apps.loyalty.rules.tiers.placing import Placed, placed
from shuke.apps.loyalty.rules.tiers.terms import (
    Counter,
    Terms,
    Tier,
    Version,
    Window,
    as_data,
    faults,
    terms_of,
)

__all__ = [
    "NO_FACTS",
    "Counter",
    "Course",
    "Facts",
    "Invitation",
    "Missing",
    "Person",
    "Placed",
    "Span",
    "Standing",
    "Terms",
    "Tier",
    "Version",
    "Window",
    "as_data",
    "faults",
    "missing",
    "placed",
    "terms_of",
]
