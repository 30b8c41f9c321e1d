"""Points of two members that become one, and of one that becomes two again.

Merging moves lots and debt into the survivor's wallet; unmerging gives back what is still there of them,
into the very lots that they left.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from shuke.apps.loyalty.rules.postings import Account, Move, Posting
from shuke.apps.loyalty.rules.wallet import FOREVER, WalletState, balanced, taken_from


@dataclass(frozen=True)
class Passage:
    """A part of a lot that went from one wallet to another: lot there, lot here, points.

    ``paid`` of them were taken by the debt of the wallet that they came into.
    """

    left: int
    arrived: int
    points: int
    paid: int


def handing_over_debt(state: WalletState) -> Posting:
    """The posting that takes the whole debt out of a wallet."""
    owed = -state.balances["debt"]
    return Posting({"debt": owed, "transfer": -owed})


def taking_debt(state: WalletState, *, owed: int) -> Posting:
    """The posting that brings a debt into a wallet: paid by what is available, the rest is owed."""
    entries: Counter[Account] = Counter({"transfer": owed, "debt": -owed})
    moves: list[Move] = []
    _pay(state, entries, moves)
    return Posting(balanced(entries), tuple(moves))


def passages(out: Posting, came: Posting) -> list[Passage]:
    """Which lots became which, from the two postings of a transfer, which name them in the same order."""
    sent = [move for move in out.moves if move.bucket == "transferred"]
    paid = {move.lot: move.delta for move in came.moves if move.bucket == "clawed_back"}
    arrived = sorted(came.new_lots, key=lambda lot: lot.number)
    return [
        Passage(move.lot, lot.number, move.delta, paid.get(lot.number, 0))
        for move, lot in zip(sent, arrived, strict=True)
    ]


def giving_back(
    state: WalletState, *, owner: WalletState, passed: Iterable[Passage]
) -> tuple[Posting, Posting] | None:
    """The two postings of an unmerging: in the wallet that gives, and in that of the owner.

    What is left of each lot goes back into the lot that it left; what debt took of it comes back, and so
    does the debt, unless the points have ended meanwhile.  ``None`` if nothing is left.
    """
    out: Counter[Account] = Counter()
    back: Counter[Account] = Counter()
    moves: list[Move] = []
    returned: list[Move] = []
    for part in passed:
        lot, own = state.lots[part.arrived], owner.lots[part.left]
        parts = {bucket: lot.holds(bucket) for bucket in ("pending", "available") if lot.holds(bucket)}
        for bucket, points in parts.items():
            moves.append(Move(lot.number, bucket, -points))
            returned.append(Move(own.number, bucket, points))
            out[bucket] -= points
            back[bucket] += points
        if part.paid:
            moves.append(Move(lot.number, "clawed_back", -part.paid))
            returned.append(Move(own.number, "available", part.paid))
            out["debt"] -= part.paid
            back["available"] += part.paid
        points = sum(parts.values()) + part.paid
        if points:
            moves.append(Move(lot.number, "transferred", points))
            returned.append(Move(own.number, "transferred", -points))
            out["transfer"] += points
            back["transfer"] -= points
    if not out["transfer"]:
        return None
    _pay(state, out, moves)
    _pay(owner, back, returned)
    return Posting(balanced(out), tuple(moves)), Posting(balanced(back), tuple(returned))


def still_alive(passed: Sequence[Passage], owner: WalletState, *, at: datetime) -> list[Passage]:
    """The passages, without what debt took of lots that have ended: it would end at once.

    A lot that has expired at its owner's takes nothing back: what is left of it stays where it lives.
    """
    living = [part for part in passed if not owner.lots[part.left].holds("expired")]
    return [replace(part, paid=0) if owner.is_over(owner.lots[part.left], at) else part for part in living]


def returning_debt(
    state: WalletState, *, owner: WalletState, came: Posting, dead: Iterable[int]
) -> tuple[Posting, Posting] | None:
    """The two postings that give a debt back to its owner; ``came`` is the posting that brought it.

    Points that paid it come back into their lots unless these are ``dead`` (have ended); of what was owed
    only what still is goes back: what was paid since stays paid.  ``None`` if nothing of it is left.
    """
    gone = set(dead)
    moves: list[Move] = []
    freed = 0
    for move in came.moves:
        if move.bucket == "clawed_back" and move.lot not in gone:
            moves += [Move(move.lot, "clawed_back", -move.delta), Move(move.lot, "available", move.delta)]
            freed += move.delta
    owed = min(-came.entries.get("debt", 0), -state.balances["debt"])
    if not freed + owed:
        return None
    out: Counter[Account] = Counter({"available": freed, "debt": owed, "transfer": -freed - owed})
    back: Counter[Account] = Counter({"debt": -freed - owed, "transfer": freed + owed})
    returned: list[Move] = []
    _pay(state, out, moves)
    _pay(owner, back, returned)
    return Posting(balanced(out), tuple(moves)), Posting(balanced(back), tuple(returned))


def _pay(state: WalletState, entries: Counter[Account], moves: list[Move]) -> None:
    """Let what will be available pay what will be owed, soonest to end first; adds to entries and moves."""
    owed = -(state.balances["debt"] + entries["debt"])
    changed: Counter[int] = Counter()
    for move in moves:
        if move.bucket == "available":
            changed[move.lot] += move.delta
    lots = [
        (lot, lot.holds("available") + changed[lot.number])
        for lot in sorted(state.lots.values(), key=lambda lot: (lot.expires_at or FOREVER, lot.number))
        if lot.holds("available") + changed[lot.number] > 0
    ]
    for lot, part in taken_from(lots, owed) if owed > 0 else ():
        moves += [Move(lot.number, "available", -part), Move(lot.number, "clawed_back", part)]
        entries["available"] -= part
        entries["debt"] += part
