"""What is remembered of an order's points, and what must be posted so that the ledger says the same.

Everything that can happen to an order (it is told for the first time, corrected, cancelled, returned in
parts, told again) changes what it should have given.  The difference to what was given is posted, so
telling the same thing twice posts nothing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from shuke.apps.loyalty.rules.returns import cumulative_share

NOTHING, WHOLE = Fraction(0), Fraction(1)


@dataclass(slots=True)
class Given:
    """One posting that gave points: the database key of its transaction, its lot, and what was taken back of it."""

    transaction: int
    lot: int
    points: int
    taken: int = 0


@dataclass(slots=True)
class LineBack:
    """How much of a line came back: pieces that a checkout took back, and the share that the lake says.

    Both tell of the same returns, so the larger counts.
    """

    told: int = 0
    lake: Fraction = NOTHING


@dataclass
class OrderRecord:
    """What an order should have given by line, and what was given.

    ``lines`` are line numbers, ``pieces`` and ``points`` (by type) stand beside them.  ``rules``: type → rule →
    points.  ``told`` is a check sum of what the lake said of the lines, ``returns`` are those of a checkout by
    their keys.  ``till`` is the share of the whole order that a checkout took back which numbers lines otherwise.
    ``capped`` are the types that had caps over time when it earned; of these ``shares`` are type → rule → points by
    line where several rules gave some, and ``forgiven`` is what a return would have taken and that was gone.
    """

    lines: list[int] = field(default_factory=list)
    pieces: list[int] = field(default_factory=list)
    points: dict[str, list[int]] = field(default_factory=dict)
    rules: dict[str, dict[str, int]] = field(default_factory=dict)
    back: dict[int, LineBack] = field(default_factory=dict)
    given: dict[str, list[Given]] = field(default_factory=dict)
    postings: int = 0
    told: int = 0
    is_cancelled: bool = False
    returns: dict[str, dict[int, int]] = field(default_factory=dict)
    till: Fraction = NOTHING
    capped: list[str] = field(default_factory=list)
    shares: dict[str, dict[str, list[int]]] = field(default_factory=dict)
    forgiven: dict[str, int] = field(default_factory=dict)

    def earned(self, points_type: str) -> int:
        """What the order earned before returns."""
        return sum(self.rules.get(points_type, {}).values())

    def share_back(self, place: int) -> Fraction:
        """The part of a line, by its place, that came back: 0 to 1."""
        back = self.back.get(self.lines[place])
        if back is None:
            return self.till
        pieces = self.pieces[place]
        return min(max(Fraction(back.told, pieces) if pieces else NOTHING, back.lake, self.till), WHOLE)

    def pieces_left(self) -> dict[int, int]:
        """Pieces of each line that no checkout has taken back."""
        return {
            number: pieces - (self.back[number].told if number in self.back else 0)
            for number, pieces in zip(self.lines, self.pieces, strict=True)
        }

    def left(self, points_type: str) -> int:
        """What the order should have given by now."""
        return self._staying(self.points.get(points_type, []))

    def left_by_rule(self, points_type: str) -> dict[str, int]:
        """The same by rule, each rounded by itself."""
        rules = self.rules.get(points_type, {})
        lines = self.shares.get(points_type, {})
        if len(rules) == 1:
            lines = {rule: self.points.get(points_type, []) for rule in rules}
        if not lines and rules:
            # Recorded before lines were kept by rule.
            left, whole = self.left(points_type), sum(rules.values())
            return {rule: -(-points * left // whole) for rule, points in rules.items()}
        return {rule: self._staying(lines.get(rule, [])) for rule in rules}

    def _staying(self, points: Sequence[int]) -> int:
        if self.is_cancelled:
            return 0
        if not self.back and not self.till:
            return sum(points)
        return sum(
            n - cumulative_share(n, share=self.share_back(place)) for place, n in enumerate(points) if n
        )

    def net(self, points_type: str) -> int:
        """What was given and not taken back."""
        return sum(item.points - item.taken for item in self.given.get(points_type, ()))

    def differences(self) -> dict[str, int]:
        """Points to give (above zero) or to take back (below) by type."""
        found = {
            name: self.left(name) - self.net(name) for name in dict.fromkeys((*self.points, *self.given))
        }
        return {name: points for name, points in found.items() if points}

    def to_take(self, points_type: str, points: int) -> list[tuple[Given, int]]:
        """Which postings so many points are taken back from, the newest first, and how many from each."""
        found = []
        for item in reversed(self.given.get(points_type, [])):
            part = min(points, item.points - item.taken)
            if part > 0:
                found.append((item, part))
                points -= part
        return found

    def as_json(self) -> dict[str, Any]:
        """The record as it is stored; ``record_from`` reads it."""
        given = {
            name: [[g.transaction, g.lot, g.points, g.taken] for g in items]
            for name, items in self.given.items()
        }
        found: dict[str, Any] = {
            "lines": self.lines,
            "pieces": self.pieces,
            "points": self.points,
            "rules": self.rules,
            "given": given,
            "postings": self.postings,
            "told": self.told,
        }
        if self.back:
            found["back"] = {str(n): [item.told, str(item.lake)] for n, item in self.back.items()}
        if self.returns:
            found["returns"] = {
                key: {str(n): k for n, k in item.items()} for key, item in self.returns.items()
            }
        if self.till:
            found["till"] = str(self.till)
        sparse = {"capped": self.capped, "shares": self.shares, "forgiven": self.forgiven}
        found |= {name: value for name, value in sparse.items() if value}
        return found | ({"cancelled": True} if self.is_cancelled else {})


def record_from(body: Mapping[str, Any]) -> OrderRecord:
    """The record that was stored."""
    return OrderRecord(
        lines=body["lines"],
        pieces=body["pieces"],
        points=body["points"],
        rules=body["rules"],
        back={int(n): LineBack(told, Fraction(lake)) for n, (told, lake) in body.get("back", {}).items()},
        given={name: [Given(*item) for item in items] for name, items in body["given"].items()},
        postings=body["postings"],
        told=body["told"],
        is_cancelled=body.get("cancelled", False),
        returns={key: {int(n): k for n, k in item.items()} for key, item in body.get("returns", {}).items()},
        till=Fraction(body.get("till", 0)),
        capped=body.get("capped", []),
        shares=body.get("shares", {}),
        forgiven=body.get("forgiven", {}),
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
        share = min(max(own + common, NOTHING), WHOLE)
        if share:
            found[number] = share
    return found
