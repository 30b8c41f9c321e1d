"""Holding what a basket needs: all of it or nothing."""

from datetime import timedelta

from django.utils.translation import gettext_lazy as _

from shuke.apps.loyalty.models import Reservation
from shuke.apps.loyalty.operations.benefits import reserve_benefits
from shuke.apps.loyalty.operations.book import Ledger
from shuke.apps.loyalty.operations.checkout.keys import Call, Done, once_only
from shuke.apps.loyalty.operations.checkout.locks import lock_wallets
from shuke.apps.loyalty.operations.points import hold_points
from shuke.apps.loyalty.queries.checkout.evaluating import evaluation, quote_of
from shuke.apps.loyalty.queries.checkout.quoting import Evaluation
from shuke.apps.loyalty.queries.checkout.reading import reservation_view
from shuke.apps.loyalty.schemas import CallOutcome, Quote, Request, ReservationRequest
from shuke.apps.members.queries import family_of
from shuke.apps.promotions.operations import reserve_vouchers
from shuke.platform.errors import Refused


def reserve_basket(
    *, call: Call, request: ReservationRequest, member_id: str | None, who: str = ""
) -> CallOutcome:
    """Hold points, vouchers and benefit uses of a quote for ``request.seconds``; the answer is a reservation.

    Raises ``Refused``: ``quote_changed`` with the new quote in ``details``, ``points_insufficient``,
    ``voucher_…``, ``benefit_used_up``, ``idempotency_conflict``; ``Invalid`` (``invalid_basket``).  Then nothing
    is held.
    """

    def act() -> Done:
        ledger = lock_wallets(member_id)
        wallets = [book.wallet for book in ledger.books.values()]
        found = evaluation(request, member_id=member_id, at=call.at, who=who, wallets=wallets)
        quote = quote_of(found)
        if quote.quote_hash != request.quote_hash:
            raise Refused(
                "quote_changed",
                _("This basket is worth something else now; show the new quote and ask again."),
                {"quote": quote.model_dump(mode="json")},
            )
        row = _reservation(call, request=request, found=found, quote=quote)
        _hold(row, call=call, found=found, ledger=ledger)
        return Done(reservation_view(row, at=call.at, receipt_id=None), row.member_id)

    return once_only(call, name="reserve", body=request.model_dump(mode="json"), act=act)


def _reservation(call: Call, *, request: ReservationRequest, found: Evaluation, quote: Quote) -> Reservation:
    # Of a member that was merged the reservation is its own, whoever speaks for it.
    owner = family_of(found.member_id).refs[found.member_id].pk if found.member_id else None
    return Reservation(
        member_id=owner,
        basket=request.basket.model_dump(mode="json"),
        quote=quote.model_dump(mode="json"),
        expires_at=call.at + timedelta(seconds=request.seconds),
        created_at=call.at,
        actor=call.actor,
    )


def _hold(row: Reservation, *, call: Call, found: Evaluation, ledger: Ledger) -> None:
    """Take everything in the order of the locks: wallets, vouchers, benefits."""
    member_id = found.member_id or ""
    if found.points and found.points.points:
        row.hold_id = hold_points(
            request=asked(row, call, "hold"),
            member_id=member_id,
            points_type=found.points.points_type,
            points=found.points.points,
            expires_at=row.expires_at,
            ledger=ledger,
        ).transaction_id
    row.save(force_insert=True)
    if found.uses:
        reserve_vouchers(
            key=row.public_id, uses=found.uses, member_id=member_id, until=row.expires_at, at=call.at
        )
    if found.benefits:
        reserve_benefits(
            key=row.public_id,
            member_id=member_id,
            uses=found.benefits,
            until=row.expires_at,
            at=call.at,
            actor=call.actor,
        )


def asked(row: Reservation, call: Call, step: str) -> Request:
    """How a step of a reservation asks the ledger."""
    return Request(
        key=f"checkout:{row.public_id}:{step}",
        actor=call.actor,
        at=call.at,
        source=row.public_id,
        reason="checkout",
    )
