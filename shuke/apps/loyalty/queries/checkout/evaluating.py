"""What a basket costs for whom, and why.  Nothing here writes."""

from collections.abc import Sequence
from datetime import datetime

from django.utils.translation import gettext_lazy as _

from shuke.apps.loyalty.models import Wallet
from shuke.apps.loyalty.queries.benefits import benefits_of
from shuke.apps.loyalty.queries.checkout.funds import available_points, business_day, points_rate
from shuke.apps.loyalty.queries.checkout.quoting import (
    Evaluation,
    add_earnings,
    hash_of,
    purchase_of,
    quoted,
)
from shuke.apps.loyalty.queries.earning import earning_quote
from shuke.apps.loyalty.rules.checkout.basket import Fault, Item, faults
from shuke.apps.loyalty.rules.checkout.steps import Rate, Working
from shuke.apps.loyalty.schemas import (
    CheckoutRequest,
    NotApplied,
    Quote,
    QuotePoints,
)
from shuke.apps.promotions.queries import voucher_quote
from shuke.apps.promotions.schemas import Basket, BasketLine
from shuke.platform.calls import one_call
from shuke.platform.errors import Invalid
from shuke.platform.retailer.queries import retailer

FAULTS = {
    "line_twice": _("Line %(line)s is there twice; give each line a number of its own."),
    "quantity_below_one": _("Line %(line)s has a quantity below one."),
    "amount_below_zero": _("Line %(line)s has an amount below zero."),
    "offer_above_price": _("Line %(line)s has more taken off than it costs."),
}


def evaluate(request: CheckoutRequest, *, member_id: str | None, at: datetime, who: str = "") -> Quote:
    """What a basket costs at ``at`` with every deduction and why, and what would be earned.  Writes nothing.

    ``member_id`` is ``None`` for somebody unknown; ``who`` names the till that types voucher codes.  Raises
    ``Invalid``: ``invalid_basket`` naming the line, ``wrong_currency``.
    """
    with one_call():
        return quote_of(evaluation(request, member_id=member_id, at=at, who=who))


def evaluation(
    request: CheckoutRequest,
    *,
    member_id: str | None,
    at: datetime,
    who: str = "",
    wallets: Sequence[Wallet] | None = None,
) -> Evaluation:
    """The same with what a reservation needs to hold.  ``wallets`` are the member's if they are locked."""
    _check_currency(request.basket.currency)
    found = Evaluation(request, member_id, at, Working(items_of(request)), wallets)
    found.account = benefits_of(member_id, at=at) if member_id else None
    found.shipping_minor = request.basket.shipping_minor
    found.working.take_offers()
    _take_discount(found)
    _take_vouchers(found, who)
    goods_before_points = found.working.goods_minor
    _take_points(found)
    _take_shipping(found, goods_before_points)
    _take_benefits(found)
    return found


def quote_of(found: Evaluation) -> Quote:
    """The answer of an evaluation, with what the purchase would earn, and its hash."""
    quote = quoted(found)
    if found.member_id:
        purchase = purchase_of(found.request.basket, quote, on=business_day(found.at))
        told = earning_quote(purchase, member_id=found.member_id, at=found.at)
        add_earnings(quote, told)
        if quote.earned and found.account and found.account.points_multiplier != 1:
            _count(found, found.account.points_code)
            quote.benefits = dict(sorted(found.benefits.items()))
    quote.quote_hash = hash_of(quote)
    return quote


def items_of(request: CheckoutRequest) -> list[Item]:
    """The lines as the rules see them.  Raises ``Invalid`` naming the first line that cannot be."""
    items = [Item(**line.model_dump()) for line in request.basket.lines]
    found = faults(items)
    if found:
        raise _invalid(found)
    return items


def _check_currency(currency: str) -> None:
    """Rates, vouchers and minimums are amounts of the retailer's currency.  Raises ``Invalid``."""
    own = retailer().currency
    if currency != own:
        message = _("Amounts are in %(currency)s here; convert the basket first.") % {"currency": own}
        raise Invalid("wrong_currency", message, {"currency": [own]})


def _invalid(found: list[Fault]) -> Invalid:
    first = found[0]
    lines = [{"line_no": fault.line_no, "field": fault.field, "code": fault.code} for fault in found]
    return Invalid("invalid_basket", str(FAULTS[first.code]) % {"line": first.line_no}, {"lines": lines})


def _take_discount(found: Evaluation) -> None:
    account = found.account
    if account is None or not account.discount:
        return
    right = account.entitlement(account.discount_code)
    name = right.name if right else account.discount_code
    before = len(found.working.deductions)
    found.working.take_discount(account.discount, code=account.discount_code, name=name)
    if len(found.working.deductions) > before:
        _count(found, account.discount_code)


