"""A member's points for people: what there is, every lot and its fate, and every posting with its lots."""

from collections.abc import Sequence
from datetime import datetime

from shuke.apps.loyalty.models import LotMove, PointsLot, PointsTransaction, PointsType, Wallet
from shuke.apps.loyalty.queries.statements import points_statement, points_wallet, wallet_row
from shuke.apps.loyalty.queries.types import points_name
from shuke.apps.loyalty.rules.wallet import FOREVER
from shuke.apps.loyalty.schemas import Balances, LotView, TransactionView
from shuke.apps.loyalty.schemas.statement import LotChange, LotStory, NextEnding, PointsSummary, StatementLine

#: Kinds that move points between the accounts of one wallet: nothing came and nothing went.
INNER_KINDS = frozenset({"activate", "hold", "release"})


def member_points(member_id: str, *, at: datetime) -> list[PointsSummary]:
    """What a member has of every points type that it ever had, as of ``at``, the oldest type first."""
    found = []
    for kind in PointsType.objects.order_by("pk"):
        if wallet_row(member_id, points_type=kind.code) is None:
            continue
        wallet = points_wallet(member_id, points_type=kind.code, at=at)
        found.append(
            PointsSummary(
                points_type=kind.code,
                name=points_name(kind),
                is_spendable=kind.is_spendable,
                balances=wallet.balances,
                next_ending=_next_ending(wallet.lots),
            )
        )
    return found


def _next_ending(lots: Sequence[LotView]) -> NextEnding | None:
    ends = sorted(
        (lot.expires_at, lot.buckets["available"])
        for lot in lots
        if lot.expires_at and lot.buckets.get("available")
    )
    if not ends:
        return None
    first = ends[0][0]
    return NextEnding(ends_at=first, points=sum(points for end, points in ends if end == first))


def lot_stories(
    member_id: str, *, points_type: str, at: datetime, limit: int = 50, offset: int = 0
) -> tuple[list[LotStory], int]:
    """Every lot with what became of its points, and how many lots there are.

    Lots that can still be used come first, in the order in which they will be (``turn`` 1, 2, 3 …), then those
    that wait or are held, then the finished ones, the newest first.
    """
    wallet = wallet_row(member_id, points_type=points_type)
    if wallet is None:
        return [], 0
    living = {lot.number: lot for lot in points_wallet(member_id, points_type=points_type, at=at).lots}
    rows = list(PointsLot.objects.filter(wallet=wallet).select_related("transaction"))
    rows.sort(key=lambda row: _place(row, living.get(row.number)))
    turns = [row.number for row in rows if _usable(living.get(row.number))]
    shown = rows[offset : offset + limit]
    buckets = _buckets(shown)
    stories = []
    for row in shown:
        lot = living.get(row.number)
        here = lot.buckets if lot else buckets[row.pk]
        stories.append(
            LotStory(
                number=row.number,
                points=row.points,
                activates_at=row.activates_at,
                expires_at=lot.expires_at if lot else row.expires_at,
                kind=row.transaction.kind,
                source=row.transaction.source,
                transaction_id=row.transaction.public_id,
                earned_at=row.transaction.effective_at,
                buckets={name: points for name, points in here.items() if points},
                turn=turns.index(row.number) + 1 if row.number in turns else None,
            )
        )
    return stories, len(rows)


def _usable(lot: LotView | None) -> bool:
    return lot is not None and lot.buckets.get("available", 0) > 0


def _place(row: PointsLot, lot: LotView | None) -> tuple[int, datetime, int]:
    if lot is not None and _usable(lot):
        return 0, lot.expires_at or FOREVER, row.number
    if lot is not None:
        return 1, row.activates_at, row.number
    return 2, FOREVER, -row.number


def _buckets(lots: Sequence[PointsLot]) -> dict[int, dict[str, int]]:
    """Where the points of lots are or have gone, by posted moves."""
    found = {row.pk: {row.bucket: row.points} for row in lots}
    for pk, bucket, delta in LotMove.objects.filter(lot__in=lots).values_list("lot_id", "bucket", "delta"):
        found[pk][bucket] = found[pk].get(bucket, 0) + delta
    return found


def statement_lines(
    member_id: str, *, points_type: str, limit: int = 30, offset: int = 0
) -> tuple[list[StatementLine], int]:
    """The statement, newest first, each posting with what it did to which lot; and how many there are."""
    lines, total = points_statement(member_id, points_type=points_type, limit=limit, offset=offset)
    changes: dict[str, list[LotChange]] = {line.id: [] for line in lines}
    ids = list(changes)
    made = PointsLot.objects.filter(transaction__public_id__in=ids).order_by("number")
    for public_id, number, bucket, points in made.values_list(
        "transaction__public_id", "number", "bucket", "points"
    ):
        changes[public_id].append(LotChange(lot=number, bucket=bucket, points=points))
    moved = LotMove.objects.filter(transaction__public_id__in=ids).order_by("pk")
    for public_id, number, bucket, delta in moved.values_list(
        "transaction__public_id", "lot__number", "bucket", "delta"
    ):
        changes[public_id].append(LotChange(lot=number, bucket=bucket, points=delta))
    return [
        StatementLine(**line.model_dump(), change=_change(line), changes=changes[line.id]) for line in lines
    ], total


def _change(line: TransactionView) -> int:
    """What the member has more or less by a posting."""
    return sum(line.entries.get(account, 0) for account in ("pending", "available", "held", "debt"))


def points_history(
    member_id: str, *, until: datetime | None, limit: int
) -> list[tuple[StatementLine, PointsType]]:
    """Postings of all points types that gave or took, newest first, up to a moment."""
    wallets = Wallet.objects.filter(member__public_id=member_id).select_related("points_type")
    kinds = {wallet.pk: wallet.points_type for wallet in wallets}
    rows = PointsTransaction.objects.filter(wallet_id__in=kinds).exclude(kind__in=INNER_KINDS)
    if until is not None:
        rows = rows.filter(effective_at__lte=until)
    shown = list(rows.order_by("-effective_at", "-pk").prefetch_related("entries")[:limit])
    found = []
    for row in shown:
        entries = {entry.account: entry.points for entry in row.entries.all()}
        line = TransactionView(
            id=row.public_id,
            kind=row.kind,
            effective_at=row.effective_at,
            recorded_at=row.recorded_at,
            source=row.source,
            reason=row.reason,
            note=row.note,
            actor=row.actor,
            entries=entries,
            balances=Balances(**row.balances | {"debt": -row.balances["debt"]}),
        )
        story = StatementLine(**line.model_dump(), change=_change(line), changes=[])
        found.append((story, kinds[row.wallet_id]))
    return found
