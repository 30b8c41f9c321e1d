"""What must be true of the ledger.  Each check gives the sentences that tell what breaks it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, F, Max, Q, QuerySet, Sum
from django.db.models.functions import Coalesce

from shuke.apps.loyalty.models import LotMove, PointsEntry, PointsLot, PointsTransaction, Wallet
from shuke.apps.loyalty.queries.chains import broken_chains
from shuke.apps.loyalty.queries.replaying import differing_wallets
from shuke.apps.loyalty.rules.postings import REMAINING, WALLET_ACCOUNTS

Check = Callable[[], Iterator[str]]


@dataclass(frozen=True)
class Finding:
    """One thing that is not as it must be; ``check`` is the number in docs/algorithms/points.md."""

    check: int
    text: str


def _entries_balance() -> Iterator[str]:
    sums = PointsEntry.objects.values("transaction__public_id").annotate(total=Sum("points"), n=Count("id"))
    for row in sums.filter(~Q(total=0) | Q(n__lt=2)).order_by():
        yield f"{row['transaction__public_id']}: {row['n']} entries that sum to {row['total']}"
    for public_id in PointsTransaction.objects.filter(entries=None).values_list("public_id", flat=True):
        yield f"{public_id}: no entries"


def _balances_are_sums() -> Iterator[str]:
    for account in WALLET_ACCOUNTS:
        total = Coalesce(
            Sum("transactions__entries__points", filter=Q(transactions__entries__account=account)), 0
        )
        rows = Wallet.objects.annotate(total=total).exclude(total=F(account))
        for pk, kept, summed in rows.values_list("pk", account, "total"):
            yield f"wallet {pk}: {account} is {kept}, its entries sum to {summed}"


def _in_lots(bucket: str) -> dict[int, int]:
    """Points per wallet in a bucket of its lots."""
    begun = PointsLot.objects.filter(bucket=bucket).values_list("wallet").annotate(total=Sum("points"))
    found = dict(begun.order_by())
    moved = LotMove.objects.filter(bucket=bucket).values_list("lot__wallet").annotate(total=Sum("delta"))
    for wallet, total in moved.order_by():
        found[wallet] = found.get(wallet, 0) + total
    return found


def _lots_hold_the_balances() -> Iterator[str]:
    for bucket in REMAINING:
        held = _in_lots(bucket)
        for pk, balance in Wallet.objects.values_list("pk", bucket):
            if held.get(pk, 0) != balance:
                yield f"wallet {pk}: {bucket} is {balance}, its lots hold {held.get(pk, 0)}"


def _buckets() -> dict[tuple[int, str], int]:
    found = {
        (pk, bucket): points for pk, bucket, points in PointsLot.objects.values_list("pk", "bucket", "points")
    }
    moved = LotMove.objects.values_list("lot_id", "bucket").annotate(total=Sum("delta")).order_by()
    for lot, bucket, total in moved:
        found[lot, bucket] = found.get((lot, bucket), 0) + total
    return found


def _no_bucket_is_negative() -> Iterator[str]:
    for (lot, bucket), points in _buckets().items():
        if points < 0:
            yield f"lot {lot}: {bucket} is {points}"


def _debt_is_paid_first() -> Iterator[str]:
    wrong = Q(available__lt=0) | Q(debt__gt=0) | (Q(debt__lt=0) & Q(available__gt=0))
    wrong |= Q(debt__lt=0) & ~Q(points_type__return_policy="debt")
    for row in Wallet.objects.filter(wrong):
        yield f"wallet {row.pk}: available {row.available}, debt {row.debt}"


def _accounts_sum_to_zero() -> Iterator[str]:
    total = PointsEntry.objects.aggregate(total=Sum("points"))["total"] or 0
    if total:
        yield f"all entries sum to {total}"


def _lots_are_whole() -> Iterator[str]:
    totals: dict[int, int] = {}
    for (lot, _bucket), points in _buckets().items():
        totals[lot] = totals.get(lot, 0) + points
    for pk, points in PointsLot.objects.values_list("pk", "points"):
        if totals.get(pk, 0) != points:
            yield f"lot {pk}: {points} points, its buckets sum to {totals.get(pk, 0)}"


def _doubled(rows: QuerySet[PointsTransaction], *fields: str) -> Iterator[str]:
    for row in rows.values(*fields).annotate(n=Count("id")).filter(n__gt=1).order_by():
        yield ", ".join(f"{field} {row[field]}" for field in fields) + f": {row['n']} times"


def _keys_are_unique() -> Iterator[str]:
    yield from _doubled(PointsTransaction.objects.all(), "key")


def _holds_end_once() -> Iterator[str]:
    yield from _doubled(
        PointsTransaction.objects.filter(kind__in=["commit", "release"]), "related__public_id"
    )


def _returns_stay_within() -> Iterator[str]:
    for kind, account, origin in (("give_back", "redeemed", "commit"), ("claw_back", "clawback", "earn")):
        rows = PointsEntry.objects.filter(transaction__kind=kind, account=account)
        taken = rows.values_list("transaction__related").annotate(total=Sum("points")).order_by()
        for pk, total in taken:
            first = PointsTransaction.objects.get(pk=pk)
            wanted = "redeemed" if origin == "commit" else "issued"
            given = first.entries.filter(account=wanted).aggregate(total=Sum("points"))["total"] or 0
            if abs(total) > abs(given):
                yield f"{first.public_id}: {abs(total)} of {abs(given)} went back"


def _lots_are_used_in_their_time() -> Iterator[str]:
    used = LotMove.objects.filter(bucket="available", delta__lt=0).exclude(transaction__kind="expire")
    late = used.filter(transaction__effective_at__gt=F("lot__expires_at"))
    early = used.filter(transaction__effective_at__lt=F("lot__activates_at"))
    for name in (late | early).values_list("transaction__public_id", flat=True).distinct():
        yield f"{name}: uses a lot outside its life"


def _lots_expire_once() -> Iterator[str]:
    rows = LotMove.objects.filter(bucket="expired", transaction__kind="expire")
    for row in rows.values("lot").annotate(n=Count("id")).filter(n__gt=1).order_by():
        yield f"lot {row['lot']}: expired {row['n']} times"


def _sequences_have_no_gap() -> Iterator[str]:
    counted = Wallet.objects.annotate(
        n=Count("transactions"), top=Coalesce(Max("transactions__wallet_seq"), 0)
    )
    for row in counted.exclude(n=F("seq"), top=F("seq")):
        yield f"wallet {row.pk}: seq is {row.seq}, {row.n} transactions up to {row.top}"


CHECKS: dict[int, Check] = {
    1: _entries_balance,
    2: _balances_are_sums,
    3: _lots_hold_the_balances,
    4: _no_bucket_is_negative,
    5: _debt_is_paid_first,
    6: _accounts_sum_to_zero,
    7: _lots_are_whole,
    8: _keys_are_unique,
    9: _holds_end_once,
    10: _returns_stay_within,
    11: _lots_are_used_in_their_time,
    13: _lots_expire_once,
    14: _sequences_have_no_gap,
    15: broken_chains,
    17: differing_wallets,
}


def ledger_findings(*, tell: Callable[[int, int], None] = lambda *_: None) -> list[Finding]:
    """Everything about the ledger that is not as it must be; an empty list is what one wants."""
    found: list[Finding] = []
    for done, (number, check) in enumerate(CHECKS.items(), start=1):
        found += [Finding(number, text) for text in check()]
        tell(done, len(CHECKS))
    return found


def heads_at(at: datetime) -> dict[str, str]:
    """The newest hash of every wallet: keep it elsewhere, and a tail that is cut off later is seen."""
    rows = Wallet.objects.filter(seq__gt=0).order_by("pk")
    return {"at": at.isoformat()} | {
        f"{pk}:{seq}": head for pk, seq, head in rows.values_list("pk", "seq", "head_hash")
    }
