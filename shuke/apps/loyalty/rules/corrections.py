"""Changes by hand and between wallets: adjustment, reversal, transfer."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from shuke.apps.loyalty.rules.postings import REMAINING, Account, Move, NewLot, Posting, Shortfall
from shuke.apps.loyalty.rules.wallet import WalletState, balanced, moves_between, taken_from


class Irreversible(Exception):
    """The points that a transaction gave or took are no longer where it put them."""


def deduct(state: WalletState, *, points: int) -> Posting:
    """Take points away by hand, soonest to end first.  Raises ``Shortfall``."""
    available = state.balances["available"]
    if not 0 < points <= available:
        raise Shortfall(available=available, needed=points)
    moves = moves_between(taken_from(state.first_to_end("available"), points), "available", "written_off")
    return Posting({"available": -points, "adjustment": points}, moves)


def reversal(state: WalletState, posting: Posting, *, at: datetime) -> Posting:
    """The opposite of a posting, if its points still lie where it put them.  Raises ``Irreversible``.

    A lot cannot be unmade, so the points of new lots are written off; one that has ended takes nothing back.
    """
    if any(
        move.bucket == "available" and move.delta < 0 and state.is_over(state.lots[move.lot], at)
        for move in posting.moves
    ):
        raise Irreversible
    moves = [Move(move.lot, move.bucket, -move.delta) for move in posting.moves]
    for lot in posting.new_lots:
        moves += [Move(lot.number, lot.bucket, -lot.points), Move(lot.number, "written_off", lot.points)]
    after: dict[tuple[int, str], int] = {}
    for move in moves:
        key = (move.lot, move.bucket)
        after[key] = after.get(key, state.lots[move.lot].holds(move.bucket)) + move.delta
    entries: dict[Account, int] = {account: -amount for account, amount in posting.entries.items()}
    balances = {name: amount + entries.get(name, 0) for name, amount in state.balances.items()}
    is_owing = balances["debt"] < 0 and balances["available"] > 0
    if min(after.values()) < 0 or min(balances[n] for n in REMAINING) < 0 or balances["debt"] > 0 or is_owing:
        raise Irreversible
    return Posting(entries, tuple(moves))


#: A lot as it leaves a wallet: number, bucket (pending or available) and points.
Parcel = tuple[int, str, int]


def parcels(state: WalletState, *, points: int | None) -> list[Parcel]:
    """What to transfer: so many available points, soonest to end first; ``None`` takes all, pending ones too.

    Raises ``Shortfall``.
    """
    available = state.balances["available"]
    if points is not None and not 0 < points <= available:
        raise Shortfall(available=available, needed=points)
    wanted = available if points is None else points
    parts = [(lot.number, "available", n) for lot, n in taken_from(state.first_to_end("available"), wanted)]
    if points is None:
        parts += [(lot.number, "pending", n) for lot, n in state.first_to_end("pending")]
    return parts


def sending(sent: Sequence[Parcel]) -> Posting:
    """The transfer's posting in the wallet that gives."""
    moves: list[Move] = []
    entries: dict[Account, int] = {"available": 0, "pending": 0, "transfer": 0}
    for number, bucket, points in sent:
        name = "available" if bucket == "available" else "pending"
        moves += [Move(number, name, -points), Move(number, "transferred", points)]
        entries[name] -= points
        entries["transfer"] += points
    return Posting(balanced(entries), tuple(moves))


def receiving(state: WalletState, *, giver: WalletState, sent: Iterable[Parcel]) -> Posting:
    """The transfer's posting in the wallet that takes: a new lot for each, with the end it had; debt is paid first."""
    lots: list[NewLot] = []
    moves: list[Move] = []
    entries: dict[Account, int] = {"available": 0, "pending": 0, "transfer": 0, "debt": 0}
    owed = -state.balances["debt"]
    for place, (number, bucket, points) in enumerate(sent, start=1):
        old, name = giver.lots[number], "available" if bucket == "available" else "pending"
        new = state.newest_lot + place
        lots.append(NewLot(new, points, old.activates_at, old.expires_at, name))
        paid = min(points, owed) if name == "available" else 0
        owed -= paid
        if paid:
            moves += [Move(new, "available", -paid), Move(new, "clawed_back", paid)]
        entries["transfer"] -= points
        entries["debt"] += paid
        entries[name] += points - paid
    return Posting(balanced(entries), tuple(moves), tuple(lots))
