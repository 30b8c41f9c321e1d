"""The ledger's only pen: wallets under their locks, postings in memory, rows appended together."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from shuke.apps.loyalty.models import LotMove, PointsEntry, PointsHold, PointsLot, PointsTransaction, Wallet
from shuke.apps.loyalty.operations.copies import record_copies
from shuke.apps.loyalty.queries.states import hashed_body, states_of
from shuke.apps.loyalty.rules.chain import chained
from shuke.apps.loyalty.rules.postings import OpenHold, Posting
from shuke.apps.loyalty.rules.wallet import WalletState, due, next_due_at
from shuke.apps.loyalty.schemas import Request

SYSTEM_ACTOR = "Shuke"


class Book:
    """One locked wallet.  ``state`` is always that of the rows plus what waits to be written."""

    def __init__(self, wallet: Wallet, state: WalletState, ledger: "Ledger") -> None:
        self.wallet, self.state, self._ledger = wallet, state, ledger

    def settle(self, at: datetime) -> None:
        """Post what time has made of the wallet up to ``at``, each at its own moment."""
        while (item := due(self.state, at=at)) is not None:
            subject = f"{item.kind}:{self.wallet.pk}:{item.subject}"
            request = Request(key=subject, actor=SYSTEM_ACTOR, at=at)
            related = self._ledger.transaction_of_hold(item.subject) if item.kind == "release" else None
            self.post(item.kind, item.posting, request=request, effective_at=item.at, related=related)
            if item.kind == "release":
                self.close_hold(item.subject)

    def post(
        self,
        kind: str,
        posting: Posting,
        *,
        request: Request,
        request_hash: str = "",
        effective_at: datetime | None = None,
        related: PointsTransaction | None = None,
    ) -> PointsTransaction:
        """Take a posting into the state and make its rows."""
        self.state.apply(posting)
        wallet = self.wallet
        # Clocks of tills differ; a wallet's own time never runs backwards.
        recorded_at = max(request.at, wallet.recorded_at or request.at)
        wallet.seq += 1
        transaction = PointsTransaction(
            wallet=wallet,
            wallet_seq=wallet.seq,
            kind=kind,
            key=request.key,
            request_hash=request_hash,
            related=related,
            source=request.source,
            reason=request.reason,
            note=request.note,
            actor=request.actor,
            effective_at=min(effective_at or recorded_at, recorded_at),
            recorded_at=recorded_at,
            balances=dict(self.state.balances),
            previous_hash=wallet.head_hash,
        )
        transaction.hash = chained(wallet.head_hash, hashed_body(transaction, posting))
        wallet.head_hash, wallet.recorded_at = transaction.hash, recorded_at
        self._ledger.append(self, transaction, posting)
        return transaction

    def open_hold(self, transaction: PointsTransaction, posting: Posting, *, expires_at: datetime) -> None:
        """Let the points that a hold has set aside come back by themselves after that time."""
        self._ledger.flush()
        self._ledger.holds.append(PointsHold(transaction=transaction, expires_at=expires_at))
        self.state.holds[transaction.pk] = OpenHold(expires_at, posting.moves)

    def close_hold(self, number: int) -> None:
        """Note that a hold has ended."""
        self.state.holds.pop(number)
        self._ledger.closed.append(number)


class Ledger:
    """Books that were opened in the current database transaction and the rows they have made.

    Use it inside ``transaction.atomic`` and end with ``flush``.
    """

    def __init__(self) -> None:
        self.books: dict[int, Book] = {}
        self.holds: list[PointsHold] = []
        self.closed: list[int] = []
        self._waiting: list[tuple[Book, PointsTransaction, Posting]] = []
        self._lots: dict[tuple[int, int], PointsLot] = {}
        self._hold_transactions: dict[int, PointsTransaction] = {}

    def open(self, wallet_ids: Iterable[int]) -> list[Book]:
        """Lock wallets, in the order of their ids so that no two callers wait for each other."""
        wanted = sorted(set(wallet_ids) - self.books.keys())
        rows = Wallet.objects.select_for_update(of=("self",)).select_related("member", "points_type")
        wallets = list(rows.filter(pk__in=wanted).order_by("pk"))
        states, lots, holds = states_of(wallets)
        self._lots |= lots
        self._hold_transactions |= holds
        for wallet in wallets:
            self.books[wallet.pk] = Book(wallet, states[wallet.pk], self)
        return [self.books[pk] for pk in sorted(set(wallet_ids))]

    def transaction_of_hold(self, number: int) -> PointsTransaction:
        """The transaction that set points aside, by its database key."""
        if number not in self._hold_transactions:
            self._hold_transactions[number] = PointsTransaction.objects.get(pk=number)
        return self._hold_transactions[number]

    def append(self, book: Book, transaction: PointsTransaction, posting: Posting) -> None:
        """Let rows wait for ``flush``."""
        self._waiting.append((book, transaction, posting))

    def flush(self) -> None:
        """Write everything that waits: transactions, lots, entries, moves, holds, wallets, facts for the lake."""
        waiting, self._waiting = self._waiting, []
        _create_in_order([transaction for _, transaction, _ in waiting])
        lots = [
            lot
            for book, transaction, posting in waiting
            for lot in self._new_lots(book, transaction, posting)
        ]
        PointsLot.objects.bulk_create(lots, batch_size=1000)
        PointsEntry.objects.bulk_create(
            [
                PointsEntry(transaction=transaction, account=account, points=points)
                for _, transaction, posting in waiting
                for account, points in posting.entries.items()
            ],
            batch_size=2000,
        )
        moves = [
            LotMove(
                transaction=transaction,
                lot=self._lots[book.wallet.pk, move.lot],
                bucket=move.bucket,
                delta=move.delta,
            )
            for book, transaction, posting in waiting
            for move in posting.moves
        ]
        LotMove.objects.bulk_create(moves, batch_size=2000)
        self._write_holds()
        self._save_wallets({book.wallet.pk for book, _, _ in waiting})
        if waiting:
            record_copies([(transaction, posting) for _, transaction, posting in waiting])

    def _new_lots(self, book: Book, transaction: PointsTransaction, posting: Posting) -> list[PointsLot]:
        rows = [
            PointsLot(
                wallet=book.wallet,
                number=new.number,
                transaction=transaction,
                points=new.points,
                bucket=new.bucket,
                activates_at=new.activates_at,
                expires_at=new.expires_at,
            )
            for new in posting.new_lots
        ]
        self._lots |= {(book.wallet.pk, row.number): row for row in rows}
        return rows

    def _write_holds(self) -> None:
        PointsHold.objects.bulk_create(self.holds)
        if self.closed:
            PointsHold.objects.filter(transaction_id__in=self.closed).update(is_open=False)
        self.holds, self.closed = [], []

    def _save_wallets(self, wallet_ids: set[int]) -> None:
        rows = []
        for pk in wallet_ids:
            book = self.books[pk]
            for account, points in book.state.balances.items():
                setattr(book.wallet, account, points)
            book.wallet.newest_lot = book.state.newest_lot
            book.wallet.due_at = next_due_at(book.state)
            rows.append(book.wallet)
        fields = [
            "pending",
            "available",
            "held",
            "debt",
            "seq",
            "newest_lot",
            "head_hash",
            "due_at",
            "recorded_at",
        ]
        Wallet.objects.bulk_update(rows, fields, batch_size=200)


def _create_in_order(transactions: Sequence[PointsTransaction]) -> None:
    """Write transactions after those they refer to."""
    left = list(transactions)
    while left:
        ready = [t for t in left if t.related is None or t.related.pk is not None]
        PointsTransaction.objects.bulk_create(ready, batch_size=500)
        written = {id(t) for t in ready}
        left = [t for t in left if id(t) not in written]
