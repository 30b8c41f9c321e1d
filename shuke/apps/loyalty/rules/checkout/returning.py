"""What a return gives back: read off the stored allocation and the returns before, never recomputed."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction


@dataclass(frozen=True)
class Bought:
    """A line as the receipt has it.  ``vouchers`` is what each voucher took off it."""

    line_no: int
    quantity: int
    paid_minor: int
    points: int = 0
    vouchers: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Returned:
    """One return: quantities by line, and the vouchers that it took back (empty under *keep*)."""

    lines: Mapping[int, int]
    lost_vouchers: frozenset[str] = frozenset()
    # What could be kept of the vouchers' shares, by line; the refund may have been too small for all.
    recovered: Mapping[int, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Outcome:
    """What a return gives: money by line, points by line, and what it keeps of lost vouchers by line."""

    refunds: Mapping[int, int]
    points: Mapping[int, int]
    recovered: Mapping[int, int]
    is_whole: bool

    @property
    def refund_minor(self) -> int:
        """The money to pay out."""
        return sum(self.refunds.values()) - sum(self.recovered.values())


class MoreThanBought(Exception):
    """A line, or more of it than is still out: ``left`` of ``asked``."""

    def __init__(self, *, line_no: int, left: int, asked: int) -> None:
        super().__init__(line_no, left, asked)
        self.line_no, self.left, self.asked = line_no, left, asked


def cumulative(amount: int, *, part: int, whole: int) -> int:
    """The amount of a part, rounded down; the whole part has all of it."""
    return amount * part // whole


def returned_before(returns: Iterable[Returned]) -> dict[int, int]:
    """How much of each line came back."""
    found: dict[int, int] = {}
    for earlier in returns:
        for number, quantity in earlier.lines.items():
            found[number] = found.get(number, 0) + quantity
    return found


def staying(bought: Iterable[Bought], *, returns: Iterable[Returned]) -> dict[int, int]:
    """How much of each line the customer still has; lines that came back whole are left out."""
    gone = returned_before(returns)
    kept = {line.line_no: line.quantity - gone.get(line.line_no, 0) for line in bought}
    return {number: quantity for number, quantity in kept.items() if quantity}


def share_back(bought: Iterable[Bought], *, returns: Iterable[Returned]) -> Fraction:
    """The part of a receipt that has come back, by what was paid; by pieces where nothing was."""
    gone, lines = returned_before(returns), list(bought)
    weights = {line.line_no: line.paid_minor for line in lines}
    if not any(weights.values()):
        weights = {line.line_no: line.quantity for line in lines}
    parts = (Fraction(weights[n.line_no] * gone.get(n.line_no, 0), n.quantity) for n in lines)
    return sum(parts, Fraction(0)) / sum(weights.values())


def vouchers_back(bought: Iterable[Bought], *, returns: Iterable[Returned]) -> dict[str, int]:
    """What each voucher took off the goods that have come back, by its code, in minor units."""
    gone = returned_before(returns)
    found: dict[str, int] = {}
    for line in bought:
        for voucher, amount in line.vouchers.items():
            part = cumulative(amount, part=gone.get(line.line_no, 0), whole=line.quantity)
            found[voucher] = found.get(voucher, 0) + part
    return found


def outcome(
    bought: Iterable[Bought],
    *,
    before: Iterable[Returned],
    lines: Mapping[int, int],
    lost_vouchers: frozenset[str] = frozenset(),
) -> Outcome:
    """What bringing these quantities back gives, after what came back before.

    ``lost_vouchers`` no longer fit the rest: their share of the units that stay is kept from the refund,
    at most the refund, once.  Raises ``MoreThanBought``.
    """
    receipt, earlier = {line.line_no: line for line in bought}, list(before)
    gone = returned_before(earlier)
    for number, quantity in lines.items():
        left = (receipt[number].quantity if number in receipt else 0) - gone.get(number, 0)
        if not 0 < quantity <= left:
            raise MoreThanBought(line_no=number, left=left, asked=quantity)
    refunds = {n: _refund(receipt[n], earlier, gone=gone.get(n, 0), now=q) for n, q in sorted(lines.items())}
    points = {
        n: _between(receipt[n].points, gone=gone.get(n, 0), now=q, whole=receipt[n].quantity)
        for n, q in sorted(lines.items())
    }
    after = returned_before([*earlier, Returned(lines)])
    lost = lost_vouchers.difference(*(one.lost_vouchers for one in earlier))
    recovered = _recovered(receipt.values(), after=after, lost=lost, limit=sum(refunds.values()))
    is_whole = all(after.get(number, 0) == line.quantity for number, line in receipt.items())
    return Outcome(refunds, points, recovered, is_whole)


def _between(amount: int, *, gone: int, now: int, whole: int) -> int:
    return cumulative(amount, part=gone + now, whole=whole) - cumulative(amount, part=gone, whole=whole)


def _refund(line: Bought, earlier: Iterable[Returned], *, gone: int, now: int) -> int:
    """The line's paid share, and its share of what earlier returns kept from refunds for units that stayed."""
    refund = _between(line.paid_minor, gone=gone, now=now, whole=line.quantity)
    so_far = 0
    for one in earlier:
        so_far += one.lines.get(line.line_no, 0)
        kept, units = one.recovered.get(line.line_no, 0), line.quantity - so_far
        if kept:
            refund += _between(kept, gone=gone - so_far, now=now, whole=units)
    return refund


def _recovered(
    bought: Iterable[Bought], *, after: Mapping[int, int], lost: frozenset[str], limit: int
) -> dict[int, int]:
    """What lost vouchers gave to the units that stay, line by line until the limit is reached."""
    found: dict[int, int] = {}
    for line in sorted(bought, key=lambda line: line.line_no):
        gone = after.get(line.line_no, 0)
        share = sum(
            amount - cumulative(amount, part=gone, whole=line.quantity)
            for voucher, amount in line.vouchers.items()
            if voucher in lost
        )
        kept = min(share, limit)
        limit -= kept
        if kept:
            found[line.line_no] = kept
    return found
