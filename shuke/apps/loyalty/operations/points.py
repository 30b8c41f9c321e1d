"""Awarding, holding, spending, returning and correcting points.  docs/algorithms/points.md has the numbers."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db.models import Sum
from django.utils.translation import gettext_lazy as _

from shuke.apps.loyalty.models import PointsEntry, PointsTransaction, Wallet
from shuke.apps.loyalty.operations import lean
from shuke.apps.loyalty.operations.book import Book, Ledger, Lots
from shuke.apps.loyalty.operations.once import When, once, wallet_id, wallet_of
from shuke.apps.loyalty.queries.moved import lots_now
from shuke.apps.loyalty.queries.postings import postings_of
from shuke.apps.loyalty.queries.states import moves_of
from shuke.apps.loyalty.queries.types import points_type_row
from shuke.apps.loyalty.rules import corrections, returns, wallet
from shuke.apps.loyalty.rules.expiry import Expiry, activation_time
from shuke.apps.loyalty.schemas import PostingOutcome, Request
from shuke.platform.errors import Invalid, NotFound, Refused
from shuke.platform.retailer.queries import retailer

REVERSIBLE = frozenset({"earn", "adjust"})


def award_points(
    *,
    request: Request,
    member_id: str,
    points_type: str,
    points: int,
    earned_at: datetime | None = None,
    activates_at: datetime | None = None,
    expires_at: datetime | None = None,
) -> PostingOutcome:
    """Give points for something that happened at ``earned_at`` (now by default).

    When they can be used and when they end follows from the points type unless it is said here.
    """
    if points <= 0:
        raise Invalid("invalid_points", _("Points must be a whole number above zero."), {"points": points})
    details = {"member": member_id, "type": points_type, "points": points, "earned_at": earned_at}
    details |= {"activates_at": activates_at, "expires_at": expires_at}
    life = lean.Life(earned_at, activates_at, expires_at)
    quick = lean.earn(
        request, member_id=member_id, points_type=points_type, points=points, life=life, details=details
    )
    if quick is not None:
        return quick
    row, since = wallet_of(member_id, points_type=points_type, at=request.at), earned_at or request.at
    kind, zone = row.points_type, retailer().time_zone
    starts = activates_at or activation_time(since, days=kind.activation_days)
    ends = expires_at or Expiry(**kind.expiry).end(since, time_zone=zone)
    if ends is not None and ends <= starts:
        raise Invalid("ends_before_start", _("These points would end before they can be used."))

    def act(_ledger: Ledger, books: Sequence[Book], when: When) -> PointsTransaction:
        book = books[0]
        # A lot begins as its past says: what became active since is posted by the settling that follows.
        posting = wallet.award(
            book.state, points=points, activates_at=starts, expires_at=ends, at=min(since, when.at)
        )
        posted = book.post("earn", posting, request=request, request_hash=when.digest, effective_at=since)
        book.settle(when.at)
        return posted

    return once(request, operation="award", details=details, wallets=[row.pk], act=act, lots="none")


def hold_points(
    *,
    request: Request,
    member_id: str,
    points_type: str,
    points: int,
    expires_at: datetime,
    ledger: Ledger | None = None,
) -> PostingOutcome:
    """Set points aside for a checkout; they come back by themselves after ``expires_at``.

    ``ledger`` is that of a call with several steps (``once``).  Raises ``PointsShort``.
    """
    if expires_at <= request.at:
        raise Invalid("hold_too_short", _("A hold must end in the future."))
    row = spendable_wallet(member_id, points_type=points_type, at=request.at, ledger=ledger)

    def act(_ledger: Ledger, books: Sequence[Book], when: When) -> PointsTransaction:
        posting = wallet.hold(books[0].state, points=points)
        posted = books[0].post("hold", posting, request=request, request_hash=when.digest)
        books[0].open_hold(posted, posting, expires_at=expires_at)
        return posted

    details = {"member": member_id, "type": points_type, "points": points, "expires_at": expires_at}
    return once(
        request,
        operation="hold",
        details=details,
        wallets=[row.pk],
        act=act,
        lots="open",
        ledger=ledger,
    )


def spendable_wallet(
    member_id: str, *, points_type: str, at: datetime, ledger: Ledger | None = None
) -> Wallet:
    """The wallet of a member, refused if its points are of a kind that is never spent."""
    row = wallet_of(member_id, points_type=points_type, at=at, ledger=ledger)
    if not row.points_type.is_spendable:
        raise Refused("points_not_spendable", _("Points of this kind are never spent."))
    return row


def spend_points(
    *, request: Request, member_id: str, points_type: str, points: int, ledger: Ledger | None = None
) -> PostingOutcome:
    """Spend points at once, without a hold before; ``give_back_points`` takes the transaction as a commit.

    ``ledger`` is that of a call with several steps (``once``).  Raises ``PointsShort``.
    """
    details = {"member": member_id, "type": points_type, "points": points}
    quick = lean.burn(request, member_id=member_id, points_type=points_type, points=points, details=details)
    if quick is not None:
        if ledger is not None:
            # What it knows of its wallets is old now; their locks are the transaction's.
            ledger.books.clear()
        return quick
    row = spendable_wallet(member_id, points_type=points_type, at=request.at, ledger=ledger)

    def act(_ledger: Ledger, books: Sequence[Book], when: When) -> PointsTransaction:
        posting = wallet.spend(books[0].state, points=points)
        return books[0].post("commit", posting, request=request, request_hash=when.digest)

    return once(
        request, operation="spend", details=details, wallets=[row.pk], act=act, lots="open", ledger=ledger
    )


def commit_hold(*, request: Request, hold_id: str, ledger: Ledger | None = None) -> PostingOutcome:
    """Spend what a hold has set aside.  Refuses a hold that has ended."""
    return _end_hold(request, hold_id=hold_id, kind="commit", ledger=ledger)


def release_hold(*, request: Request, hold_id: str, ledger: Ledger | None = None) -> PostingOutcome:
    """Give back what a hold has set aside.  Refuses a hold that has ended."""
    return _end_hold(request, hold_id=hold_id, kind="release", ledger=ledger)


def _end_hold(request: Request, *, hold_id: str, kind: str, ledger: Ledger | None) -> PostingOutcome:
    row = _transaction(hold_id, kinds=frozenset({"hold"}))

    def act(_ledger: Ledger, books: Sequence[Book], when: When) -> PointsTransaction:
        book = books[0]
        if row.pk not in book.state.holds:
            raise Refused(
                "hold_ended", _("This hold was used, released or has run out."), {"hold_id": hold_id}
            )
        held = book.state.holds[row.pk].moves
        posting = (
            wallet.commit(book.state, held=held)
            if kind == "commit"
            else wallet.release(book.state, held=held, at=when.at)
        )
        posted = book.post(kind, posting, request=request, request_hash=when.digest, related=row)
        book.close_hold(row.pk)
        return posted

    details = {"hold": hold_id}
    return once(
        request,
        operation=kind,
        details=details,
        wallets=[row.wallet_id],
        act=act,
        lots="open",
        ledger=ledger,
    )


def give_back_points(
    *,
    request: Request,
    commit_id: str,
    points: int,
    grace_until: datetime | None = None,
    ledger: Ledger | None = None,
) -> PostingOutcome:
    """Give spent points back to the lots they came from, such as after a return.

    Refuses more than was spent and not given back yet, and days of grace that are over.
    """
    row = _transaction(commit_id, kinds=frozenset({"commit"}))

    def act(_ledger: Ledger, books: Sequence[Book], when: When) -> PointsTransaction:
        if grace_until is not None and grace_until <= when.at:
            raise Invalid("grace_too_short", _("Days of grace must end in the future."))
        earlier = row.following.filter(kind="give_back").order_by("wallet_seq").values_list("pk", flat=True)
        moves = moves_of([row.pk, *earlier])
        posting = returns.give_back(
            books[0].state,
            spent=[move for pk in (row.pk, *earlier) for move in moves[pk]],
            points=points,
            at=when.at,
            grace_until=grace_until,
        )
        return books[0].post("give_back", posting, request=request, request_hash=when.digest, related=row)

    details = {"commit": commit_id, "points": points, "grace_until": grace_until}
    return once(
        request, operation="give_back", details=details, wallets=[row.wallet_id], act=act, ledger=ledger
    )


def claw_back_points(*, request: Request, earn_id: str, points: int) -> PostingOutcome | None:
    """Take earned points back, such as after a return; the points type says what becomes of a shortfall.

    Refuses more than was earned and not taken back yet.  ``None`` if there was nothing left to take and
    the rest is forgiven.
    """
    row = _transaction(earn_id, kinds=frozenset({"earn"}))
    policy = row.wallet.points_type.return_policy
    earned = sum(row.lots.values_list("points", flat=True))
    wallet_now, numbers = lots_now(row)

    def act(_ledger: Ledger, books: Sequence[Book], when: When) -> PointsTransaction:
        posting = returns.claw_back(
            books[0].state,
            lots=numbers,
            points=points,
            earned=earned,
            taken=_taken_back(row),
            policy=policy,
        )
        if posting is None:
            raise _NothingToTake
        return books[0].post("claw_back", posting, request=request, request_hash=when.digest, related=row)

    try:
        details = {"earn": earn_id, "points": points}
        return once(request, operation="claw_back", details=details, wallets=[wallet_now.pk], act=act)
    except _NothingToTake:
        return None


class _NothingToTake(Exception):
    """A return that finds no points, under a policy that forgives them."""


def _taken_back(row: PointsTransaction) -> int:
    """How much of what was earned went back; of what was reversed, all."""
    if row.following.filter(kind="reverse").exists():
        return sum(row.lots.values_list("points", flat=True))
    amounts = PointsEntry.objects.filter(
        transaction__related=row, transaction__kind="claw_back", account="clawback"
    )
    return amounts.aggregate(total=Sum("points"))["total"] or 0


def adjust_points(*, request: Request, member_id: str, points_type: str, points: int) -> PostingOutcome:
    """Correct a balance by hand, up or down.  Needs a reason; raises ``PointsShort`` if there is too little."""
    if not request.reason or not request.actor:
        raise Invalid("reason_missing", _("An adjustment needs a reason and somebody who answers for it."))
    if points == 0:
        raise Invalid("invalid_points", _("An adjustment of zero changes nothing."))
    expiry, zone = Expiry(**points_type_row(points_type).expiry), retailer().time_zone

    def act(_ledger: Ledger, books: Sequence[Book], when: When) -> PointsTransaction:
        state = books[0].state
        if points > 0:
            posting = wallet.award(
                state,
                points=points,
                activates_at=when.at,
                expires_at=expiry.end(when.at, time_zone=zone),
                at=when.at,
                against="adjustment",
            )
        else:
            posting = corrections.deduct(state, points=-points)
        return books[0].post("adjust", posting, request=request, request_hash=when.digest)

    details = {"member": member_id, "type": points_type, "points": points, "reason": request.reason}
    pk = wallet_id(member_id, points_type=points_type, at=request.at)
    return once(request, operation="adjust", details=details, wallets=[pk], act=act, lots="open")


def reverse_transaction(*, request: Request, transaction_id: str) -> PostingOutcome:
    """Undo an award or an adjustment, once, if its points still lie where it put them."""
    row = _transaction(transaction_id, kinds=REVERSIBLE)
    done = postings_of([row.pk])[row.pk]
    numbers = {new.number for new in done.new_lots}

    def act(_ledger: Ledger, books: Sequence[Book], when: When) -> PointsTransaction:
        if row.following.filter(kind="reverse").exists():
            raise Refused("already_reversed", _("This transaction was reversed before."))
        if not numbers <= books[0].state.lots.keys() or row.following.filter(kind="claw_back").exists():
            # A lot that is used up is not read; and nothing is taken back twice.
            raise corrections.Irreversible
        posting = corrections.reversal(books[0].state, done, at=when.at)
        return books[0].post("reverse", posting, request=request, request_hash=when.digest, related=row)

    details = {"transaction": transaction_id}
    # Only what has taken points away needs to know where they went.
    lots: Lots = "whole" if done.moves else "open"
    return once(request, operation="reverse", details=details, wallets=[row.wallet_id], act=act, lots=lots)


def transfer_points(
    *, request: Request, giver_id: str, taker_id: str, points_type: str, points: int | None = None
) -> PostingOutcome:
    """Move available points to another member, each with the end it has; ``None`` moves all, pending ones too.

    Raises ``PointsShort``.  The answer is the giver's transaction.
    """
    if giver_id == taker_id:
        raise Invalid("same_member", _("Points are already there."))
    wallets = [wallet_id(m, points_type=points_type, at=request.at) for m in (giver_id, taker_id)]
    if wallets[0] == wallets[1]:
        raise Invalid("same_member", _("Points are already there."))

    def act(_ledger: Ledger, books: Sequence[Book], when: When) -> PointsTransaction:
        giver, taker = books
        sent = corrections.parcels(giver.state, points=points)
        if not sent:
            raise Refused("nothing_to_transfer", _("There are no points to transfer."))
        receiving = corrections.receiving(taker.state, giver=giver.state, sent=sent)
        posted = giver.post(
            "transfer_out", corrections.sending(sent), request=request, request_hash=when.digest
        )
        # A key that no caller can have used.
        arrival = Request(
            key=f"{posted.public_id}:in", actor=request.actor, at=request.at, source=request.source
        )
        taker.post("transfer_in", receiving, request=arrival, request_hash=when.digest, related=posted)
        return posted

    details: dict[str, Any] = {"giver": giver_id, "taker": taker_id, "type": points_type, "points": points}
    return once(request, operation="transfer", details=details, wallets=wallets, act=act, lots="open")


def _transaction(transaction_id: str, *, kinds: frozenset[str]) -> PointsTransaction:
    row = PointsTransaction.objects.filter(public_id=transaction_id, kind__in=kinds).first()
    if row is None:
        raise NotFound(
            "transaction_not_found",
            _("There is no such transaction."),
            {"transaction_id": transaction_id, "kinds": sorted(kinds)},
        )
    return row
