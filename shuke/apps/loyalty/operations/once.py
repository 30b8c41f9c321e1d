"""Doing a thing once: the frame of every posting."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from shuke.apps.loyalty.models import PointsTransaction, Wallet
from shuke.apps.loyalty.operations.book import Book, Ledger
from shuke.apps.loyalty.queries.statements import outcome_of
from shuke.apps.loyalty.queries.types import points_type_row
from shuke.apps.loyalty.rules.chain import request_hash
from shuke.apps.loyalty.rules.corrections import Irreversible
from shuke.apps.loyalty.rules.postings import Overdrawn, Shortfall
from shuke.apps.loyalty.schemas import PostingOutcome, Request
from shuke.apps.members.queries import member_refs
from shuke.platform.errors import NotFound, Refused


@dataclass(frozen=True)
class When:
    """The hash of the request, and its time, which is never before what the wallets have recorded."""

    digest: str
    at: datetime


#: Gets the ledger and the locked books in the order of the wallets asked for.
Act = Callable[[Ledger, Sequence[Book], When], PointsTransaction]


class IdempotencyConflict(Refused):
    """The key was used before, for another request."""


class PointsShort(Refused):
    """There are fewer points than needed."""


def wallet_id(member_id: str, *, points_type: str, at: datetime) -> int:
    """The wallet of a member, made at the first use.  Raises ``NotFound`` for an unknown member or type."""
    kind = points_type_row(points_type)
    ref = member_refs([member_id]).get(member_id)
    if ref is None:
        raise NotFound("member_not_found", _("There is no such member."), {"member_id": member_id})
    wallet, _made = Wallet.objects.get_or_create(
        member_id=ref.pk, points_type=kind, defaults={"created_at": at}
    )
    return wallet.pk


def once(
    request: Request, *, operation: str, details: Mapping[str, Any], wallets: Sequence[int], act: Act
) -> PostingOutcome:
    """Lock the wallets, give a repeated request its old answer, settle, act, write.

    Raises ``IdempotencyConflict``, ``PointsShort`` and other refusals; then nothing is changed.
    """
    digest = request_hash({"operation": operation, "source": request.source, **details})
    try:
        with transaction.atomic():
            ledger = Ledger()
            books = ledger.open(wallets)
            before = PointsTransaction.objects.filter(key=request.key).first()
            if before is not None:
                return _replayed(before, digest)
            at = max([request.at, *(book.wallet.recorded_at or request.at for book in books)])
            for book in books:
                book.settle(at)
            by_wallet = {book.wallet.pk: book for book in books}
            posted = act(ledger, [by_wallet[pk] for pk in wallets], When(digest, at))
            ledger.flush()
            return outcome_of(posted, outcome="created")
    except Shortfall as short:
        raise PointsShort(
            "points_insufficient",
            _("There are not enough points."),
            {"available": short.available, "needed": short.needed},
        ) from short
    except Overdrawn as over:
        raise Refused(
            "more_than_recorded",
            _("That is more than is left of the transaction."),
            {"left": over.left, "asked": over.asked},
        ) from over
    except Irreversible as error:
        raise Refused(
            "cannot_reverse", _("The points of this transaction were used meanwhile; adjust them instead.")
        ) from error
    except IntegrityError:
        # Another wallet's transaction took the key after we looked.
        taken = PointsTransaction.objects.filter(key=request.key).first()
        if taken is None:
            raise
        return _replayed(taken, digest)


def _replayed(before: PointsTransaction, digest: str) -> PostingOutcome:
    if before.request_hash != digest:
        raise IdempotencyConflict(
            "idempotency_conflict",
            _("This key was used for another request; use a new key for a new request."),
            {"transaction_id": before.public_id},
        )
    return outcome_of(before, outcome="replayed")
