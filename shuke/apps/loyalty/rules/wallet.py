"""A wallet in memory: what postings do to it, and the postings that every change is made of."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from shuke.apps.loyalty.rules.postings import (
    WALLET_ACCOUNTS,
    Account,
    Bucket,
    Due,
    Lot,
    Move,
    NewLot,
    OpenHold,
    Posting,
    Shortfall,
)

FOREVER = datetime.max.replace(tzinfo=UTC)


@dataclass
class WalletState:
    """Lots by number, balances by account and open holds, as of the last posting.

    ``debt`` is zero or below.  ``ends_at``: when all that is left ends because the member was not active.
    """

    lots: dict[int, Lot] = field(default_factory=dict)
    balances: dict[Account, int] = field(default_factory=lambda: dict.fromkeys(WALLET_ACCOUNTS, 0))
    newest_lot: int = 0
    holds: dict[int, OpenHold] = field(default_factory=dict)
    ends_at: datetime | None = None

    def end_of(self, lot: Lot) -> datetime | None:
        """The last moment of the lot: its own end or the wallet's, but not before its points could be used."""
        if self.ends_at is None:
            return lot.expires_at
        return max(min(lot.expires_at or FOREVER, self.ends_at), lot.activates_at)

    def is_over(self, lot: Lot, at: datetime) -> bool:
        """Whether the lot's life has ended.  One that has expired stays ended when the wallet's end moves on."""
        end = self.end_of(lot)
        return lot.holds("expired") > 0 or (end is not None and at > end)

    def apply(self, posting: Posting) -> None:
        """Take a posting in.  Raises ``ValueError`` if it would leave a bucket or a balance impossible."""
        for new in posting.new_lots:
            lot = Lot(new.number, new.points, new.activates_at, new.expires_at, {new.bucket: new.points})
            self.lots[new.number] = lot
            self.newest_lot = max(self.newest_lot, new.number)
        for move in posting.moves:
            buckets = self.lots[move.lot].buckets
            buckets[move.bucket] = buckets.get(move.bucket, 0) + move.delta
            if buckets[move.bucket] < 0:
                raise ValueError(f"Lot {move.lot}: {move.bucket} would be {buckets[move.bucket]}.")
        for account in WALLET_ACCOUNTS:
            self.balances[account] += posting.entries.get(account, 0)
        self._check()

    def _check(self) -> None:
        if min(self.balances["pending"], self.balances["available"], self.balances["held"]) < 0:
            raise ValueError(f"A balance would be below zero: {self.balances}")
        if self.balances["debt"] > 0 or (self.balances["debt"] < 0 and self.balances["available"] > 0):
            raise ValueError(f"Debt must be paid first: {self.balances}")

    def first_to_end(self, bucket: Bucket) -> Iterator[tuple[Lot, int]]:
        """Lots with points in the bucket and how many: soonest to end first, never-ending ones last, then older."""
        lots = [lot for lot in self.lots.values() if lot.holds(bucket) > 0]
        for lot in sorted(lots, key=lambda lot: (lot.expires_at or FOREVER, lot.number)):
            yield lot, lot.holds(bucket)


def balanced(amounts: Mapping[Account, int]) -> dict[Account, int]:
    """The amounts that are not zero."""
    return {account: amount for account, amount in amounts.items() if amount}


def taken_from(lots: Iterable[tuple[Lot, int]], points: int) -> list[tuple[Lot, int]]:
    """Points from lots in their order; fewer if there are not enough."""
    taken: list[tuple[Lot, int]] = []
    for lot, there in lots:
        if points <= 0:
            break
        # A lot may be empty in between: what was spent of it came back before.
        if there > 0:
            part = min(there, points)
            taken.append((lot, part))
            points -= part
    return taken


def moves_between(taken: Iterable[tuple[Lot, int]], source: Bucket, target: Bucket) -> tuple[Move, ...]:
    """Moves of the given parts from one bucket to another."""
    return tuple(
        move
        for lot, part in taken
        for move in (Move(lot.number, source, -part), Move(lot.number, target, part))
    )


def due(state: WalletState, *, at: datetime) -> Due | None:
    """The first thing that time has made of the wallet up to ``at`` and that is not posted yet.

    Of equal moments activations come first and expiries last.  Held points stay held beyond the end of
    their lot.
    """
    events: list[tuple[datetime, int, int]] = []
    for lot in state.lots.values():
        if lot.holds("pending") and lot.activates_at <= at:
            events.append((lot.activates_at, 0, lot.number))
        if lot.holds("available") and state.is_over(lot, at):
            events.append((state.end_of(lot) or FOREVER, 2, lot.number))
    events += [(h.expires_at, 1, number) for number, h in state.holds.items() if h.expires_at <= at]
    if not events:
        return None
    moment, order, number = min(events)
    if order == 0:
        return Due("activate", moment, number, activation(state, state.lots[number]))
    if order == 1:
        return Due("release", moment, number, release(state, held=state.holds[number].moves, at=moment))
    lot = state.lots[number]
    points = lot.holds("available")
    moves = moves_between([(lot, points)], "available", "expired")
    return Due("expire", moment, number, Posting({"available": -points, "breakage": points}, moves))


