"""Rows of postings: which columns of which tables."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from shuke.apps.loyalty.models import (
    LotMove,
    PointsEntry,
    PointsHold,
    PointsLot,
    PointsTransaction,
    Wallet,
)
from shuke.apps.loyalty.operations.rows import Rows, draw_ids, insert, stored, stored_json, update
from shuke.apps.loyalty.rules.chain import VERSION
from shuke.apps.loyalty.rules.postings import Lot, Posting

if TYPE_CHECKING:
    from shuke.apps.loyalty.operations.book import Book

#: What waits to be written: the book, the transaction without its key, and the posting.
Written = tuple["Book", PointsTransaction, Posting]

TRANSACTION = (
    "id",
    "public_id",
    "wallet_id",
    "wallet_seq",
    "kind",
    "key",
    "request_hash",
    "related_id",
    "source",
    "reason",
    "note",
    "actor",
    "effective_at",
    "recorded_at",
    "balances",
    "previous_hash",
    "hash",
    "hash_version",
)
LOT = (
    "id",
    "wallet_id",
    "number",
    "transaction_id",
    "points",
    "bucket",
    "activates_at",
    "expires_at",
    "pending",
    "available",
    "held",
    "is_open",
)
LEFT = ("pending", "available", "held", "is_open")
WALLET = (
    "pending",
    "available",
    "held",
    "debt",
    "seq",
    "newest_lot",
    "head_hash",
    "due_at",
    "recorded_at",
    "active_at",
)


def write_postings(waiting: Sequence[Written]) -> None:
    """Add the rows of postings in their order and give the transactions their keys.

    A transaction refers to one that is written already or that stands before it.
    """
    count = sum(len(posting.new_lots) for _, _, posting in waiting)
    drawn = draw_ids({PointsTransaction: len(waiting), PointsLot: count})
    for (_, transaction, _), pk in zip(waiting, drawn[PointsTransaction], strict=True):
        transaction.pk = pk
        related = transaction.related
        transaction.related_id = related.pk if related else None
    insert(PointsTransaction, TRANSACTION, rows=[_transaction_row(t) for _, t, _ in waiting])
    made = _new_lots(waiting, drawn[PointsLot])
    changed = _changed_lots(waiting, made=set(made))
    insert(PointsLot, LOT, rows=list(made.values()))
    update(PointsLot, LEFT, rows=changed, where=("id",))
    insert(
        PointsEntry,
        ("transaction_id", "account", "points"),
        rows=[
            (transaction.pk, account, points)
            for _, transaction, posting in waiting
            for account, points in posting.entries.items()
        ],
    )
    insert(
        LotMove,
        ("transaction_id", "lot_id", "bucket", "delta"),
        rows=[
            (transaction.pk, book.lot_ids[move.lot], move.bucket, move.delta)
            for book, transaction, posting in waiting
            for move in posting.moves
        ],
    )


def _transaction_row(t: PointsTransaction) -> tuple[object, ...]:
    recorded_at = stored(t.recorded_at)
    effective_at = recorded_at if t.effective_at is t.recorded_at else stored(t.effective_at)
    return (
        t.pk,
        t.public_id,
        t.wallet_id,
        t.wallet_seq,
        t.kind,
        t.key,
        t.request_hash,
        t.related_id,
        t.source,
        t.reason,
        t.note,
        t.actor,
        effective_at,
        recorded_at,
        stored_json(t.balances),
        t.previous_hash,
        t.hash,
        VERSION,
    )


def _new_lots(waiting: Sequence[Written], keys: Sequence[int]) -> dict[tuple[int, int], tuple[object, ...]]:
    """Rows of new lots by wallet and number, as all that waits leaves them."""
    news = [(book, transaction, new) for book, transaction, posting in waiting for new in posting.new_lots]
    rows: dict[tuple[int, int], tuple[object, ...]] = {}
    for (book, transaction, new), pk in zip(news, keys, strict=True):
        book.lot_ids[new.number] = pk
        rows[book.wallet.pk, new.number] = (
            pk,
            book.wallet.pk,
            new.number,
            transaction.pk,
            new.points,
            new.bucket,
            stored(new.activates_at),
            stored(new.expires_at),
            *_left(book.state.lots[new.number]),
        )
    return rows


def _changed_lots(waiting: Sequence[Written], *, made: set[tuple[int, int]]) -> Rows:
    """What is left of lots that were there before."""
    touched = {
        (book.wallet.pk, move.lot): book
        for book, _, posting in waiting
        for move in posting.moves
        if (book.wallet.pk, move.lot) not in made
    }
    return [
        (*_left(book.state.lots[number]), book.lot_ids[number])
        for (_, number), book in sorted(touched.items(), key=lambda item: item[0])
    ]


def _left(lot: Lot) -> tuple[int, int, int, bool]:
    pending, available, held = lot.holds("pending"), lot.holds("available"), lot.holds("held")
    return pending, available, held, pending + available + held > 0


def close_holds(numbers: Sequence[int]) -> None:
    """Note that holds have ended, each once."""
    if not numbers:
        return
    ended = PointsHold.objects.filter(transaction_id__in=numbers, is_open=True).update(is_open=False)
    if ended != len(numbers):
        raise RuntimeError("A hold ended twice: the wallet was not locked.")


def save_wallets(books: Sequence[Book]) -> None:
    """Write the cached balances and heads, if nobody else has changed the wallets meanwhile."""
    found = update(Wallet, WALLET, rows=list(_wallet_rows(books)), where=("id", "seq"))
    if found != len(books):
        raise RuntimeError("A wallet changed while it was locked.")


def _wallet_rows(books: Sequence[Book]) -> Iterator[tuple[object, ...]]:
    for book in books:
        wallet, balances = book.wallet, book.state.balances
        for account, points in balances.items():
            setattr(wallet, account, points)
        wallet.newest_lot = book.state.newest_lot
        wallet.due_at = book.due_at
        yield (
            wallet.pending,
            wallet.available,
            wallet.held,
            wallet.debt,
            wallet.seq,
            wallet.newest_lot,
            wallet.head_hash,
            stored(wallet.due_at),
            stored(wallet.recorded_at),
            stored(wallet.active_at),
            wallet.pk,
            book.stored_seq,
        )
        book.stored_seq = wallet.seq
