"""Doing a thing once: the frame of every posting."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from shuke.apps.loyalty.models import PointsTransaction, Wallet
from shuke.apps.loyalty.operations.book import Book, Ledger, Lots
from shuke.apps.loyalty.operations.merging import gather_wallet
from shuke.apps.loyalty.queries.moved import home_of
from shuke.apps.loyalty.queries.statements import outcome_of
from shuke.apps.loyalty.queries.types import points_type_row
from shuke.apps.loyalty.rules.chain import request_hash
from shuke.apps.loyalty.rules.corrections import Irreversible
from shuke.apps.loyalty.rules.postings import Overdrawn, Shortfall
from shuke.apps.loyalty.schemas import PostingOutcome, Request
from shuke.apps.members.queries import member_refs, survivor_of
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


def wallet_of(member_id: str, *, points_type: str, at: datetime, ledger: Ledger | None = None) -> Wallet:
    """The wallet of a member, or of who speaks for it, with its points type, made at the first use.

    It is looked for in the ``ledger`` first, if there is one that has it open.  Raises ``NotFound`` for an
    unknown member or type.
    """
    for book in ledger.books.values() if ledger else ():
        if (book.wallet.member.public_id, book.wallet.points_type.code) == (member_id, points_type):
            return home_of(book.wallet)
    rows = Wallet.objects.select_related("member", "points_type")
    found = rows.filter(member__public_id=member_id, points_type__code=points_type).first()
    if found is not None:
        return home_of(found)
    kind = points_type_row(points_type)
    if member_id not in member_refs([member_id]):
        raise NotFound("member_not_found", _("There is no such member."), {"member_id": member_id})
    (ref,) = member_refs([survivor_of(member_id)]).values()
    made, _is_new = Wallet.objects.get_or_create(
        member_id=ref.pk, points_type=kind, defaults={"created_at": at}
    )
    return made


def wallet_id(member_id: str, *, points_type: str, at: datetime) -> int:
    """The key of ``wallet_of``."""
    return wallet_of(member_id, points_type=points_type, at=at).pk


def digest_of(request: Request, *, operation: str, details: Mapping[str, Any]) -> str:
    """What tells this request from another one with the same key (64 hex)."""
    return request_hash({"operation": operation, "source": request.source, **details})


def once(
    request: Request,
    *,
    operation: str,
    details: Mapping[str, Any],
    wallets: Sequence[int],
    act: Act,
    lots: Lots = "whole",
    ledger: Ledger | None = None,
) -> PostingOutcome:
    """Lock the wallets, give a repeated request its old answer, settle, act, write.

    ``lots`` are those that ``act`` needs to know (``Ledger.open``).  ``ledger`` is that of a call with several
    steps, which any refusal of one undoes as a whole: this step needs no savepoint then.  Raises
    ``IdempotencyConflict``, ``PointsShort`` and other refusals; then nothing is changed.
    """
    digest = digest_of(request, operation=operation, details=details)

    def post(ledger: Ledger) -> PostingOutcome:
        books = ledger.open(wallets, lots="none")
        # After the lock, so that it sees what the one who had it before has written.
        before = PointsTransaction.objects.filter(key=request.key).first()
        if before is not None:
            return _replayed(before, digest)
        ledger.read_lots(books, lots=lots)
        at = max([request.at, *(book.wallet.recorded_at or request.at for book in books)])
        for book in books:
            book.settle(at)
        by_wallet = {book.wallet.pk: book for book in books}
        posted = act(ledger, [by_wallet[pk] for pk in wallets], When(digest, at))
        ledger.flush()
        return outcome_of(posted, outcome="created", entries=ledger.entries.get(posted.public_id))

    with _refusals():
        if ledger is not None:
            outcome = post(ledger)
            if outcome.outcome == "created":
                _gather(ledger, wallets, at=request.at)
            return outcome
        return _alone(post, key=request.key, digest=digest, wallets=wallets, at=request.at)


def _alone(
    post: Callable[[Ledger], PostingOutcome],
    *,
    key: str,
    digest: str,
    wallets: Sequence[int],
    at: datetime,
) -> PostingOutcome:
    """A posting that is a transaction of its own."""
    ledger = Ledger()
    try:
        with transaction.atomic():
            outcome = post(ledger)
        if outcome.outcome == "created":
            _gather(ledger, wallets, at=at)
        return outcome
    except IntegrityError:
        # Another wallet's transaction took the key after we looked.
        taken = PointsTransaction.objects.filter(key=key).first()
        if taken is None:
            raise
        return _replayed(taken, digest)


@contextmanager
def _refusals() -> Iterator[None]:
    """What the rules say of a posting that cannot be, as refusals."""
    try:
        yield
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


def _gather(ledger: Ledger, wallets: Sequence[int], *, at: datetime) -> None:
    """Let points of merged members follow; if we are killed before, the next sweep takes them along."""
    books = [ledger.books[pk] for pk in sorted(set(wallets))]
    at = max([at, *(book.wallet.recorded_at or at for book in books)])
    for book in books:
        if book.wallet.moved_to_id is not None:
            gather_wallet(book.wallet.pk, at=at)
            # What the ledger knows of its wallets is old now.
            ledger.books.clear()


def _replayed(before: PointsTransaction, digest: str) -> PostingOutcome:
    if before.request_hash != digest:
        raise IdempotencyConflict(
            "idempotency_conflict",
            _("This key was used for another request; use a new key for a new request."),
            {"transaction_id": before.public_id},
        )
    return outcome_of(before, outcome="replayed")
