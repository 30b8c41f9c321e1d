"""What a return does to points: spent ones come back, earned ones go back."""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime
from fractions import Fraction

from shuke.apps.loyalty.rules.postings import Account, Lot, Move, NewLot, Overdrawn, Posting, Shortfall
from shuke.apps.loyalty.rules.wallet import WalletState, balanced, taken_from

#: What happens to points that a return would take and that are gone: owed, forgiven, or no return.
ReturnPolicy = str


def cumulative_share(total: int, *, share: Fraction) -> int:
    """The part of a total that a share of it comes to, rounded down; the whole share gives all of it.

    Taking the difference to what was taken before makes parts that sum to the total exactly:

    >>> [cumulative_share(100, share=Fraction(n, 3)) for n in (1, 2, 3)]
    [33, 66, 100]
    """
    if not 0 <= share <= 1:
        raise ValueError("A share lies between 0 and 1.")
    return total * share.numerator // share.denominator


def give_back(
    state: WalletState, *, spent: Iterable[Move], points: int, at: datetime, grace_until: datetime | None
) -> Posting:
    """Give spent points back to their lots, the last taken first.

    ``spent`` are the moves of the commit and of what was given back of it before.  Points whose lot has
    ended meanwhile expire again at once, or come as a new lot that ends at ``grace_until``.
    Raises ``Overdrawn``.
    """
    left = _still_spent(spent)
    if not 0 < points <= sum(left.values()):
        raise Overdrawn(left=sum(left.values()), asked=points)
    entries: Counter[Account] = Counter()
    moves: list[Move] = []
    late = 0
    for lot, part in taken_from([(state.lots[n], k) for n, k in reversed(left.items())], points):
        is_over = state.is_over(lot, at)
        owed = 0 if is_over else min(part, -state.balances["debt"] - entries["debt"])
        moves.append(Move(lot.number, "spent", -part))
        entries["redeemed"] -= part
        entries["debt"] += owed
        if is_over:
            late += part
            moves.append(Move(lot.number, "expired", part))
            entries["breakage"] += part
            continue
        entries["available"] += part - owed
        moves += [Move(lot.number, "available", part - owed)] if part > owed else []
        moves += [Move(lot.number, "clawed_back", owed)] if owed else []
    if late and grace_until is not None:
        return _with_grace(state, entries, moves, points=late, at=at, until=grace_until)
    return Posting(balanced(entries), tuple(moves))


def _still_spent(moves: Iterable[Move]) -> dict[int, int]:
    """Points per lot that are spent and not given back yet, in the order in which lots were taken."""
    left: dict[int, int] = {}
    for move in moves:
        if move.bucket == "spent":
            left[move.lot] = left.get(move.lot, 0) + move.delta
    return left


def _with_grace(
    state: WalletState,
    entries: Counter[Account],
    moves: list[Move],
    *,
    points: int,
    at: datetime,
    until: datetime,
) -> Posting:
    lot = NewLot(state.newest_lot + 1, points, at, until, "available")
    owed = min(points, -state.balances["debt"] - entries["debt"])
    if owed:
        moves += [Move(lot.number, "available", -owed), Move(lot.number, "clawed_back", owed)]
    entries["issued"] -= points
    entries["available"] += points - owed
    entries["debt"] += owed
    return Posting(balanced(entries), tuple(moves), (lot,))


def claw_back(
    state: WalletState,
    *,
    lots: Sequence[int],
    points: int,
    earned: int,
    taken: int,
    policy: ReturnPolicy,
) -> Posting | None:
    """Take earned points back: from the lots of that purchase, then from those that end soonest.

    ``taken`` of ``earned`` points went back before.  What is missing is owed, forgiven or refused.
    ``None`` if nothing is left to take and the rest is forgiven.  Raises ``Overdrawn`` and ``Shortfall``.
    """
    if not 0 < points <= earned - taken:
        raise Overdrawn(left=earned - taken, asked=points)
    own = [state.lots[number] for number in lots]
    pending = taken_from([(lot, lot.holds("pending")) for lot in own if lot.holds("pending")], points)
    rest = points - sum(part for _, part in pending)
    first = [(lot, lot.holds("available")) for lot in own if lot.holds("available")]
    others = [(lot, n) for lot, n in state.first_to_end("available") if lot.number not in set(lots)]
    available = taken_from([*first, *others], rest)
    missing = rest - sum(part for _, part in available)
    if missing and policy == "refuse":
        raise Shortfall(available=points - missing, needed=points)
    return _taking(pending, available, owed=missing if policy == "debt" else 0)


def _taking(pending: list[tuple[Lot, int]], available: list[tuple[Lot, int]], *, owed: int) -> Posting | None:
    counts: dict[Account, int] = {
        "pending": -sum(part for _, part in pending),
        "available": -sum(part for _, part in available),
        "debt": -owed,
    }
    counts["clawback"] = -sum(counts.values())
    if not counts["clawback"]:
        return None
    moves = [Move(lot.number, "pending", -part) for lot, part in pending]
    moves += [Move(lot.number, "available", -part) for lot, part in available]
    gone: Counter[int] = Counter()
    for lot, part in (*pending, *available):
        gone[lot.number] += part
    moves += [Move(number, "clawed_back", part) for number, part in gone.items()]
    return Posting(balanced(counts), tuple(moves))
