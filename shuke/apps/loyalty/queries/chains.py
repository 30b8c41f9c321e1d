"""The hash chains, recomputed from the rows."""

from collections.abc import Iterator, Mapping, Sequence

from shuke.apps.loyalty.models import LedgerHead, PointsTransaction, Wallet
from shuke.apps.loyalty.queries.postings import postings_of
from shuke.apps.loyalty.queries.states import hashed_body
from shuke.apps.loyalty.rules.chain import GENESIS, chained
from shuke.platform.batches import in_batches

#: Wallets whose transactions are held in memory at once.
WALLETS = 200


def broken_chains(wallets: Sequence[int] | None = None) -> Iterator[str]:
    """Wallets whose transactions do not hash to their head, with the first one that is wrong.

    ``None`` looks at every transaction of every wallet; of the given ones only at what came after the head
    that was last verified, which ``lost_heads`` answers for.
    """
    all_wallets = Wallet.objects.order_by("pk").values_list("pk", flat=True)
    for keys in in_batches(all_wallets if wallets is None else wallets, WALLETS):
        heads = {row.pk: row.head_hash for row in Wallet.objects.filter(pk__in=keys)}
        starts = {} if wallets is None else _verified(keys)
        previous = {pk: starts.get(pk, (0, GENESIS))[1] for pk in keys}
        broken: set[int] = set()
        rows = PointsTransaction.objects.filter(wallet_id__in=keys).select_related("related")
        transactions = [
            row
            for row in rows.order_by("wallet_id", "wallet_seq")
            if row.wallet_seq > starts.get(row.wallet_id, (0, ""))[0]
        ]
        postings = postings_of([row.pk for row in transactions])
        for row in transactions:
            expected = chained(
                previous[row.wallet_id], hashed_body(row, postings[row.pk]), version=row.hash_version
            )
            is_right = row.previous_hash == previous[row.wallet_id] and row.hash == expected
            if not is_right and row.wallet_id not in broken:
                broken.add(row.wallet_id)
                yield f"wallet {row.wallet_id}: {row.public_id} (number {row.wallet_seq}) was changed"
            previous[row.wallet_id] = row.hash
        for pk, head in heads.items():
            if pk not in broken and previous[pk] != head:
                yield f"wallet {pk}: the chain does not end in its head"


def _verified(wallets: Sequence[int]) -> dict[int, tuple[int, str]]:
    rows = LedgerHead.objects.filter(wallet_id__in=wallets).values_list("wallet_id", "seq", "hash")
    return {pk: (seq, head) for pk, seq, head in rows}


def lost_heads() -> Iterator[str]:
    """Heads that were verified before and that the ledger does not have any more."""
    heads = LedgerHead.objects.order_by("wallet_id").values_list("wallet_id", "seq", "hash")
    for batch in in_batches(heads.iterator(chunk_size=1000), 1000):
        yield from missing_heads({f"{pk}:{seq}": head for pk, seq, head in batch})


def missing_heads(exported: Mapping[str, str]) -> list[str]:
    """Heads that were exported before and that the ledger does not have any more: a tail was cut off."""
    found = []
    for names in in_batches((name for name in exported if ":" in name), 1000):
        wanted = {}
        for name in names:
            wallet, _, seq = name.partition(":")
            if wallet.isdecimal() and seq.isdecimal():
                wanted[int(wallet), int(seq)] = exported[name]
        rows = PointsTransaction.objects.filter(
            wallet_id__in={wallet for wallet, _ in wanted}, hash__in=set(wanted.values())
        )
        kept = {(w, seq): head for w, seq, head in rows.values_list("wallet_id", "wallet_seq", "hash")}
        found += [
            f"wallet {wallet}: transaction number {seq} is gone or was changed"
            for (wallet, seq), head in sorted(wanted.items())
            if kept.get((wallet, seq)) != head
        ]
    return found
