"""The hash chains, recomputed from the rows."""

from collections.abc import Iterator, Mapping

from shuke.apps.loyalty.models import PointsTransaction, Wallet
from shuke.apps.loyalty.queries.postings import postings_of
from shuke.apps.loyalty.queries.states import hashed_body
from shuke.apps.loyalty.rules.chain import GENESIS, chained
from shuke.platform.batches import in_batches


def broken_chains() -> Iterator[str]:
    """Wallets whose transactions do not hash to their head, with the first one that is wrong."""
    for keys in in_batches(Wallet.objects.order_by("pk").values_list("pk", flat=True)):
        heads = {row.pk: row.head_hash for row in Wallet.objects.filter(pk__in=keys)}
        previous = dict.fromkeys(keys, GENESIS)
        broken: set[int] = set()
        rows = PointsTransaction.objects.filter(wallet_id__in=keys).select_related("related")
        transactions = list(rows.order_by("wallet_id", "wallet_seq"))
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


def missing_heads(exported: Mapping[str, str]) -> list[str]:
    """Heads that were exported before and that the ledger does not have any more: a tail was cut off."""
    found = []
    for name, head in exported.items():
        wallet, _, seq = name.partition(":")
        if seq and not PointsTransaction.objects.filter(wallet_id=wallet, wallet_seq=seq, hash=head).exists():
            found.append(f"wallet {wallet}: transaction number {seq} is gone or was changed")
    return found
