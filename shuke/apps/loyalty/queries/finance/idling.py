"""Points that end when their members stay away: how many, and on which day by what is known."""

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import date, datetime
from zoneinfo import ZoneInfo

from django.db.models import Exists, OuterRef, Sum

from shuke.apps.loyalty.models import LotMove, PointsLot, PointsTransaction, PointsType, Wallet
from shuke.apps.loyalty.queries.finance.passing import Passed
from shuke.apps.loyalty.rules.activity import active_after
from shuke.apps.loyalty.rules.expiry import Expiry
from shuke.apps.loyalty.rules.postings import REMAINING
from shuke.platform.batches import in_batches


def idle_ends(kind: PointsType, *, at: datetime, time_zone: str, passed: Sequence[Passed]) -> Counter[date]:
    """Open points by the day they would end if their members were never active after ``at``.

    Only points without an end of their own, in types whose points end with inactivity; lots are counted as of ``at``
    (as ``cohorts.cohorts``), and so is the last activity.  Every sign of life moves the day on.
    """
    expiry, found = Expiry(**kind.expiry), Counter[date]()
    if expiry.policy != "inactivity":
        return found
    zone, open_points = ZoneInfo(time_zone), _open_points(kind.pk, at=at, passed=passed)
    for wallet, active_at in _last_activity(sorted(open_points), at=at):
        end = expiry.end_of_wallet(active_at, time_zone=time_zone)
        if end is not None:
            found[end.astimezone(zone).date()] += open_points[wallet]
    return Counter({day: points for day, points in found.items() if points})


def _open_points(points_type_id: int, *, at: datetime, passed: Sequence[Passed]) -> dict[int, int]:
    """By wallet, what is open in lots without an end of their own."""
    known = {"transaction__wallet__points_type_id": points_type_id, "transaction__recorded_at__lte": at}
    lots = PointsLot.objects.filter(**known, expires_at=None).values_list("transaction__wallet_id")
    found: Counter[int] = Counter(dict(lots.annotate(total=Sum("points")).order_by()))
    moves = LotMove.objects.filter(**known, lot__expires_at=None).exclude(bucket__in=REMAINING)
    found.subtract(dict(moves.values_list("transaction__wallet_id").annotate(total=Sum("delta")).order_by()))
    for item in passed:
        found[item.wallet] -= sum(gone.points for gone in item.gone if gone.expires_at is None)
    return {wallet: points for wallet, points in found.items() if points}


def _last_activity(wallets: Sequence[int], *, at: datetime) -> Iterator[tuple[int, datetime | None]]:
    """When the members of wallets were last active, by what was recorded until ``at``."""
    for keys in in_batches(wallets):
        rows = dict(Wallet.objects.filter(pk__in=keys).values_list("pk", "active_at"))
        later = Wallet.objects.filter(pk__in=keys, recorded_at__gt=at).values_list("pk", flat=True)
        rows.update(dict.fromkeys(later))
        facts = PointsTransaction.objects.filter(
            wallet__in=keys, wallet__recorded_at__gt=at, effective_at__lte=at, recorded_at__lte=at
        ).annotate(made=Exists(PointsLot.objects.filter(transaction=OuterRef("pk"))))
        columns = ("wallet_id", "kind", "source", "effective_at", "made")
        for wallet, kind, source, moment, made in facts.order_by("wallet_id", "wallet_seq").values_list(
            *columns
        ):
            rows[wallet] = active_after(rows[wallet], kind=kind, source=source, at=moment, has_new_lots=made)
        yield from rows.items()
