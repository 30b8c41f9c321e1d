"""A member's points: balances, lots and every line of the statement."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal

from shuke.apps.loyalty.models import PointsEntry, PointsLot, PointsTransaction, Wallet
from shuke.apps.loyalty.queries.moved import home_of
from shuke.apps.loyalty.queries.states import state_as_of
from shuke.apps.loyalty.rules.postings import REMAINING
from shuke.apps.loyalty.rules.wallet import WalletState, due
from shuke.apps.loyalty.schemas import Balances, LotView, PostingOutcome, TransactionView, WalletView
from shuke.apps.members.queries import member_refs, survivor_of


def _balances(values: dict[str, int]) -> Balances:
    return Balances(
        pending=values["pending"],
        available=values["available"],
        held=values["held"],
        debt=-values["debt"],
    )


def outcome_of(
    row: PointsTransaction,
    *,
    outcome: Literal["created", "replayed"],
    entries: Mapping[str, int] | None = None,
) -> PostingOutcome:
    """What the one who asked for a transaction is told; ``entries`` are read unless they are at hand."""
    if entries is None:
        entries = dict(row.entries.values_list("account", "points"))
    return PostingOutcome(
        outcome=outcome,
        transaction_id=row.public_id,
        kind=row.kind,
        effective_at=row.effective_at,
        recorded_at=row.recorded_at,
        entries=dict(entries),
        balances=_balances(row.balances),
    )


def settled_state(wallet: Wallet, *, at: datetime, known_at: datetime | None = None) -> WalletState:
    """The wallet as of a moment, with everything that time has made of it by then, posted or not."""
    state = state_as_of(wallet, at=at, known_at=known_at or at)
    while (item := due(state, at=at)) is not None:
        state.apply(item.posting)
        if item.kind == "release":
            state.holds.pop(item.subject)
    return state


def wallet_row(member_id: str, *, points_type: str) -> Wallet | None:
    """The wallet in which the points of a member are: its own, or that of who speaks for it."""
    wallets = Wallet.objects.select_related("moved_to", "points_type")
    found = wallets.filter(member__public_id=member_id, points_type__code=points_type).first()
    if found is not None:
        return home_of(found)
    if member_id not in member_refs([member_id]):
        return None
    speaker = survivor_of(member_id)
    return None if speaker == member_id else wallet_row(speaker, points_type=points_type)


def points_wallet(
    member_id: str, *, points_type: str, at: datetime, known_at: datetime | None = None
) -> WalletView:
    """Balances and lots of a member as of ``at``, by what was known at ``known_at`` (the same moment by default).

    A member without a wallet has nothing; of a merged member these are the points of who speaks for it.
    """
    wallet = wallet_row(member_id, points_type=points_type)
    state = settled_state(wallet, at=at, known_at=known_at) if wallet else WalletState()
    sources = dict(
        PointsLot.objects.filter(wallet=wallet).values_list("number", "transaction__source") if wallet else ()
    )
    return WalletView(
        points_type=points_type,
        balances=_balances(dict(state.balances)),
        lots=[
            LotView(
                number=lot.number,
                points=lot.points,
                activates_at=lot.activates_at,
                expires_at=state.end_of(lot),
                source=sources.get(lot.number, ""),
                buckets={bucket: points for bucket, points in lot.buckets.items() if points},
            )
            for lot in sorted(state.lots.values(), key=lambda lot: lot.number)
            if any(lot.holds(bucket) for bucket in REMAINING)
        ],
        at=at,
    )


def points_statement(
    member_id: str, *, points_type: str, limit: int = 50, offset: int = 0
) -> tuple[list[TransactionView], int]:
    """Every transaction of a member's wallet, newest first, and how many there are."""
    wallet = wallet_row(member_id, points_type=points_type)
    rows = PointsTransaction.objects.filter(wallet=wallet).order_by("-wallet_seq")
    shown = list(rows[offset : offset + limit])
    entries: dict[int, dict[str, int]] = {row.pk: {} for row in shown}
    amounts = PointsEntry.objects.filter(transaction__in=shown).order_by("pk")
    for transaction_id, account, points in amounts.values_list("transaction_id", "account", "points"):
        entries[transaction_id][account] = points
    return [
        TransactionView(
            id=row.public_id,
            kind=row.kind,
            effective_at=row.effective_at,
            recorded_at=row.recorded_at,
            source=row.source,
            reason=row.reason,
            note=row.note,
            actor=row.actor,
            entries=entries[row.pk],
            balances=_balances(row.balances),
        )
        for row in shown
    ], rows.count()


def exported_points(member_id: str) -> dict[str, list[dict[str, Any]]]:
    """Every transaction of a member by points type, as plain data."""
    codes = Wallet.objects.filter(member__public_id=member_id).values_list("points_type__code", flat=True)
    return {
        code: [
            line.model_dump(mode="json")
            for line in points_statement(member_id, points_type=code, limit=1_000_000)[0]
        ]
        for code in codes.order_by("points_type__code")
    }
