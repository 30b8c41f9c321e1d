"""Places that keep things for a time: each says what it keeps by itself, how much is too old, and lets go of it."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from django.utils.functional import Promise

#: From the moment before which things are too old to how many there are, or were deleted.
Count = Callable[[datetime], int]


@dataclass(frozen=True)
class Place:
    """One kind of thing that is kept.

    ``usual_days`` is how long it is kept while nobody has said otherwise, ``None`` for ever.  ``least_days`` is what
    other parts rely on.  ``count`` and ``delete`` get the moment before which things are too old.
    """

    name: str
    label: str | Promise
    usual_days: int | None
    count: Count
    delete: Count
    least_days: int = 1


_places: dict[str, Place] = {}


def register_place(place: Place) -> None:
    """Add a place; the same name again replaces it."""
    _places[place.name] = place


def places() -> list[Place]:
    """Every place by its name."""
    return [place for _, place in sorted(_places.items())]
