"""Transactions as the rules see them."""

from collections import defaultdict
from collections.abc import Sequence

from shuke.apps.loyalty.models import PointsEntry, PointsLot
from shuke.apps.loyalty.queries.states import moves_of
from shuke.apps.loyalty.rules.postings import Account, NewLot, Posting
from shuke.platform.batches import in_batches


class StoredPosting(Posting):
    """A posting as its rows have it: what is wrong with it is for the checks to say."""

    def __post_init__(self) -> None:
        """Rows are read as they are."""


def postings_of(transaction_ids: Sequence[int]) -> dict[int, Posting]:
    """The postings that the rows of transactions hold, by the transaction's database key."""
    found: dict[int, Posting] = {}
    for keys in in_batches(transaction_ids):
        entries: dict[int, dict[Account, int]] = defaultdict(dict)
        amounts = PointsEntry.objects.filter(transaction_id__in=keys).order_by("pk")
        for pk, account, points in amounts.values_list("transaction_id", "account", "points"):
            entries[pk][account] = points
        lots: dict[int, list[NewLot]] = defaultdict(list)
        for lot in PointsLot.objects.filter(transaction_id__in=keys).order_by("number"):
            lots[lot.transaction_id].append(
                NewLot(lot.number, lot.points, lot.activates_at, lot.expires_at, lot.bucket)
            )
        moves = moves_of(list(keys))
        found |= {pk: StoredPosting(dict(entries[pk]), tuple(moves[pk]), tuple(lots[pk])) for pk in keys}
    return found
