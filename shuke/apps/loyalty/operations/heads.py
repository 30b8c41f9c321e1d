"""Verifying the ledger and keeping what was seen: the result, and the head of every chain."""

from collections.abc import Callable, Mapping
from datetime import datetime

from django.db import transaction

from shuke.apps.loyalty.events import VerificationRequested
from shuke.apps.loyalty.models import LedgerHead, Verification
from shuke.apps.loyalty.queries.verification import CHECKS, Look, look_at_ledger
from shuke.apps.loyalty.queries.verification.reading import count_anew
from shuke.apps.loyalty.queries.verifications import verification_view
from shuke.apps.loyalty.schemas.care import VerificationView
from shuke.platform.audit.operations import record_audit
from shuke.platform.batches import in_batches
from shuke.platform.events import emit
from shuke.platform.permissions import Actor

#: Of so many verifications the results are kept.
KEPT = 400


def verify_ledger(
    *,
    actor: Actor,
    clock: Callable[[], datetime],
    is_full: bool = True,
    exported: Mapping[str, str] | None = None,
    tell: Callable[[int, int], None] = lambda *_: None,
) -> VerificationView:
    """Run all checks and keep the result; the heads too, so that the next look can go on from them.

    ``exported`` are heads that were kept elsewhere.  Heads are kept only of a ledger that nothing is wrong
    with: what is broken stays to be found.  Safe to kill and to run twice.
    """
    started_at = clock()
    count_anew()
    look = look_at_ledger(is_full=is_full, exported=exported, tell=tell)
    with transaction.atomic():
        row = Verification.objects.create(
            started_at=started_at,
            finished_at=clock(),
            is_full=is_full,
            started_by=actor.name,
            wallets=look.wallets,
            wallets_looked_at=look.wallets_looked_at,
            transactions=look.transactions,
            findings=look.found,
            results=_results(look),
            heads_digest=look.heads_digest,
        )
        if look.is_ledger_whole:
            _keep_heads(look, at=row.finished_at)
        old = Verification.objects.order_by("-pk").values_list("pk", flat=True)[KEPT:]
        Verification.objects.filter(pk__in=list(old)).delete()
    return verification_view(row)


@transaction.atomic
def ask_for_verification(*, actor: Actor, at: datetime) -> None:
    """Let the whole ledger be verified in the background, soon."""
    actor.require("loyalty.edit")
    record_audit(actor=actor, at=at, verb="ledger.checked", subject=("ledger", ""), changes={})
    emit(VerificationRequested(actor.name, at))


def _results(look: Look) -> list[dict[str, object]]:
    return [
        {
            "check": result.check,
            "found": result.found,
            "examples": list(result.examples),
            "seconds": round(result.seconds, 3),
        }
        for result in look.results
        if result.check in CHECKS
    ]


def _keep_heads(look: Look, *, at: datetime) -> None:
    """Write down the heads that moved on.  One that a rival look has set further is not set back."""
    known = {pk: (seq, head) for pk, seq, head in LedgerHead.objects.values_list("wallet_id", "seq", "hash")}
    moved = {pk: head for pk, head in look.heads.items() if known.get(pk, (0, ""))[0] < head[0]}
    for batch in in_batches(moved.items(), 2000):
        rows = [LedgerHead(wallet_id=pk, seq=seq, hash=head, verified_at=at) for pk, (seq, head) in batch]
        LedgerHead.objects.bulk_create(
            rows,
            update_conflicts=True,
            unique_fields=["wallet"],
            update_fields=["seq", "hash", "verified_at"],
        )
