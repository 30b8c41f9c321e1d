"""The ledger replayed: every posting applied again to empty wallets must give today's lots and balances."""

from collections.abc import Iterator, Sequence
from datetime import datetime

from shuke.apps.loyalty.models import PointsTransaction, Wallet
from shuke.apps.loyalty.queries.postings import postings_of
from shuke.apps.loyalty.queries.states import end_of_wallet, ends_with_inactivity, states_of
from shuke.apps.loyalty.rules.activity import active_after
from shuke.apps.loyalty.rules.postings import WALLET_ACCOUNTS, Lot, Posting
from shuke.apps.loyalty.rules.wallet import WalletState, next_due_at
from shuke.platform.batches import in_batches

#: Wallets whose transactions are held in memory at once.
WALLETS = 200


def differing_wallets(wallets: Sequence[int] | None = None) -> Iterator[str]:
    """Wallets whose replay differs from what their rows add up to, or from what the next posting relies on.

    That is: their lots, bucket by bucket; the number of the newest lot; and when time will next make
    something of them.  That cached balances are sums is another check's matter, and so is that no bucket is
    below zero: each check stands for itself.
    """
    all_wallets = Wallet.objects.order_by("pk").values_list("pk", flat=True)
    for keys in in_batches(all_wallets if wallets is None else wallets, WALLETS):
        rows = list(Wallet.objects.select_related("points_type").filter(pk__in=keys).order_by("pk"))
        stored, _, _ = states_of(rows)
        replayed, wrong, active = _replayed(keys)
        for wallet in rows:
            pk = wallet.pk
            again = replayed[pk]
            again.holds = stored[pk].holds
            last = active.get(pk) if ends_with_inactivity(wallet) else None
            again.ends_at = end_of_wallet(wallet, last)
            if pk in wrong:
                yield f"wallet {pk}: {wrong[pk]}"
            elif _lots(again) != _lots(stored[pk]):
                yield f"wallet {pk}: replayed it has other lots"
            elif again.newest_lot != wallet.newest_lot:
                yield f"wallet {pk}: its newest lot is {again.newest_lot}, not {wallet.newest_lot}"
            elif last != wallet.active_at:
                yield f"wallet {pk}: its member was last active at {_said(last)}, not at {_said(wallet.active_at)}"
            elif (due := next_due_at(again)) != wallet.due_at:
                yield f"wallet {pk}: something is due at {_said(due)}, not at {_said(wallet.due_at)}"


def _replayed(
    keys: Sequence[int],
) -> tuple[dict[int, WalletState], dict[int, str], dict[int, datetime | None]]:
    """Of each wallet after all its postings: the state, what is wrong if they cannot be replayed, the last activity."""
    states = {pk: WalletState() for pk in keys}
    rows = PointsTransaction.objects.filter(wallet_id__in=keys).order_by("wallet_id", "wallet_seq")
    names = list(rows.values_list("pk", "wallet_id", "public_id", "kind", "source", "effective_at"))
    postings = postings_of([pk for pk, *_ in names])
    wrong: dict[int, str] = {}
    active: dict[int, datetime | None] = {}
    for pk, wallet_id, public_id, kind, source, at in names:
        posting = postings[pk]
        active[wallet_id] = active_after(
            active.get(wallet_id), kind=kind, source=source, at=at, has_new_lots=bool(posting.new_lots)
        )
        try:
            _apply(states[wallet_id], posting)
        except KeyError as error:
            wrong.setdefault(wallet_id, f"{public_id} moves lot {error}, which is not there yet")
    return states, wrong, active


def _apply(state: WalletState, posting: Posting) -> None:
    """As ``WalletState.apply``, but it takes what is impossible as it is."""
    for new in posting.new_lots:
        state.lots[new.number] = Lot(
            new.number, new.points, new.activates_at, new.expires_at, {new.bucket: new.points}
        )
        state.newest_lot = max(state.newest_lot, new.number)
    for move in posting.moves:
        buckets = state.lots[move.lot].buckets
        buckets[move.bucket] = buckets.get(move.bucket, 0) + move.delta
    for account in WALLET_ACCOUNTS:
        state.balances[account] += posting.entries.get(account, 0)


def _lots(state: WalletState) -> dict[int, object]:
    return {
        lot.number: (lot.points, lot.expires_at, {b: n for b, n in lot.buckets.items() if n})
        for lot in state.lots.values()
    }


def _said(moment: datetime | None) -> str:
    return moment.isoformat() if moment else "no time"
