"""The nightly hand: posts what time has made of wallets that nobody touched."""

from collections.abc import Callable
from datetime import datetime

from django.db import transaction

from shuke.apps.loyalty.models import Wallet
from shuke.apps.loyalty.operations.book import Ledger

#: Wallets per database transaction.
BATCH = 200


def settle_wallets(*, at: datetime, tell: Callable[[int, int], None] = lambda *_: None) -> int:
    """Settle every wallet that something is due for; returns how many.  Safe to kill and to run twice."""
    # A lot lives through its last moment, so what is due at this very moment is left to the next run.
    due = Wallet.objects.filter(due_at__lt=at)
    total, done = due.count(), 0
    while keys := list(due.order_by("due_at", "pk").values_list("pk", flat=True)[:BATCH]):
        with transaction.atomic():
            ledger = Ledger()
            for book in ledger.open(keys):
                book.settle(at)
            ledger.flush()
        done += len(keys)
        tell(done, total)
    return done
