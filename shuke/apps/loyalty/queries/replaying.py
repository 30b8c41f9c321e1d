"""The ledger replayed: every posting applied again to empty wallets must give today's lots and balances."""

from collections.abc import Iterator

from shuke.apps.loyalty.models import PointsTransaction, Wallet
from shuke.apps.loyalty.queries.postings import postings_of
from shuke.apps.loyalty.queries.states import states_of
from shuke.apps.loyalty.rules.wallet import WalletState
from shuke.platform.batches import in_batches


def differing_wallets() -> Iterator[str]:
    """Wallets whose replay differs from their rows."""
    for keys in in_batches(Wallet.objects.order_by("pk").values_list("pk", flat=True)):
        wallets = list(Wallet.objects.filter(pk__in=keys))
        stored, _, _ = states_of(wallets)
        replayed = {wallet.pk: WalletState() for wallet in wallets}
        rows = PointsTransaction.objects.filter(wallet_id__in=keys).order_by("wallet_id", "wallet_seq")
        names = list(rows.values_list("pk", "wallet_id", "public_id"))
        postings = postings_of([pk for pk, _, _ in names])
        wrong: dict[int, str] = {}
        for pk, wallet_id, public_id in names:
            try:
                if wallet_id not in wrong:
                    replayed[wallet_id].apply(postings[pk])
            except (KeyError, ValueError) as error:
                wrong[wallet_id] = f"{public_id} cannot be replayed: {error}"
        for pk in keys:
            if pk in wrong:
                yield f"wallet {pk}: {wrong[pk]}"
            elif _shape(replayed[pk]) != _shape(stored[pk]):
                yield f"wallet {pk}: replayed it has other lots or balances"


def _shape(state: WalletState) -> tuple[object, ...]:
    lots = {
        lot.number: (lot.points, lot.expires_at, {b: n for b, n in lot.buckets.items() if n})
        for lot in state.lots.values()
    }
    return lots, state.balances