def next_due_at(state: WalletState) -> datetime | None:
    """When time will next make something of the wallet, if ever."""
    moments = [lot.activates_at for lot in state.lots.values() if lot.holds("pending")]
    ends = (state.end_of(lot) for lot in state.lots.values() if lot.holds("available"))
    moments += [end for end in ends if end is not None]
    moments += [hold.expires_at for hold in state.holds.values()]
    return min(moments, default=None)


def _paying_debt(state: WalletState, points: int) -> int:
    """How many of the points that become available pay what the member owes."""
    return min(points, -state.balances["debt"])


def activation(state: WalletState, lot: Lot) -> Posting:
    """Pending points become available; debt is paid first."""
    points = lot.holds("pending")
    paid = _paying_debt(state, points)
    moves = [Move(lot.number, "pending", -points)]
    if points - paid:
        moves.append(Move(lot.number, "available", points - paid))
    if paid:
        moves.append(Move(lot.number, "clawed_back", paid))
    return Posting(balanced({"pending": -points, "available": points - paid, "debt": paid}), tuple(moves))


def award(
    state: WalletState,
    *,
    points: int,
    activates_at: datetime,
    expires_at: datetime | None,
    at: datetime,
    against: Account = "issued",
) -> Posting:
    """New points as a lot of their own, pending until they become active; debt is paid first."""
    if points <= 0:
        raise ValueError("Points that are awarded must be more than zero.")
    number = state.newest_lot + 1
    is_pending = activates_at > at
    bucket: Bucket = "pending" if is_pending else "available"
    lot = NewLot(number, points, activates_at, expires_at, bucket)
    paid = 0 if is_pending else _paying_debt(state, points)
    moves = (Move(number, "available", -paid), Move(number, "clawed_back", paid)) if paid else ()
    entries: dict[Account, int] = {against: -points, bucket: points - paid, "debt": paid}
    return Posting(balanced(entries), moves, (lot,))


def hold(state: WalletState, *, points: int) -> Posting:
    """Set points aside, soonest to end first.  Raises ``Shortfall``."""
    available = state.balances["available"]
    if points <= 0 or points > available:
        raise Shortfall(available=available, needed=points)
    moves = moves_between(taken_from(state.first_to_end("available"), points), "available", "held")
    return Posting({"available": -points, "held": points}, moves)


def spend(state: WalletState, *, points: int) -> Posting:
    """Spend points at once, soonest to end first.  Raises ``Shortfall``."""
    available = state.balances["available"]
    if points <= 0 or points > available:
        raise Shortfall(available=available, needed=points)
    moves = moves_between(taken_from(state.first_to_end("available"), points), "available", "spent")
    return Posting({"available": -points, "redeemed": points}, moves)


def lots_of(moves: Iterable[Move], bucket: Bucket, lots: Mapping[int, Lot]) -> list[tuple[Lot, int]]:
    """The lots and points that moves have put into a bucket, in the order of the moves."""
    return [(lots[move.lot], move.delta) for move in moves if move.bucket == bucket and move.delta > 0]


def commit(state: WalletState, *, held: Iterable[Move]) -> Posting:
    """Spend what a hold has set aside; ``held`` are the moves of the hold."""
    taken = lots_of(held, "held", state.lots)
    points = sum(part for _, part in taken)
    return Posting({"held": -points, "redeemed": points}, moves_between(taken, "held", "spent"))


def release(state: WalletState, *, held: Iterable[Move], at: datetime) -> Posting:
    """Put back what a hold has set aside; what has ended meanwhile expires, and debt is paid first."""
    moves: list[Move] = []
    entries: dict[Account, int] = {"held": 0, "available": 0, "breakage": 0, "debt": 0}
    owed = -state.balances["debt"]
    for lot, part in lots_of(held, "held", state.lots):
        entries["held"] -= part
        moves.append(Move(lot.number, "held", -part))
        is_over = state.is_over(lot, at)
        paid = 0 if is_over else min(part, owed)
        owed -= paid
        target: Bucket = "expired" if is_over else "available"
        account: Account = "breakage" if is_over else "available"
        entries[account] += part - paid
        entries["debt"] += paid
        moves += [Move(lot.number, b, n) for b, n in ((target, part - paid), ("clawed_back", paid)) if n]
    return Posting(balanced(entries), tuple(moves))
