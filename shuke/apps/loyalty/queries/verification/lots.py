"""Checks of lots: their buckets, their time, and the order in which they are used."""

from collections.abc import Iterator, Sequence

from django.db.models import Count, F

from shuke.apps.loyalty.models import LotMove
from shuke.apps.loyalty.queries.verification.reading import of_wallets, rows_of

Wallets = Sequence[int] | None


def no_bucket_is_negative(_wallets: Wallets) -> Iterator[str]:
    """4: no bucket of a lot is below zero, nor was at any moment."""
    sql = """
        SELECT lot_id, bucket, MIN(there) FROM (
            SELECT lot_id, bucket, SUM(SUM(delta)) OVER (PARTITION BY lot_id, bucket ORDER BY seq) AS there
            FROM ({changes}) changes GROUP BY lot_id, bucket, seq
        ) amounts WHERE there < 0 GROUP BY lot_id, bucket ORDER BY lot_id, bucket
    """
    for lot, bucket, points in rows_of(sql):
        yield f"lot {lot}: {bucket} is {points}"


def lots_are_whole(_wallets: Wallets) -> Iterator[str]:
    """7: the points of a lot are the sum over its buckets: every move takes from one what it puts into another."""
    sql = """
        SELECT lot_id, SUM(delta) FROM loyalty_lotmove GROUP BY lot_id HAVING SUM(delta) <> 0 ORDER BY lot_id
    """
    for lot, total in rows_of(sql):
        yield f"lot {lot}: its buckets hold {total:+} points that it did not have"


def lots_are_used_in_their_time(_wallets: Wallets) -> Iterator[str]:
    """11: no lot is used before it is active or after its end."""
    used = LotMove.objects.filter(bucket="available", delta__lt=0).exclude(transaction__kind="expire")
    late = used.filter(transaction__effective_at__gt=F("lot__expires_at"))
    early = used.filter(transaction__effective_at__lt=F("lot__activates_at"))
    for name in (late | early).values_list("transaction__public_id", flat=True).distinct():
        yield f"{name}: uses a lot outside its life"


def first_to_end_is_used_first(wallets: Wallets) -> Iterator[str]:
    """12: no posting that spends took from a lot while another one that ends sooner had points (FEFO).

    Each lot's available points are known from one change to the next; what spends is set against them.
    """
    sql = """
        WITH there AS (
            SELECT lot_id, wallet_id, seq,
                   SUM(SUM(delta)) OVER (PARTITION BY lot_id ORDER BY seq) AS points,
                   LEAD(seq) OVER (PARTITION BY lot_id ORDER BY seq) AS next_seq
            FROM ({changes}) changes WHERE bucket = 'available' AND {wallets}
            GROUP BY lot_id, wallet_id, seq
        ), passed_over AS (
            SELECT there.wallet_id, there.seq, there.next_seq, lot.id, lot.number, lot.expires_at
            FROM there JOIN loyalty_pointslot lot ON lot.id = there.lot_id WHERE there.points > 0
        )
        SELECT DISTINCT t.public_id, used.number, passed_over.number
        FROM loyalty_pointstransaction t
        JOIN loyalty_lotmove move ON move.transaction_id = t.id
             AND move.bucket = 'available' AND move.delta < 0
        JOIN loyalty_pointslot used ON used.id = move.lot_id
        JOIN passed_over ON passed_over.wallet_id = t.wallet_id AND passed_over.id <> used.id
             AND passed_over.seq <= t.wallet_seq
             AND (passed_over.next_seq IS NULL OR passed_over.next_seq > t.wallet_seq)
        WHERE t.kind IN ('hold', 'commit', 'adjust', 'transfer_out')
          AND (passed_over.expires_at < used.expires_at
               OR (passed_over.expires_at IS NOT NULL AND used.expires_at IS NULL)
               OR ((passed_over.expires_at = used.expires_at
                    OR (passed_over.expires_at IS NULL AND used.expires_at IS NULL))
                   AND passed_over.number < used.number))
    """
    for name, used, passed_over in of_wallets(sql, wallets):
        yield f"{name}: took from lot {used} while lot {passed_over}, which ends sooner, had points"


def lots_expire_once(_wallets: Wallets) -> Iterator[str]:
    """13: a lot expires at most once; points that come back later have an ending of their own kind."""
    rows = LotMove.objects.filter(bucket="expired", transaction__kind="expire")
    for row in rows.values("lot").annotate(n=Count("id")).filter(n__gt=1).order_by("lot"):
        yield f"lot {row['lot']}: expired {row['n']} times"
