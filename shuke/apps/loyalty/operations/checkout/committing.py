"""The basket is paid: what was held is used, and points are earned."""

from django.db import IntegrityError
from django.utils.translation import gettext_lazy as _

from shuke.apps.loyalty.models import Receipt, Reservation
from shuke.apps.loyalty.operations.benefits import commit_benefits
from shuke.apps.loyalty.operations.book import Ledger
from shuke.apps.loyalty.operations.checkout.ending import closed
from shuke.apps.loyalty.operations.checkout.keys import Call, Done, once_only
from shuke.apps.loyalty.operations.checkout.locks import ended, lock_wallets, locked_reservation
from shuke.apps.loyalty.operations.checkout.reserving import asked
from shuke.apps.loyalty.operations.earning import award_purchase
from shuke.apps.loyalty.operations.points import commit_hold
from shuke.apps.loyalty.queries.checkout.funds import business_day
from shuke.apps.loyalty.queries.checkout.quoting import purchase_of
from shuke.apps.loyalty.queries.checkout.reading import receipt_view
from shuke.apps.loyalty.schemas import CallOutcome, CheckoutBasket, CommitRequest, OrderEarningView, Quote
from shuke.apps.members.queries import survivor_of
from shuke.apps.promotions.operations import redeem_vouchers
from shuke.platform.errors import Refused


def commit_reservation(*, call: Call, reservation_id: str, request: CommitRequest) -> CallOutcome:
    """Use what was held and give what was earned; the answer is a receipt.

    Raises ``Refused``: ``reservation_ended``, ``order_taken``, ``idempotency_conflict``; and ``NotFound``.
    """

    def act() -> Done:
        row = locked_reservation(reservation_id)
        if row.state != "open" or row.expires_at <= call.at:
            raise ended(row.state if row.state != "open" else "ended")
        if request.order_id and Receipt.objects.filter(order_id=request.order_id).exists():
            raise _order_taken()
        ledger = lock_wallets(row.member.public_id if row.member else None)
        if not closed(row, "committed", at=call.at):
            raise ended("committed")
        receipt = _receipt(row, call=call, request=request)
        _use(row, receipt, call=call, ledger=ledger)
        _earn(row, receipt, call=call, ledger=ledger)
        receipt.save(force_insert=True)
        return Done(receipt_view(receipt, returns=()), row.member_id)

    body = {"reservation": reservation_id, **request.model_dump(mode="json")}
    try:
        return once_only(call, name="commit", body=body, act=act)
    except IntegrityError:
        # Another reservation was committed under this order id after we looked.
        if request.order_id and Receipt.objects.filter(order_id=request.order_id).exists():
            raise _order_taken() from None
        raise


def _order_taken() -> Refused:
    return Refused("order_taken", _("Another receipt has this order id."))


def _receipt(row: Reservation, *, call: Call, request: CommitRequest) -> Receipt:
    return Receipt(
        reservation=row,
        member=row.member,
        order_id=request.order_id or None,
        payment_reference=request.payment_reference,
        quote=row.quote,
        committed_at=call.at,
        actor=call.actor,
    )


def order_of(receipt: Receipt) -> str:
    """The order id under which others know the purchase."""
    return receipt.order_id or f"checkout:{receipt.public_id}"


def is_of_buyer(receipt: Receipt, told: OrderEarningView) -> bool:
    """Whether what an order earned is the buyer's: a till may name an order of somebody else's by mistake."""
    if receipt.member is None or receipt.member.public_id == told.member_id:
        return receipt.member is not None
    return survivor_of(receipt.member.public_id) == survivor_of(told.member_id)


def _use(row: Reservation, receipt: Receipt, *, call: Call, ledger: Ledger) -> None:
    """Turn holds into uses in the order of the locks."""
    if row.hold_id:
        try:
            spent = commit_hold(request=asked(row, call, "commit"), hold_id=row.hold_id, ledger=ledger)
        except Refused as refusal:
            # A wallet's own clock may be ahead of this till's.
            raise (ended("ended") if refusal.code == "hold_ended" else refusal) from refusal
        receipt.spent_id = spent.transaction_id
    if any(deduction["step"] == "voucher" for deduction in row.quote["deductions"]):
        redeem_vouchers(key=row.public_id, order_id=order_of(receipt), at=call.at)
    if row.quote["benefits"]:
        commit_benefits(key=row.public_id, at=call.at)


def _earn(row: Reservation, receipt: Receipt, *, call: Call, ledger: Ledger) -> None:
    """Points for what was paid, by the rules of the moment for which the customer saw the quote."""
    if row.member is None:
        return
    basket, quote = CheckoutBasket(**row.basket), Quote(**row.quote)
    told = award_purchase(
        request=asked(row, call, "earn"),
        member_id=row.member.public_id,
        order_id=order_of(receipt),
        purchase=purchase_of(basket, quote, on=business_day(row.created_at)),
        placed_at=row.created_at,
        ledger=ledger,
    )
    if not is_of_buyer(receipt, told):
        return
    receipt.earned = {code: points for code, points in told.earned.items() if points}
