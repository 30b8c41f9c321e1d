"""Checks that add up: transactions, balances, the trial balance, what was answered, and the liability."""

from collections.abc import Iterator, Sequence

from django.db import connection

from shuke.apps.loyalty.queries.verification.reading import of_wallets, rows_of

Wallets = Sequence[int] | None


def entries_balance(_wallets: Wallets) -> Iterator[str]:
    """1: each transaction sums to 0 and has two entries or more, none zero."""
    sql = """
        SELECT t.public_id, COUNT(e.id), COALESCE(SUM(e.points), 0)
        FROM loyalty_pointstransaction t LEFT JOIN loyalty_pointsentry e ON e.transaction_id = t.id
        GROUP BY t.id, t.public_id
        HAVING COUNT(e.id) < 2 OR SUM(e.points) <> 0 OR SUM(CASE WHEN e.points = 0 THEN 1 ELSE 0 END) > 0
    """
    for public_id, count, total in rows_of(sql):
        yield f"{public_id}: {count} entries that sum to {total}"


def balances_are_sums(_wallets: Wallets) -> Iterator[str]:
    """2: each cached balance is the sum of its entries, and what a lot says is left that of its moves."""
    sums = """
        SELECT w.id, w.pending, w.available, w.held, w.debt, COALESCE(s.pending, 0),
               COALESCE(s.available, 0), COALESCE(s.held, 0), COALESCE(s.debt, 0)
        FROM loyalty_wallet w LEFT JOIN (
            SELECT t.wallet_id, SUM(CASE WHEN e.account = 'pending' THEN e.points ELSE 0 END) AS pending,
                   SUM(CASE WHEN e.account = 'available' THEN e.points ELSE 0 END) AS available,
                   SUM(CASE WHEN e.account = 'held' THEN e.points ELSE 0 END) AS held,
                   SUM(CASE WHEN e.account = 'debt' THEN e.points ELSE 0 END) AS debt
            FROM loyalty_pointsentry e JOIN loyalty_pointstransaction t ON t.id = e.transaction_id
            GROUP BY t.wallet_id
        ) s ON s.wallet_id = w.id
        WHERE w.pending <> COALESCE(s.pending, 0) OR w.available <> COALESCE(s.available, 0)
           OR w.held <> COALESCE(s.held, 0) OR w.debt <> COALESCE(s.debt, 0)
    """
    for pk, *amounts in rows_of(sums):
        yield f"wallet {pk}: its balances are {amounts[:4]}, its entries sum to {amounts[4:]}"
    yield from _lots_say_what_is_left()


def _lots_say_what_is_left() -> Iterator[str]:
    sql = """
        SELECT * FROM (
            SELECT lot.id, lot.is_open, lot.pending, lot.available, lot.held,
                   COALESCE(s.pending, 0) + CASE WHEN lot.bucket = 'pending' THEN lot.points ELSE 0 END AS p,
                   COALESCE(s.available, 0)
                       + CASE WHEN lot.bucket = 'available' THEN lot.points ELSE 0 END AS a,
                   COALESCE(s.held, 0) + CASE WHEN lot.bucket = 'held' THEN lot.points ELSE 0 END AS h
            FROM loyalty_pointslot lot LEFT JOIN (
                SELECT lot_id, SUM(CASE WHEN bucket = 'pending' THEN delta ELSE 0 END) AS pending,
                       SUM(CASE WHEN bucket = 'available' THEN delta ELSE 0 END) AS available,
                       SUM(CASE WHEN bucket = 'held' THEN delta ELSE 0 END) AS held
                FROM loyalty_lotmove GROUP BY lot_id
            ) s ON s.lot_id = lot.id
        ) lots
        WHERE pending <> p OR available <> a OR held <> h OR is_open <> (pending + available + held > 0)
    """
    for pk, _is_open, *left in rows_of(sql):
        yield f"lot {pk}: it says that {left[:3]} are left, its moves leave {left[3:]}"


def lots_hold_the_balances(_wallets: Wallets) -> Iterator[str]:
    """3: what remains in a wallet's lots is what its entries sum to, bucket by bucket."""
    sql = """
        SELECT wallet_id, account, SUM(entered), SUM(lying) FROM (
            SELECT t.wallet_id, e.account, SUM(e.points) AS entered, 0 AS lying
            FROM loyalty_pointsentry e JOIN loyalty_pointstransaction t ON t.id = e.transaction_id
            WHERE e.account IN ('pending', 'available', 'held') GROUP BY t.wallet_id, e.account
            UNION ALL
            SELECT wallet_id, bucket, 0, SUM(points) FROM loyalty_pointslot
            WHERE bucket IN ('pending', 'available', 'held') GROUP BY wallet_id, bucket
            UNION ALL
            SELECT lot.wallet_id, move.bucket, 0, SUM(move.delta)
            FROM loyalty_lotmove move JOIN loyalty_pointslot lot ON lot.id = move.lot_id
            WHERE move.bucket IN ('pending', 'available', 'held') GROUP BY lot.wallet_id, move.bucket
        ) parts GROUP BY wallet_id, account HAVING SUM(entered) <> SUM(lying) ORDER BY wallet_id, account
    """
    for pk, account, entered, lying in rows_of(sql):
        yield f"wallet {pk}: {account} is {entered} by its entries, its lots hold {lying}"


