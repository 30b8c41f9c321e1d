"""Goods come back: money, points and vouchers by the stored allocation."""

from collections.abc import Mapping, Sequence

from django.utils.translation import gettext_lazy as _

from shuke.apps.loyalty.models import CheckoutReturn, Receipt
from shuke.apps.loyalty.operations.benefits import return_rest
from shuke.apps.loyalty.operations.checkout.committing import is_of_buyer, order_of
from shuke.apps.loyalty.operations.checkout.keys import Call, Done, once_only
from shuke.apps.loyalty.operations.checkout.locks import lock_wallets, locked_receipt
from shuke.apps.loyalty.operations.earning import TillsOrder, return_purchase
from shuke.apps.loyalty.operations.points import give_back_points
from shuke.apps.loyalty.queries.checkout.reading import bought_of, return_view, returned_of_all
from shuke.apps.loyalty.queries.checkout.remaining import lost_vouchers
from shuke.apps.loyalty.queries.earning import order_earning
from shuke.apps.loyalty.rules.checkout.returning import (
    MoreThanBought,
    Outcome,
    Returned,
    outcome,
    share_back,
    vouchers_back,
)
from shuke.apps.loyalty.schemas import CallOutcome, Request, ReturnRequest
from shuke.apps.promotions.operations import return_vouchers
from shuke.platform.errors import Invalid, Refused


def return_goods(*, call: Call, receipt_id: str, request: ReturnRequest) -> CallOutcome:
    """Take lines back; the answer is the return with what to refund.

    Raises ``Refused``: ``more_than_bought``, ``shipping_refunded``, ``idempotency_conflict``; ``Invalid`` for a
    line that is named twice; ``NotFound``.
    """

    def act() -> Done:
        receipt = locked_receipt(receipt_id)
        lock_wallets(receipt.member.public_id if receipt.member else None)
        lines = _quantities(request)
        earlier = returned_of_all(receipt)
        try:
            # What is wrong with the lines is said before anybody is asked about vouchers.
            plain = outcome(bought_of(receipt), before=earlier, lines=lines)
        except MoreThanBought as over:
            raise Refused(
                "more_than_bought",
                _("That is more of a line than is still out."),
                {"line_no": over.line_no, "left": over.left, "asked": over.asked},
            ) from over
        lost = lost_vouchers(receipt, before=earlier, lines=lines) if not plain.is_whole else frozenset()
        found = outcome(bought_of(receipt), before=earlier, lines=lines, lost_vouchers=lost)
        row = _row(receipt, call=call, found=found, lines=lines, lost=lost)
        row.shipping_minor = _shipping(receipt) if request.refunds_shipping else 0
        _give_and_take(receipt, row, call=call, found=found, earlier=earlier)
        row.save(force_insert=True)
        return Done(return_view(receipt, row, is_whole=found.is_whole), receipt.member_id)

    body = {"receipt": receipt_id, **request.model_dump(mode="json")}
    return once_only(call, name="return", body=body, act=act)


def _quantities(request: ReturnRequest) -> dict[int, int]:
    found: dict[int, int] = {}
    for line in request.lines:
        if line.line_no in found:
            raise Invalid(
                "invalid_basket",
                str(_("Line %(line)s is there twice; give each line a number of its own."))
                % {"line": line.line_no},
                {"lines": [{"line_no": line.line_no, "field": "line_no", "code": "line_twice"}]},
            )
        found[line.line_no] = line.quantity
    return found


def _row(
    receipt: Receipt, *, call: Call, found: Outcome, lines: Mapping[int, int], lost: frozenset[str]
) -> CheckoutReturn:
    return CheckoutReturn(
        receipt=receipt,
        number=receipt.returns.count() + 1,
        lines=lines,
        refunds=found.refunds,
        recovered=found.recovered,
        lost_vouchers=sorted(lost),
        # Of somebody who was erased no points are left to give back to.
        points_given_back=sum(found.points.values()) if receipt.member_id else 0,
        at=call.at,
        actor=call.actor,
    )


def _shipping(receipt: Receipt) -> int:
    """What was paid for shipping.  Refuses a second time."""
    if receipt.returns.filter(shipping_minor__gt=0).exists():
        raise Refused("shipping_refunded", _("Shipping was refunded before."))
    paid: int = receipt.quote["shipping_minor"]
    return paid


def _give_and_take(
    receipt: Receipt, row: CheckoutReturn, *, call: Call, found: Outcome, earlier: Sequence[Returned]
) -> None:
    """Points and vouchers, in the order of the locks.  Spent points come back before earned ones are taken."""
    if row.points_given_back:
        give_back_points(
            request=Request(
                key=f"checkout:{row.public_id}:give_back",
                actor=call.actor,
                at=call.at,
                source=receipt.public_id,
                reason="return",
            ),
            commit_id=receipt.spent_id,
            points=row.points_given_back,
        )
    _take_earned(receipt, row, call=call, earlier=earlier)
    key = receipt.reservation.public_id
    if any(deduction["step"] == "voucher" for deduction in receipt.quote["deductions"]):
        back = _off_what_came_back(receipt, returns=[*earlier, Returned(row.lines)])
        row.vouchers = _returned_vouchers(
            receipt, key=key, is_whole=found.is_whole, back_minor=back, call=call
        )
    if found.is_whole and receipt.quote["benefits"]:
        return_rest(key=key, at=call.at)


def _off_what_came_back(receipt: Receipt, *, returns: Sequence[Returned]) -> dict[str, int]:
    """What vouchers took off all that has come back by now, by definition: a shared code stands for another voucher."""
    found: dict[str, int] = {}
    back = vouchers_back(bought_of(receipt), returns=returns)
    for deduction in receipt.quote["deductions"]:
        if deduction["step"] == "voucher":
            definition = deduction["definition"]
            found[definition] = found.get(definition, 0) + back.get(deduction["code"], 0)
    return found


def _returned_vouchers(
    receipt: Receipt, *, key: str, is_whole: bool, back_minor: Mapping[str, int], call: Call
) -> list[dict[str, str]]:
    try:
        done = return_vouchers(
            key=key, order_id=order_of(receipt), is_whole=is_whole, at=call.at, back_minor=back_minor
        )
    except Refused as refusal:
        if refusal.code != "wrong_order" or receipt.member_id:
            raise
        # The member was erased, and with them under which order the vouchers were used.
        return []
    return [
        {"voucher_id": one.voucher_id, "outcome": one.outcome, "new_voucher_id": one.new_voucher_id}
        for one in done
    ]


def _take_earned(receipt: Receipt, row: CheckoutReturn, *, call: Call, earlier: Sequence[Returned]) -> None:
    """What the returned pieces earned goes back, by what the ledger recorded for the order."""
    order_id = order_of(receipt)
    before = order_earning(order_id) if receipt.member_id else None
    if before is None or not is_of_buyer(receipt, before):
        return
    bought = bought_of(receipt)
    told = return_purchase(
        request=Request(
            key=f"checkout:{row.public_id}", actor=call.actor, at=call.at, source=receipt.public_id
        ),
        order_id=order_id,
        lines={int(number): quantity for number, quantity in row.lines.items()},
        till=TillsOrder(
            pieces={line.line_no: line.quantity for line in bought},
            share_back=share_back(bought, returns=[*earlier, Returned(row.lines)]),
        ),
    )
    taken = {code: points - told.left.get(code, 0) for code, points in before.left.items()}
    row.points_taken_back = {code: points for code, points in taken.items() if points}
