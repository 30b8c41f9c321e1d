"""The ledger's only pen: wallets under their locks, postings in memory, rows appended together."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Literal

from django.db.models import QuerySet
from django.db.models.base import ModelState

from shuke.apps.loyalty.models import PointsHold, PointsTransaction, Wallet
from shuke.apps.loyalty.operations.copies import record_copies
from shuke.apps.loyalty.operations.writing import Written, close_holds, save_wallets, write_postings
from shuke.apps.loyalty.queries.states import (
    empty_state,
    end_of_wallet,
    ends_with_inactivity,
    hashed_facts,
    open_states_of,
    states_of,
)
from shuke.apps.loyalty.rules.activity import active_after
from shuke.apps.loyalty.rules.chain import VERSION, posting_hash
from shuke.apps.loyalty.rules.postings import Account, OpenHold, Posting
from shuke.apps.loyalty.rules.wallet import due, next_due_at
from shuke.apps.loyalty.schemas import Request
from shuke.apps.members.queries import family_keys
from shuke.platform.ids import new_ids

SYSTEM_ACTOR = "Shuke"
#: Which lots of a wallet are read: all with where their points went, those with something left, or none.
Lots = Literal["whole", "open", "none"]
LEVELS: Sequence[Lots] = ("none", "open", "whole")


class Book:
    """One locked wallet.  ``state`` is that of the rows plus what waits to be written.

    A book that was opened without its lots knows its balances and the lots it makes itself; ``settle``
    reads the open ones when time has made something of them.
    """

    def __init__(self, wallet: Wallet, ledger: "Ledger") -> None:
        self.wallet, self._ledger = wallet, ledger
        self.state = empty_state(wallet)
        self.lot_ids: dict[int, int] = {}
        self.stored_seq = wallet.seq
        # What of its lots was read.
        self.reads: Lots = "none"
        self.new_holds: list[tuple[PointsTransaction, Posting, datetime]] = []
        # When time makes something of the lots that are not read.
        self._unread_due_at = wallet.due_at
        self._due_at, self._is_due_known = wallet.due_at, True

    @property
    def due_at(self) -> datetime | None:
        """When time will next make something of the wallet, if ever."""
        if not self._is_due_known:
            moments = (self._unread_due_at, next_due_at(self.state))
            self._due_at = min((moment for moment in moments if moment), default=None)
            self._is_due_known = True
        return self._due_at

    def lots_are_read(self) -> None:
        """The state has all lots that something is left of."""
        self._unread_due_at, self._is_due_known = None, False

    def settle(self, at: datetime) -> None:
        """Post what time has made of the wallet up to ``at``, each at its own moment."""
        if self.new_holds:
            self._ledger.flush()
        if self.due_at is None or self.due_at > at:
            return
        if self._unread_due_at is not None and self._unread_due_at <= at:
            self._ledger.read_lots([self], lots="open")
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
        """Take a posting into the state and make its transaction; ``flush`` writes it and gives it its key."""
        self.state.apply(posting)
        wallet = self.wallet
        # Clocks of tills differ; a wallet's own time never runs backwards.
        recorded_at = max(request.at, wallet.recorded_at or request.at)
        wallet.seq += 1
        transaction = _transaction(
            public_id=new_ids("ptx", 1)[0],
            wallet_id=wallet.pk,
            wallet_seq=wallet.seq,
            kind=kind,
            key=request.key,
            request_hash=request_hash,
            related_id=related.pk if related else None,
            source=request.source,
            reason=request.reason,
            note=request.note,
            actor=request.actor,
            effective_at=min(effective_at or recorded_at, recorded_at),
            recorded_at=recorded_at,
            balances=dict(self.state.balances),
            previous_hash=wallet.head_hash,
        )
        transaction._state.fields_cache |= {"wallet": wallet, "related": related}
        transaction.hash = posting_hash(wallet.head_hash, facts=hashed_facts(transaction), posting=posting)
        wallet.head_hash, wallet.recorded_at = transaction.hash, recorded_at
        self._note_activity(transaction, posting)
        self._note_due(posting)
        self._ledger.append(self, transaction, posting)
        return transaction

    def _note_activity(self, transaction: PointsTransaction, posting: Posting) -> None:
        """Where points end with inactivity, note that the member was active."""
        wallet = self.wallet
        if not ends_with_inactivity(wallet):
            return
        active_at = active_after(
            wallet.active_at,
            kind=transaction.kind,
            source=transaction.source,
            at=transaction.effective_at,
            has_new_lots=bool(posting.new_lots),
        )
        if active_at != wallet.active_at:
            wallet.active_at, self.state.ends_at = active_at, end_of_wallet(wallet, active_at)
            self._is_due_known = False

    def _note_due(self, posting: Posting) -> None:
        """Keep ``due_at`` right; looking at every lot is needed only after moves."""
        if posting.moves or not self._is_due_known:
            self._is_due_known = False
            return
        for new in posting.new_lots:
            moment = new.activates_at if new.bucket == "pending" else new.expires_at
            if moment is not None and (self._due_at is None or moment < self._due_at):
                self._due_at = moment

    def open_hold(self, transaction: PointsTransaction, posting: Posting, *, expires_at: datetime) -> None:
        """Let the points that a hold has set aside come back by themselves after that time."""
        self.new_holds.append((transaction, posting, expires_at))
        self._is_due_known = False

    def take_new_holds(self) -> list[PointsHold]:
        """Rows for the holds made since the last flush; their transactions have keys now."""
        rows = []
        for transaction, posting, expires_at in self.new_holds:
            rows.append(PointsHold(transaction=transaction, expires_at=expires_at))
            self.state.holds[transaction.pk] = OpenHold(expires_at, posting.moves)
            self._ledger.hold_transactions[transaction.pk] = transaction
        self.new_holds, self._is_due_known = [], False
        return rows

    def close_hold(self, number: int) -> None:
        """Note that a hold has ended."""
        self.state.holds.pop(number)
        self._is_due_known = False
        self._ledger.closed.append(number)


class Ledger:
    """Books that were opened in the current database transaction and the rows they have made.

    Use it inside ``transaction.atomic`` and end with ``flush``.  Many postings to many wallets in one flush
    are what makes a replayed history fast: open some hundred wallets, post everything, flush once.  A till's
    call opens all wallets of a member and lets each of its steps post and flush: they are locked and read once.
    """

    def __init__(self) -> None:
        self.books: dict[int, Book] = {}
        self.closed: list[int] = []
        self.hold_transactions: dict[int, PointsTransaction] = {}
        #: Entries of what was written last, by public id.
        self.entries: dict[str, Mapping[Account, int]] = {}
        self._waiting: list[Written] = []

    def open(self, wallet_ids: Iterable[int], *, lots: Lots = "whole") -> list[Book]:
        """Lock wallets, in the order of their ids so that no two callers wait for each other.

        ``lots="none"`` is enough for postings that only make new lots, ``"open"`` for those that spend or
        hold; what takes points back or reverses needs the ``"whole"`` wallet.
        """
        wanted = sorted(set(wallet_ids) - self.books.keys())
        self._open(Wallet.objects.filter(pk__in=wanted), lots=lots)
        before = [self.books[pk] for pk in sorted(set(wallet_ids) - set(wanted))]
        if less := [book for book in before if LEVELS.index(book.reads) < LEVELS.index(lots)]:
            self.read_lots(less, lots=lots)
        return [self.books[pk] for pk in sorted(set(wallet_ids))]

    def open_family(self, member_id: str) -> None:
        """Lock, in the same order, all wallets of who speaks for a member and of all that were merged into that one.

        Whose they are is found by the statement that locks them.
        """
        self._open(Wallet.objects.filter(member_id__in=family_keys(member_id)), lots="none")

    def _open(self, wanted: QuerySet[Wallet], *, lots: Lots) -> None:
        rows = wanted.select_for_update(of=("self",)).select_related("member", "points_type")
        opened = [Book(wallet, self) for wallet in rows.order_by("pk")]
        self.books |= {book.wallet.pk: book for book in opened}
        self.read_lots(opened, lots=lots)
        ending = [book for book in opened if ends_with_inactivity(book.wallet)] if lots == "none" else []
        if ending:
            # When such points end depends on the lots and on every posting: nothing may be left unread.
            self.read_lots(ending, lots="open")

    def read_lots(self, books: Sequence[Book], *, lots: Lots) -> None:
        """Read the lots of books anew; what waits is written before."""
        if lots == "none" or not books:
            return
        if self._waiting:
            self.flush()
        # Where points end with inactivity, only a lot's past tells whether it has ended.
        whole = [book for book in books if lots == "whole" or ends_with_inactivity(book.wallet)]
        part = [] if lots == "whole" else [book for book in books if not ends_with_inactivity(book.wallet)]
        for reading, wanted in ((states_of, whole), (open_states_of, part)):
            states, keys, holds = reading([book.wallet for book in wanted]) if wanted else ({}, {}, {})
            self.hold_transactions |= holds
            for book in wanted:
                book.state, book.lot_ids = states[book.wallet.pk], {}
                book.reads = "whole" if reading is states_of else "open"
                book.lots_are_read()
            for (wallet_id, number), pk in keys.items():
                self.books[wallet_id].lot_ids[number] = pk

    def transaction_of_hold(self, number: int) -> PointsTransaction:
        """The transaction that set points aside, by its database key."""
        if number not in self.hold_transactions:
            self.hold_transactions[number] = PointsTransaction.objects.get(pk=number)
        return self.hold_transactions[number]

    def append(self, book: Book, transaction: PointsTransaction, posting: Posting) -> None:
        """Let rows wait for ``flush``."""
        self._waiting.append((book, transaction, posting))

    def flush(self) -> None:
        """Write everything that waits: transactions, lots, entries, moves, holds, wallets, copies for the lake."""
        waiting, self._waiting = self._waiting, []
        if not waiting:
            return
        write_postings(waiting)
        books = {book.wallet.pk: book for book, _, _ in waiting}
        PointsHold.objects.bulk_create(hold for book in books.values() for hold in book.take_new_holds())
        closed, self.closed = self.closed, []
        close_holds(closed)
        save_wallets([books[pk] for pk in sorted(books)])
        self.entries = {transaction.public_id: posting.entries for _, transaction, posting in waiting}
        record_copies([(transaction, posting) for _, transaction, posting in waiting])


def _transaction(**values: object) -> PointsTransaction:
    """A row that is not written yet.  Going around ``__init__`` saves a tenth of a posting's time."""
    row = PointsTransaction.__new__(PointsTransaction)
    row.__dict__ = {"_state": ModelState(), "id": None, "hash": "", "hash_version": VERSION, **values}
    return row