def accounts_sum_to_zero(_wallets: Wallets) -> Iterator[str]:
    """6: all accounts sum to 0, entries without a transaction too."""
    for (total,) in rows_of("SELECT COALESCE(SUM(points), 0) FROM loyalty_pointsentry"):
        if total:
            yield f"all entries sum to {total}"


def answers_stand(wallets: Wallets) -> Iterator[str]:
    """16: what was answered at a posting is what its entries and those before it sum to.

    And nothing was slipped in before what was known: a wallet's times of recording never go back, and
    nothing counts before it was recorded.  So a balance as of a past moment is what was answered then.
    """
    sql = """
        SELECT public_id FROM (
            SELECT t.public_id, t.recorded_at, t.effective_at,
                   LAG(t.recorded_at) OVER past AS before, {told},
                   SUM(COALESCE(s.pending, 0)) OVER past AS pending,
                   SUM(COALESCE(s.available, 0)) OVER past AS available,
                   SUM(COALESCE(s.held, 0)) OVER past AS held,
                   SUM(COALESCE(s.debt, 0)) OVER past AS debt
            FROM (SELECT * FROM loyalty_pointstransaction WHERE {wallets}) t LEFT JOIN (
                SELECT e.transaction_id,
                       SUM(CASE WHEN e.account = 'pending' THEN e.points ELSE 0 END) AS pending,
                       SUM(CASE WHEN e.account = 'available' THEN e.points ELSE 0 END) AS available,
                       SUM(CASE WHEN e.account = 'held' THEN e.points ELSE 0 END) AS held,
                       SUM(CASE WHEN e.account = 'debt' THEN e.points ELSE 0 END) AS debt
                FROM loyalty_pointsentry e GROUP BY e.transaction_id
            ) s ON s.transaction_id = t.id
            WINDOW past AS (PARTITION BY t.wallet_id ORDER BY t.wallet_seq)
        ) told
        WHERE pending <> told_pending OR available <> told_available OR held <> told_held OR debt <> told_debt
           OR recorded_at < before OR effective_at > recorded_at
    """
    for (public_id,) in of_wallets(sql.replace("{told}", _told()), wallets):
        yield f"{public_id}: the balances or times of its answer are not those of the ledger"


def _told() -> str:
    """The answered balances as columns; one that is missing is like no balance."""
    said = "CAST(t.balances ->> '{0}' AS bigint)"
    if connection.vendor == "sqlite":
        said = "json_extract(t.balances, '$.{0}')"
    names = ("pending", "available", "held", "debt")
    return ", ".join(f"COALESCE({said.format(name)}, -9999) AS told_{name}" for name in names)


def liability_rolls_forward(_wallets: Wallets) -> Iterator[str]:
    """18: opening + issued − redeemed − breakage − clawback ± adjustment ± transfer = closing, each month.

    The left side is what the programme's accounts say, the right one what lies in the members' lots less
    what they owe; months are those of UTC (the equation holds for any cut of time).
    """
    sql = """
        SELECT k.code, month, SUM(said), SUM(lying) FROM (
            SELECT w.points_type_id, substr(CAST(t.effective_at AS text), 1, 7) AS month,
                   SUM(CASE WHEN e.account = 'debt' THEN 0 ELSE -e.points END) AS said,
                   SUM(CASE WHEN e.account = 'debt' THEN e.points ELSE 0 END) AS lying
            FROM loyalty_pointsentry e
            JOIN loyalty_pointstransaction t ON t.id = e.transaction_id
            JOIN loyalty_wallet w ON w.id = t.wallet_id
            WHERE e.account NOT IN ('pending', 'available', 'held') GROUP BY 1, 2
            UNION ALL
            SELECT w.points_type_id, substr(CAST(t.effective_at AS text), 1, 7), 0, SUM(lot.points)
            FROM loyalty_pointslot lot
            JOIN loyalty_pointstransaction t ON t.id = lot.transaction_id
            JOIN loyalty_wallet w ON w.id = lot.wallet_id
            WHERE lot.bucket IN ('pending', 'available', 'held') GROUP BY 1, 2
            UNION ALL
            SELECT w.points_type_id, substr(CAST(t.effective_at AS text), 1, 7), 0, SUM(move.delta)
            FROM loyalty_lotmove move
            JOIN loyalty_pointstransaction t ON t.id = move.transaction_id
            JOIN loyalty_wallet w ON w.id = t.wallet_id
            WHERE move.bucket IN ('pending', 'available', 'held') GROUP BY 1, 2
        ) parts JOIN loyalty_pointstype k ON k.id = parts.points_type_id
        GROUP BY k.code, month HAVING SUM(said) <> SUM(lying) ORDER BY k.code, month
    """
    for code, month, said, lying in rows_of(sql):
        yield f"{code}, {month}: the accounts say {said}, the members' lots changed by {lying}"
