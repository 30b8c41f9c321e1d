"""What is remembered of an order's points, and what must be posted so that the ledger says the same.

Everything that can happen to an order (it is told for the first time, corrected, cancelled, returned in
parts, told again) changes what it should have given.  The difference to what was given is posted, so
telling the same thing twice posts nothing.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from shuke.apps.loyalty.rules.returns import cumulative_share

NOTHING = Fraction(0)


@dataclass(slots=True)
class LineRecord:
    """A line: its pieces, its points by type, and how much of it came back.

    ``told_back`` are pieces that a checkout has taken back, ``lake_back`` the share that the lake says.
    Both tell of the same returns, so the larger counts.
    """

    quantity: int
    points: dict[str, int]
    told_back: int = 0
    lake_back: Fraction = NOTHING

    @property
    def share_back(self) -> Fraction:
        """The part of the line that came back, 0 to 1."""
        told = Fraction(self.told_back, self.quantity) if self.quantity else NOTHING
        return min(max(told, self.lake_back), Fraction(1))

    def left(self, points_type: str) -> int:
        """The points that the line still gives."""
        points = self.points.get(points_type, 0)
        return points - cumulative_share(points, share=self.share_back)


@dataclass(slots=True)
class Given:
    """One posting that gave points: the database key of its transaction, its lot, and what was taken back of it."""

    transaction: int
    lot: int
    points: int
    taken: int = 0


@dataclass
class OrderRecord:
    """What an order should have given by line, and what was given.  ``rules``: type → rule → points."""

    lines: dict[int, LineRecord] = field(default_factory=dict)
    rules: dict[str, dict[str, int]] = field(default_factory=dict)
    given: dict[str, list[Given]] = field(default_factory=dict)
    postings: int = 0
    is_cancelled: bool = False

    def earned(self, points_type: str) -> int:
        """What the order earned before returns."""
        return sum(self.rules.get(points_type, {}).values())

    def left(self, points_type: str) -> int:
        """What the order should have given by now."""
        if self.is_cancelled:
            return 0
        return sum(line.left(points_type) for line in self.lines.values())

    def net(self, points_type: str) -> int:
        """What was given and not taken back."""
        return sum(item.points - item.taken for item in self.given.get(points_type, ()))

    @property
    def points_types(self) -> list[str]:
        """Every type that the order earned or was given."""
        return list(dict.fromkeys((*self.rules, *self.given)))

    def differences(self) -> dict[str, int]:
        """Points to give (above zero) or to take back (below) by type."""
        found = {name: self.left(name) - self.net(name) for name in self.points_types}
        return {name: points for name, points in found.items() if points}

    def earn(
        self, rules: Mapping[str, Mapping[str, int]], lines: Iterable[tuple[int, int, Mapping[str, int]]]
    ) -> None:
        """Set what the order earns: by type and rule, and by line as (number, pieces, type → points).

        What came back of a line stays known.
        """
        self.rules = {name: dict(given) for name, given in rules.items() if given}
        before = self.lines
        self.lines = {}
        for number, quantity, points in lines:
            line = LineRecord(quantity, {name: n for name, n in points.items() if n})
            if number in before:
                line.told_back, line.lake_back = before[number].told_back, before[number].lake_back
            self.lines[number] = line

    def take(self, points_type: str, points: int) -> list[tuple[Given, int]]:
        """Note that so many points are taken back, the newest posting first; which postings, and how many of each."""
        found = []
        for item in reversed(self.given.get(points_type, [])):
            part = min(points, item.points - item.taken)
            if part > 0:
                found.append((item, part))
                points -= part
        return found

    def as_json(self) -> dict[str, Any]:
        """The record as it is stored; ``record_from`` reads it."""
        lines: list[list[Any]] = []
        for number, line in self.lines.items():
            row: list[Any] = [number, line.quantity, line.points]
            if line.told_back or line.lake_back:
                row += [line.told_back, str(line.lake_back)]
            lines.append(row)
        given = {
            name: [[g.transaction, g.lot, g.points, g.taken] for g in items]
            for name, items in self.given.items()
        }
        found = {"lines": lines, "rules": self.rules, "given": given, "postings": self.postings}
        return found | ({"cancelled": True} if self.is_cancelled else {})


def record_from(body: Mapping[str, Any]) -> OrderRecord:
    """The record that was stored."""
    lines = {}
    for number, quantity, points, *back in body["lines"]:
        told, lake = back or (0, "0")
        lines[number] = LineRecord(quantity, dict(points), told, Fraction(lake))
    return OrderRecord(
        lines=lines,
        rules={name: dict(rules) for name, rules in body["rules"].items()},
        given={name: [Given(*item) for item in items] for name, items in body["given"].items()},
        postings=body["postings"],
        is_cancelled=body.get("cancelled", False),
    )


@dataclass(frozen=True)
class Back:
    """What the lake says came back of a line: pieces and money.  Line 0 is money without a line."""

    quantity: int
    amount_minor: int


def shares_back(lines: Mapping[int, tuple[int, int]], back: Mapping[int, Back]) -> dict[int, Fraction]:
    """The share of each line that came back; ``lines`` gives pieces and what was paid by line number.

    Pieces count where they are told; else money against what was paid for the line.  Money without a
    line counts against the order, and so against each of its lines.

    >>> shares_back({1: (3, 900), 2: (1, 100)}, {1: Back(1, 300), 0: Back(0, 100)})
    {1: Fraction(13, 30), 2: Fraction(1, 10)}
    """
    paid_in_all = sum(paid for _, paid in lines.values() if paid > 0)
    whole = back.get(0)
    common = Fraction(whole.amount_minor, paid_in_all) if whole and paid_in_all else NOTHING
    found = {}
    for number, (quantity, paid) in lines.items():
        own, item = NOTHING, back.get(number) if number else None
        if item and item.quantity and quantity > 0:
            own = Fraction(item.quantity, quantity)
        elif item and paid > 0:
            own = Fraction(item.amount_minor, paid)
        share = min(max(own + common, NOTHING), Fraction(1))
        if share:
            found[number] = share
    return found
