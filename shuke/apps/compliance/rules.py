"""Which decision counts: of two times, of corrections, of brands.  See docs/algorithms/consent.md."""

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple


class Told(NamedTuple):
    """One row about one member, brand, channel and purpose."""

    decided_at: datetime
    recorded_at: datetime
    revision: int
    state: str


class Held(NamedTuple):
    """What holds, and since when it was decided."""

    state: str
    decided_at: datetime


def held(rows: Iterable[Told], *, at: datetime | None = None, known: datetime | None = None) -> Held | None:
    """What held at a moment as it was known at another; ``None`` of either means without end."""
    newest: dict[datetime, Told] = {}
    for row in rows:
        if known is not None and row.recorded_at > known:
            continue
        if at is not None and row.decided_at > at:
            continue
        other = newest.get(row.decided_at)
        if other is None or row.revision > other.revision:
            newest[row.decided_at] = row
    standing = [row for row in newest.values() if row.state != "void"]
    if not standing:
        return None
    last = max(standing, key=lambda row: row.decided_at)
    return Held(last.state, last.decided_at)


def effective(own: Held | None, general: Held | None) -> Held | None:
    """What holds for a brand: its own decision before the one for all brands.

    A withdrawal for all brands ends every older permission of a single one.
    """
    if own is None:
        return general
    if general is None or own.state != "granted":
        return own
    is_ended = general.state == "withdrawn" and general.decided_at > own.decided_at
    return general if is_ended else own


def is_news(state: str, told: Iterable[Told]) -> bool:
    """Whether a decision says something new about an instant of which ``told`` is known already.

    The same again is none; of two opposite ones the withdrawal stands, in whatever order they come.
    """
    known = held(told)
    if known is None:
        return not any(row.state == state for row in told)
    return state == "withdrawn" and known.state == "granted"
