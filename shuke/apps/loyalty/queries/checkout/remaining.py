"""What the customer still has of a receipt, and which vouchers it no longer deserves."""

from collections.abc import Iterable, Mapping

from shuke.apps.loyalty.models import Receipt
from shuke.apps.loyalty.queries.checkout.evaluating import promotions_basket
from shuke.apps.loyalty.queries.checkout.reading import bought_of
from shuke.apps.loyalty.rules.checkout.returning import Returned, cumulative, staying
from shuke.apps.loyalty.schemas import CheckoutBasket, CheckoutRequest
from shuke.apps.promotions.queries import vouchers_after_return


def lost_vouchers(
    receipt: Receipt, *, before: Iterable[Returned], lines: Mapping[int, int]
) -> frozenset[str]:
    """Ids of vouchers that are recomputed on returns and whose conditions the rest no longer meets."""
    earlier = list(before)
    # A shared code stands for a voucher that was drawn for the purchase, so definitions are compared.
    asked = {
        deduction["code"]: deduction["definition"]
        for deduction in receipt.quote["deductions"]
        if deduction["step"] == "voucher" and deduction["on_return"] == "recompute"
    }
    for one in earlier:
        asked = {code: what for code, what in asked.items() if code not in one.lost_vouchers}
    if not asked:
        return frozenset()
    basket, left = rest_of(receipt, returns=[*earlier, Returned(lines)])
    kept = vouchers_after_return(
        key=receipt.reservation.public_id,
        basket=promotions_basket(CheckoutRequest(basket=basket)),
        left=left,
        at=receipt.committed_at,
    )
    still = {use.definition for use in kept}
    return frozenset(code for code, definition in asked.items() if definition not in still)


def rest_of(receipt: Receipt, *, returns: Iterable[Returned]) -> tuple[CheckoutBasket, dict[int, int]]:
    """The units that stay, at least one, as a basket, and what they were worth to vouchers."""
    stay = staying(bought_of(receipt), returns=returns)
    basket = CheckoutBasket(**receipt.reservation.basket)
    steps = {"offer", "tier"}
    off = {
        line["line_no"]: sum(d["minor"] for d in line["deductions"] if d["step"] in steps)
        for line in receipt.quote["lines"]
    }
    left, lines = {}, []
    for line in basket.lines:
        if line.line_no not in stay:
            continue
        gone, whole = line.quantity - stay[line.line_no], line.quantity
        amounts = {
            name: getattr(line, name) - cumulative(getattr(line, name), part=gone, whole=whole)
            for name in ("list_minor", "offer_minor")
        }
        worth = line.list_minor - off[line.line_no]
        left[line.line_no] = worth - cumulative(worth, part=gone, whole=whole)
        lines.append(line.model_copy(update={"quantity": stay[line.line_no], **amounts}))
    return basket.model_copy(update={"lines": lines}), left
