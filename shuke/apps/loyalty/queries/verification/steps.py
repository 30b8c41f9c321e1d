"""Checks of what follows what: debts, keys, holds, returns and the order of postings."""

from collections.abc import Iterator, Sequence

from django.db.models import Count, F, Max, Q
from django.db.models.functions import Coalesce

from shuke.apps.loyalty.models import PointsTransaction, Wallet
from shuke.apps.loyalty.queries.verification.reading import rows_of

Wallets = Sequence[int] | None


def debt_is_paid_first(_wallets: Wallets) -> Iterator[str]:
    """5: available is never below zero; debt comes from a return or a merge, and then nothing is available."""
    wrong = Q(available__lt=0) | Q(debt__gt=0) | (Q(debt__lt=0) & Q(available__gt=0))
    for row in Wallet.objects.filter(wrong):
        yield f"wallet {row.pk}: available {row.available}, debt {row.debt}"
    sql = """
        SELECT t.public_id, t.kind, e.points FROM loyalty_pointsentry e
        JOIN loyalty_pointstransaction t ON t.id = e.transaction_id
        WHERE e.account = 'debt' AND e.points < 0
              AND t.kind NOT IN ('claw_back', 'reverse', 'merge_in', 'unmerge_in', 'unmerge_out')
    """
    for public_id, kind, points in rows_of(sql):
        yield f"{public_id}: {kind} leaves a debt of {-points}"


def keys_are_unique(_wallets: Wallets) -> Iterator[str]:
    """8: one key, one transaction."""
    rows = PointsTransaction.objects.values("key").annotate(n=Count("id")).filter(n__gt=1)
    for row in rows.order_by("key"):
        yield f"key {row['key']}: {row['n']} transactions"


def holds_end_once(_wallets: Wallets) -> Iterator[str]:
    """9: a hold is committed or released at most once, and open until then."""
    sql = """
        SELECT made.public_id, h.is_open, COALESCE(ends.n, 0) FROM loyalty_pointshold h
        JOIN loyalty_pointstransaction made ON made.id = h.transaction_id
        LEFT JOIN (
            SELECT related_id, COUNT(*) AS n FROM loyalty_pointstransaction
            WHERE kind IN ('commit', 'release') GROUP BY related_id
        ) ends ON ends.related_id = h.transaction_id
        WHERE COALESCE(ends.n, 0) > 1 OR h.is_open = (COALESCE(ends.n, 0) > 0)
    """
    for public_id, is_open, count in rows_of(sql):
        yield f"hold {public_id}: {'open' if is_open else 'closed'}, ended {count} times"


def returns_stay_within(_wallets: Wallets) -> Iterator[str]:
    """10: what was given back is no more than was spent, what was taken back no more than was earned."""
    sql = """
        SELECT first.public_id, back.points, COALESCE(ABS(origin.points), 0) FROM (
            SELECT t.related_id, e.account, ABS(SUM(e.points)) AS points
            FROM loyalty_pointstransaction t JOIN loyalty_pointsentry e ON e.transaction_id = t.id
            WHERE (t.kind = 'give_back' AND e.account = 'redeemed')
               OR (t.kind = 'claw_back' AND e.account = 'clawback')
            GROUP BY t.related_id, e.account
        ) back
        LEFT JOIN loyalty_pointstransaction first ON first.id = back.related_id
        LEFT JOIN loyalty_pointsentry origin ON origin.transaction_id = back.related_id
            AND origin.account = CASE back.account WHEN 'redeemed' THEN 'redeemed' ELSE 'issued' END
        WHERE back.points > COALESCE(ABS(origin.points), 0)
    """
    for public_id, points, origin in rows_of(sql):
        yield f"{public_id}: {points} of {origin} went back"


def sequences_have_no_gap(_wallets: Wallets) -> Iterator[str]:
    """14: the places of a wallet's transactions run 1, 2, 3 without a gap."""
    counted = Wallet.objects.annotate(
        n=Count("transactions"), top=Coalesce(Max("transactions__wallet_seq"), 0)
    )
    for row in counted.exclude(n=F("seq"), top=F("seq")):
        yield f"wallet {row.pk}: seq is {row.seq}, {row.n} transactions up to {row.top}"
