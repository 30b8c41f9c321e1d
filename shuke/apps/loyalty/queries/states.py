"""Wallets as the rules see them: read from the rows, now or as of a moment."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime

from django.db.models import Exists, OuterRef, Q, Sum

from shuke.apps.loyalty.models import LotMove, PointsLot, PointsTransaction, Wallet
from shuke.apps.loyalty.rules.activity import active_after
from shuke.apps.loyalty.rules.chain import body_of
from shuke.apps.loyalty.rules.expiry import Expiry
from shuke.apps.loyalty.rules.postings import REMAINING, Account, Lot, Move, OpenHold, Posting
from shuke.apps.loyalty.rules.wallet import WalletState
from shuke.platform.retailer.queries import retailer

#: The database key of each lot by wallet and number.
LotIds = dict[tuple[int, int], int]
HoldTransactions = dict[int, PointsTransaction]
_LOT = ("pk", "wallet_id", "bucket", "number", "points", "activates_at", "expires_at")


def states_of(wallets: Sequence[Wallet]) -> tuple[dict[int, WalletState], LotIds, HoldTransactions]:
    """The present state of each wallet, the keys of its lots, and the transactions of its open holds."""
    keys = [wallet.pk for wallet in wallets]
    states = {wallet.pk: empty_state(wallet) for wallet in wallets}
    lots: LotIds = {}
    for pk, wallet_id, bucket, *lot in PointsLot.objects.filter(wallet_id__in=keys).values_list(*_LOT):
        number, points, starts, ends = lot
        lots[wallet_id, number] = pk
        states[wallet_id].lots[number] = Lot(number, points, starts, ends, {bucket: points})
    numbers = {pk: key for key, pk in lots.items()}
    moved = LotMove.objects.filter(lot__wallet_id__in=keys).values_list("lot_id", "bucket")
    for lot_id, bucket, total in moved.annotate(total=Sum("delta")).order_by():
        wallet_id, number = numbers[lot_id]
        buckets = states[wallet_id].lots[number].buckets
        buckets[bucket] = buckets.get(bucket, 0) + total
    return states, lots, _take_holds_in(states, keys)


def open_states_of(wallets: Sequence[Wallet]) -> tuple[dict[int, WalletState], LotIds, HoldTransactions]:
    """As ``states_of``, of those lots only that something is left of, and without where the rest has gone.

    Enough for everything but what takes points back out of ``spent`` and its like.
    """
    states = {wallet.pk: empty_state(wallet) for wallet in wallets}
    lots: LotIds = {}
    rows = PointsLot.objects.filter(wallet_id__in=list(states), is_open=True)
    for pk, wallet_id, _bucket, *lot in rows.values_list(*_LOT, *REMAINING):
        number, points, starts, ends, *left = lot
        lots[wallet_id, number] = pk
        buckets = dict(zip(REMAINING, left, strict=True))
        states[wallet_id].lots[number] = Lot(number, points, starts, ends, buckets)
    return states, lots, _take_holds_in(states, [wallet.pk for wallet in wallets if wallet.held])


def _take_holds_in(states: dict[int, WalletState], wallet_ids: Sequence[int]) -> HoldTransactions:
    holds = _open_holds(wallet_ids) if wallet_ids else {}
    for transaction, moves in holds.values():
        hold = OpenHold(transaction.hold.expires_at, moves)
        states[transaction.wallet_id].holds[transaction.pk] = hold
    return {pk: transaction for pk, (transaction, _) in holds.items()}


def empty_state(wallet: Wallet) -> WalletState:
    """The state of a wallet but for its lots and holds."""
    balances: dict[Account, int] = {
        "pending": wallet.pending,
        "available": wallet.available,
        "held": wallet.held,
        "debt": wallet.debt,
    }
    return WalletState(
        balances=balances, newest_lot=wallet.newest_lot, ends_at=end_of_wallet(wallet, wallet.active_at)
    )


def ends_with_inactivity(wallet: Wallet) -> bool:
    """Whether the points of the wallet end together when its member is not active."""
    return bool(wallet.points_type.expiry.get("policy") == "inactivity")


def end_of_wallet(wallet: Wallet, active_at: datetime | None) -> datetime | None:
    """When all its points end if the member was last active then; ``None`` for ever."""
    if active_at is None or not ends_with_inactivity(wallet):
        return None
    return Expiry(**wallet.points_type.expiry).end_of_wallet(active_at, time_zone=retailer().time_zone)


def active_as_of(wallet: Wallet, *, at: datetime, known_at: datetime) -> datetime | None:
    """When the member was last active by ``at``, by what had been recorded until ``known_at``."""
    rows = PointsTransaction.objects.filter(wallet=wallet, effective_at__lte=at, recorded_at__lte=known_at)
    active_at = None
    facts = rows.annotate(made=Exists(PointsLot.objects.filter(transaction=OuterRef("pk"))))
    for kind, source, moment, made in facts.order_by("wallet_seq").values_list(
        "kind", "source", "effective_at", "made"
    ):
        active_at = active_after(active_at, kind=kind, source=source, at=moment, has_new_lots=made)
    return active_at


def _lot(row: PointsLot) -> Lot:
    return Lot(row.number, row.points, row.activates_at, row.expires_at, {row.bucket: row.points})


def _open_holds(wallet_ids: Sequence[int]) -> dict[int, tuple[PointsTransaction, tuple[Move, ...]]]:
    rows = LotMove.objects.filter(
        transaction__wallet_id__in=wallet_ids, transaction__hold__is_open=True
    ).select_related("transaction__hold", "lot")
    transactions: dict[int, PointsTransaction] = {}
    moves: dict[int, list[Move]] = defaultdict(list)
    for row in rows.order_by("transaction_id", "pk"):
        transactions.setdefault(row.transaction_id, row.transaction)
        moves[row.transaction_id].append(Move(row.lot.number, row.bucket, row.delta))
    return {pk: (transaction, tuple(moves[pk])) for pk, transaction in transactions.items()}


def moves_of(transaction_ids: Sequence[int]) -> dict[int, list[Move]]:
    """The moves of transactions in their order."""
    found: dict[int, list[Move]] = defaultdict(list)
    rows = LotMove.objects.filter(transaction_id__in=transaction_ids).order_by("pk")
    for transaction_id, number, bucket, delta in rows.values_list(
        "transaction_id", "lot__number", "bucket", "delta"
    ):
        found[transaction_id].append(Move(number, bucket, delta))
    return found


def state_as_of(wallet: Wallet, *, at: datetime, known_at: datetime) -> WalletState:
    """What was so at ``at``, by what had been recorded until ``known_at``; what time made meanwhile not included."""
    told = Q(transaction__effective_at__lte=at, transaction__recorded_at__lte=known_at)
    state = WalletState()
    numbers = {}
    for row in PointsLot.objects.filter(told, wallet=wallet):
        state.lots[row.number], numbers[row.pk] = _lot(row), row.number
    moved = LotMove.objects.filter(told, lot__wallet=wallet).values_list("lot_id", "bucket")
    for lot_id, bucket, total in moved.annotate(total=Sum("delta")).order_by():
        buckets = state.lots[numbers[lot_id]].buckets
        buckets[bucket] = buckets.get(bucket, 0) + total
    entries = PointsTransaction.objects.filter(
        wallet=wallet, effective_at__lte=at, recorded_at__lte=known_at
    ).values_list("entries__account")
    for account, total in entries.annotate(total=Sum("entries__points")).order_by():
        if account in state.balances:
            state.balances[account] = total
    state.newest_lot = max(state.lots, default=0)
    if ends_with_inactivity(wallet):
        state.ends_at = end_of_wallet(wallet, active_as_of(wallet, at=at, known_at=known_at))
    _holds_as_of(state, wallet, at=at, known_at=known_at)
    return state


def _holds_as_of(state: WalletState, wallet: Wallet, *, at: datetime, known_at: datetime) -> None:
    """Holds that were open then: made by then, and not ended by then."""
    told = {"effective_at__lte": at, "recorded_at__lte": known_at}
    # Points that were spent without a hold end none; a missing number in the list would hide every hold.
    ended = PointsTransaction.objects.filter(
        wallet=wallet, kind__in=["commit", "release"], related__isnull=False, **told
    )
    made = PointsTransaction.objects.filter(wallet=wallet, kind="hold", **told).exclude(
        pk__in=ended.values("related_id")
    )
    transactions = {row.pk: row for row in made.select_related("hold")}
    for pk, moves in moves_of(list(transactions)).items():
        state.holds[pk] = OpenHold(transactions[pk].hold.expires_at, tuple(moves))


def hashed_body(transaction: PointsTransaction, posting: Posting) -> dict[str, object]:
    """What the chain knows of a transaction: everything but the words of people."""
    return body_of(
        facts=hashed_facts(transaction),
        entries=dict(posting.entries),
        moves=[(move.lot, move.bucket, move.delta) for move in posting.moves],
        lots=[(n.number, n.points, n.activates_at, n.expires_at, n.bucket) for n in posting.new_lots],
    )


def hashed_facts(transaction: PointsTransaction) -> dict[str, object]:
    """The columns of a transaction that are hashed."""
    return {
        "wallet": transaction.wallet_id,
        "seq": transaction.wallet_seq,
        "kind": transaction.kind,
        "key": transaction.key,
        "request": transaction.request_hash,
        "related": transaction.related.public_id if transaction.related else "",
        "source": transaction.source,
        "reason": transaction.reason,
        "actor": transaction.actor,
        "effective_at": transaction.effective_at,
        "recorded_at": transaction.recorded_at,
        "balances": transaction.balances,
    }
