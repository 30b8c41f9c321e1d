"""What members have by tier and by paid membership.  docs/algorithms/benefits.md is the specification."""

from calendar import isleap, monthrange
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from fractions import Fraction
from typing import Any, Literal, get_args

Kind = Literal["discount", "points", "shipping", "priority", "trial", "adviser", "birthday", "other"]
Period = Literal["", "month", "year", "membership_year"]
Window = Literal["day", "week", "month"]

KINDS: tuple[str, ...] = get_args(Kind)
PERIODS: tuple[str, ...] = get_args(Period)
WINDOWS: tuple[str, ...] = get_args(Window)
#: The column of everybody, and what the columns of paid memberships begin with.
EVERYBODY = "*"
PLAN = "plan:"
#: The first day of a count that never begins anew.
ALWAYS = date(2000, 1, 1)
#: Kinds whose cell says a number of times; the others are without limit unless their cell has a count.
COUNTED = frozenset({"trial", "other"})


class BadTerms(ValueError):
    """Terms that cannot hold; the message names the row and the column."""


@dataclass(frozen=True)
class Cell:
    """What one column has of one benefit.

    ``share`` is the part taken off, or the multiplier; ``from_minor`` the amount from which shipping is
    free; ``count`` how many uses a period has (``None``: no limit); ``points`` of ``points_type`` or the
    voucher definition ``voucher`` are the birthday's gift in ``window``; ``text`` the adviser's name.
    """

    share: Fraction = Fraction(0)
    from_minor: int = 0
    count: int | None = None
    points: int = 0
    points_type: str = ""
    voucher: str = ""
    window: Window = "day"
    text: str = ""


@dataclass(frozen=True)
class Benefit:
    """A row of the terms: its cells by column."""

    code: str
    kind: Kind
    names: Mapping[str, str]
    period: Period = ""
    texts: Mapping[str, str] = field(default_factory=dict)
    cells: Mapping[str, Cell] = field(default_factory=dict)


Terms = Sequence[Benefit]


# --- periods ---


def on_day_of_year(day: date, year: int) -> date:
    """The day of another year; 29 February is 28 February where there is none.

    >>> on_day_of_year(date(2024, 2, 29), 2026)
    datetime.date(2026, 2, 28)
    """
    last = day.month == 2 and day.day == 29 and not isleap(year)
    return date(year, 2, 28) if last else day.replace(year=year)


def period_start(period: Period, today: date, *, joined: date) -> date:
    """The first day of the period that ``today`` lies in."""
    if period == "month":
        return today.replace(day=1)
    if period == "year":
        return date(today.year, 1, 1)
    if period == "membership_year":
        begins = on_day_of_year(joined, today.year)
        return begins if begins <= today else on_day_of_year(joined, today.year - 1)
    return ALWAYS


def period_end(period: Period, start: date, *, joined: date) -> date | None:
    """The last day of the period that begins at ``start``; ``None`` if it never ends."""
    if period == "month":
        return start.replace(day=monthrange(start.year, start.month)[1])
    if period == "year":
        return date(start.year, 12, 31)
    if period == "membership_year":
        return on_day_of_year(joined, start.year + 1) - timedelta(days=1)
    return None


def birthday_window(birthday: date, window: Window, year: int) -> tuple[date, date]:
    """First and last day of the window of the birthday of a year; a week may begin in the year before."""
    day = on_day_of_year(birthday, year)
    if window == "month":
        return day.replace(day=1), day.replace(day=monthrange(year, day.month)[1])
    if window == "week":
        monday = day - timedelta(days=day.weekday())
        return monday, monday + timedelta(days=6)
    return day, day


def birthday_year(birthday: date, window: Window, today: date) -> int | None:
    """The year of the birthday whose window ``today`` lies in, or ``None``."""
    for year in (today.year, today.year + 1, today.year - 1):
        first, last = birthday_window(birthday, window, year)
        if first <= today <= last:
            return year
    return None


# --- what a member has ---


@dataclass(frozen=True)
class Held:
    """The cell that counts for a member now, the column it comes from, and what its period has seen.

    ``left`` is ``None`` where there is no limit.
    """

    benefit: Benefit
    column: str
    cell: Cell
    used: int

    @property
    def left(self) -> int | None:
        """How many uses remain; never below zero."""
        return None if self.cell.count is None else max(self.cell.count - self.used, 0)


def held_benefits(terms: Terms, columns: Sequence[str], *, used: Mapping[str, int]) -> list[Held]:
    """What somebody with these columns has, in the order of the terms; ``used`` is by benefit in its period."""
    found = []
    for benefit in terms:
        cells = [(column, benefit.cells[column]) for column in columns if column in benefit.cells]
        if cells:
            taken = used.get(benefit.code, 0)
            column, cell = _most_favourable(benefit.kind, cells, taken)
            found.append(Held(benefit, column, cell, taken))
    return found


_RANKS: Mapping[str, Callable[[Cell], Any]] = {
    "discount": lambda cell: cell.share,
    "points": lambda cell: cell.share,
    "shipping": lambda cell: -cell.from_minor,
}


