"""Which days a window covers.  Days are proleptic ordinals (``date.toordinal``): comparing them is cheap."""

from calendar import isleap
from datetime import date

from shuke.apps.loyalty.rules.tiers.terms import Window


def bounds(window: Window, day: int, *, joined: int) -> tuple[int, int]:
    """First and last day of the window that counts on ``day``; ``joined`` dates the membership year."""
    if window.kind == "rolling":
        return day - window.days + 1, day
    at = date.fromordinal(day)
    if window.kind == "year":
        return date(at.year, 1, 1).toordinal(), date(at.year, 12, 31).toordinal()
    if window.kind == "quarter":
        first = 3 * ((at.month - 1) // 3) + 1
        following = date(at.year + (first == 10), (first + 2) % 12 + 1, 1)
        return date(at.year, first, 1).toordinal(), following.toordinal() - 1
    year = at.year if _anniversary(joined, at.year) <= day else at.year - 1
    return _anniversary(joined, year), _anniversary(joined, year + 1) - 1


def _anniversary(joined: int, year: int) -> int:
    """The day of the year on which a membership year begins; 28 February for 29 where there is none."""
    on = date.fromordinal(joined)
    if (on.month, on.day) == (2, 29) and not isleap(year):
        return date(year, 2, 28).toordinal()
    return on.replace(year=year).toordinal()


def end_from(window: Window, day: int, *, joined: int) -> int:
    """The last day of the window that ``day`` lies in; a rolling one begins with it."""
    return day + window.days - 1 if window.kind == "rolling" else bounds(window, day, joined=joined)[1]


def end_that_follows(window: Window, day: int, *, joined: int) -> int:
    """The last day of the window after the one of ``day``."""
    if window.kind == "rolling":
        return day + window.days
    return bounds(window, bounds(window, day, joined=joined)[1] + 1, joined=joined)[1]
