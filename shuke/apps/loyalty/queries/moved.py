"""Where points of merged members have gone."""

from collections.abc import Iterable, Sequence

from shuke.apps.loyalty.models import PointsTransaction, Wallet
from shuke.apps.loyalty.queries.postings import postings_of
from shuke.apps.loyalty.rules.merging import passages
from shuke.apps.loyalty.rules.postings import Posting
from shuke.platform.batches import in_batches

#: The two postings of one merging of lots or of debt: what went out, what came in, with the transaction out.
Pair = tuple[PointsTransaction, Posting, Posting]


def merged_pairs(wallet: Wallet, *, merge: str) -> list[Pair]:
    """What a merge, and what followed it, has taken out of a wallet, newest first."""
    rows = PointsTransaction.objects.filter(wallet=wallet, kind="merge_out", source=merge)
    outs = list(rows.order_by("-wallet_seq"))
    came = PointsTransaction.objects.filter(related__in=outs, kind="merge_in")
    partner = dict(came.values_list("related_id", "pk"))
    postings = postings_of([row.pk for row in outs] + list(partner.values()))
    return [(row, postings[row.pk], postings[partner[row.pk]]) for row in outs]


def home_of(wallet: Wallet) -> Wallet:
    """Where the points of a wallet are now: itself, unless its member was merged."""
    while wallet.moved_to is not None:
        wallet = wallet.moved_to
    return wallet


def homes_of(wallet_ids: Iterable[int]) -> dict[int, int]:
    """Where the points of wallets of merged members are now, by key."""
    moved: dict[int, int] = {}
    for keys in in_batches(wallet_ids):
        rows = Wallet.objects.filter(pk__in=keys).select_related("moved_to")
        moved |= {wallet.pk: home_of(wallet).pk for wallet in rows}
    return moved


def lots_now(row: PointsTransaction) -> tuple[Wallet, list[int]]:
    """The wallet in which the lots that a transaction made are now, and their numbers there."""
    wallet = row.wallet
    numbers = list(row.lots.order_by("number").values_list("number", flat=True))
    while wallet.moved_to is not None:
        numbers = _arrived(wallet, numbers)
        wallet = wallet.moved_to
    return wallet, numbers


def _arrived(wallet: Wallet, numbers: Sequence[int]) -> list[int]:
    wanted = set(numbers)
    return sorted(
        part.arrived
        for _, out, came in merged_pairs(wallet, merge=wallet.moved_by)
        if came.new_lots
        for part in passages(out, came)
        if part.left in wanted
    )