def _most_favourable(kind: str, cells: Sequence[tuple[str, Cell]], used: int) -> tuple[str, Cell]:
    """Of the cells with something left, or of all if none has."""
    usable = [item for item in cells if item[1].count is None or item[1].count > used] or list(cells)
    if kind in {"adviser", "birthday"}:
        return usable[-1]
    rank = _RANKS.get(kind, lambda _cell: 0)
    return max(usable, key=lambda item: (rank(item[1]), _times(item[1])))


def _times(cell: Cell) -> float:
    return float("inf") if cell.count is None else cell.count


def best(held: Iterable[Held], kind: Kind) -> Held | None:
    """Of several rows of a kind the one that counts for a purchase: with something left, most favourable."""
    rows = [item for item in held if item.benefit.kind == kind and item.left != 0]
    rank = _RANKS.get(kind, lambda _cell: 0)
    return max(rows, key=lambda item: rank(item.cell), default=None)


# --- terms as data ---


def terms_from_json(data: Iterable[Mapping[str, Any]]) -> list[Benefit]:
    """Terms from what is stored or sent.  Raises ``BadTerms``."""
    terms = [_benefit(row) for row in data]
    codes = [benefit.code for benefit in terms]
    for code in codes:
        if codes.count(code) > 1:
            raise BadTerms(f"{code}: there are two benefits of this code")
    return terms


def terms_to_json(terms: Terms) -> list[dict[str, Any]]:
    """The other way; only what differs from nothing is kept."""
    return [
        {
            "code": benefit.code,
            "kind": benefit.kind,
            "period": benefit.period,
            "names": dict(benefit.names),
            "texts": dict(benefit.texts),
            "cells": {column: _cell_to_json(cell) for column, cell in benefit.cells.items()},
        }
        for benefit in terms
    ]


def _cell_to_json(cell: Cell) -> dict[str, Any]:
    plain: dict[str, Any] = {"count": cell.count} if cell.count is not None else {}
    if cell.share:
        plain |= {"numerator": cell.share.numerator, "denominator": cell.share.denominator}
    for name in ("from_minor", "points", "points_type", "voucher", "text"):
        if getattr(cell, name):
            plain[name] = getattr(cell, name)
    return plain if cell.window == "day" else plain | {"window": cell.window}


def _benefit(row: Mapping[str, Any]) -> Benefit:
    code, kind, period = str(row.get("code", "")), row.get("kind", ""), row.get("period", "")
    if not code or len(code) > 40 or not code.isprintable():
        raise BadTerms(f"{code or '?'}: a benefit needs a code of 1 to 40 characters")
    if kind not in KINDS:
        raise BadTerms(f"{code}: there is no kind {kind!r}; known are {', '.join(KINDS)}")
    if period not in PERIODS:
        raise BadTerms(f"{code}: there is no period {period!r}")
    cells = {
        str(column): _cell(code, kind, str(column), cell) for column, cell in row.get("cells", {}).items()
    }
    names, texts = (_words(code, row.get(field, {})) for field in ("names", "texts"))
    if not all(column.isprintable() and 0 < len(column) <= 60 for column in cells):
        raise BadTerms(f"{code}: a column is named by 1 to 60 printable characters")
    return Benefit(code, kind, names, period, texts, cells)


def _words(code: str, words: Mapping[str, Any]) -> dict[str, str]:
    found = {str(key): str(text) for key, text in words.items() if text}
    if not all(text.isprintable() and len(text) <= 200 for text in found.values()):
        raise BadTerms(f"{code}: a text is one line of up to 200 characters")
    return found


def _cell(code: str, kind: str, column: str, data: Mapping[str, Any]) -> Cell:
    place = f"{code}, {column}"
    cell = _read_cell(place, data)
    if kind == "discount" and not 0 < cell.share <= 1:
        raise BadTerms(f"{place}: a discount is a share above 0 and up to 1")
    if kind == "points" and not 1 <= cell.share <= 100:
        raise BadTerms(f"{place}: a multiplier lies between 1 and 100")
    if kind in COUNTED and cell.count is None:
        raise BadTerms(f"{place}: say how many times")
    if kind == "birthday" and (cell.points > 0) == bool(cell.voucher):
        raise BadTerms(f"{place}: a birthday gift is points or a voucher")
    if cell.points > 0 and not cell.points_type:
        raise BadTerms(f"{place}: say of which type the points are")
    return cell


def _read_cell(place: str, data: Mapping[str, Any]) -> Cell:
    window = data.get("window", "day")
    try:
        share = Fraction(int(data.get("numerator", 0)), int(data.get("denominator", 1)))
        numbers = {name: int(data.get(name, 0)) for name in ("from_minor", "points")}
        count = None if data.get("count") is None else int(data["count"])
    except (TypeError, ValueError, ZeroDivisionError) as error:
        raise BadTerms(f"{place}: these are no whole numbers") from error
    if min(*numbers.values(), 0 if count is None else count) < 0 or window not in WINDOWS:
        raise BadTerms(f"{place}: numbers are not below zero, and the window is {', '.join(WINDOWS)}")
    text = {name: str(data.get(name, ""))[:120] for name in ("points_type", "voucher", "text")}
    return Cell(share=share, count=count, window=window, **numbers, **text)  # type: ignore[arg-type]