def _count(found: Evaluation, code: str, times: int = 1) -> None:
    """A benefit with a limit takes a use; others are not counted."""
    right = found.account.entitlement(code) if found.account else None
    if right is not None and right.limit is not None:
        found.benefits[code] = found.benefits.get(code, 0) + times


def promotions_basket(request: CheckoutRequest) -> Basket:
    """The basket as vouchers see it."""
    lines = tuple(
        BasketLine(
            line_no=line.line_no,
            product_id=line.product_id,
            quantity=line.quantity,
            list_minor=line.list_minor,
            department=line.department,
            category=line.category,
            brand=line.brand,
            allows_discount=line.allows_discount,
        )
        for line in sorted(request.basket.lines, key=lambda line: line.line_no)
    )
    basket = request.basket
    return Basket(lines, basket.currency, basket.sales_channel, basket.store_id, basket.shipping_minor)


def _take_vouchers(found: Evaluation, who: str) -> None:
    if not found.request.codes:
        return
    quote = voucher_quote(
        codes=found.request.codes,
        member_id=found.member_id or "",
        tier=found.tier,
        basket=promotions_basket(found.request),
        left=dict(found.working.left),
        at=found.at,
        who=who,
    )
    found.uses = quote.uses
    for use in quote.uses:
        found.working.take("voucher", code=use.voucher_id, name=use.name, lines=use.lines)
        found.shipping_minor = max(found.shipping_minor - use.shipping_off_minor, 0)
    for refusal in quote.refusals:
        found.not_applied.append(
            NotApplied(
                subject="voucher",
                code=refusal.code,
                message=str(refusal.message),
                index=refusal.hint,
                details=dict(refusal.details),
            )
        )


def _take_points(found: Evaluation) -> None:
    wanted = found.request.points
    if wanted is None or wanted.points == 0:
        return
    if found.member_id is None:
        found.refuse("points", "member_needed", _("Points are a member's: say whose."))
        return
    currency = points_rate(wanted.points_type, on=business_day(found.at))
    if currency is None:
        found.refuse("points", "points_not_money", _("These points are not worth money at the till."))
        return
    available = available_points(
        found.member_id, points_type=currency.code, at=found.at, wallets=found.wallets
    )
    asked = available if wanted.points is None else wanted.points
    goods = found.working.goods_minor
    usable, _off = currency.rate.taken(available, available=available, goods_minor=goods)
    points, by_line = found.working.take_points(
        currency.rate, wanted=asked, available=available, code=currency.code, name=currency.name
    )
    found.points_by_line = by_line
    told = QuotePoints(
        points_type=currency.code,
        name=currency.name,
        points=points,
        minor=found.working.deductions[-1].minor if points else 0,
        available=available,
        usable=usable,
    )
    found.points = told
    _explain_points(found, told, rate=currency.rate, asked=asked, is_all=wanted.points is None)


def _explain_points(found: Evaluation, told: QuotePoints, *, rate: Rate, asked: int, is_all: bool) -> None:
    """Why fewer points are taken than were asked for."""
    taken, available = told.points, told.available
    if asked > available:
        found.refuse(
            "points",
            "points_insufficient",
            _("There are not enough points."),
            available=available,
            needed=asked,
        )
    elif is_all and taken:
        return
    elif taken == 0:
        found.refuse(
            "points",
            "points_too_few",
            _("So few points cannot be used for this basket."),
            minimum_points=rate.minimum_points,
        )
    elif rate.price(rate.worth(asked)) > taken:
        found.refuse(
            "points",
            "points_over_share",
            _("This basket takes no more points."),
            usable=told.usable,
            maximum_percent=rate.maximum_percent,
        )


def _take_shipping(found: Evaluation, goods_before_points: int) -> None:
    account = found.account
    if account is None or account.free_shipping_from_minor is None or not found.shipping_minor:
        return
    if goods_before_points >= account.free_shipping_from_minor:
        found.shipping_minor = 0
        _count(found, account.shipping_code)


def _take_benefits(found: Evaluation) -> None:
    """Uses that the till asks for by name, such as a trial."""
    for code, times in sorted(found.request.benefits.items()):
        right = found.account.entitlement(code) if found.account else None
        if right is None:
            found.refuse(
                "benefit", "benefit_not_held", _("The member does not have this benefit now."), benefit=code
            )
        elif right.left is not None and right.left < times + found.benefits.get(code, 0):
            found.refuse(
                "benefit",
                "benefit_used_up",
                _("This benefit is used up for the period."),
                benefit=code,
                left=right.left,
                asked=times,
            )
        else:
            found.benefits[code] = found.benefits.get(code, 0) + times
