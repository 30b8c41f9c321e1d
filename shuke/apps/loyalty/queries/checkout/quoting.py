"""A quote as tills are told it, and the hash that says what the customer saw."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from shuke.apps.loyalty.models import Wallet
from shuke.apps.loyalty.rules.chain import request_hash
from shuke.apps.loyalty.rules.checkout.steps import Working
from shuke.apps.loyalty.rules.earning import Line, Purchase
from shuke.apps.loyalty.schemas import (
    CheckoutBasket,
    CheckoutRequest,
    EarningQuote,
    LineDeduction,
    MemberBenefits,
    NotApplied,
    Quote,
    QuoteDeduction,
    QuoteLine,
    QuotePoints,
)
from shuke.apps.promotions.schemas import VoucherUse


@dataclass
class Evaluation:
    """A quote with what is needed to hold it; the steps write into it one after the other."""

    request: CheckoutRequest
    member_id: str | None
    at: datetime
    working: Working
    wallets: Sequence[Wallet] | None = None
    account: MemberBenefits | None = None
    uses: tuple[VoucherUse, ...] = ()
    points: QuotePoints | None = None
    points_by_line: Mapping[int, int] = field(default_factory=dict)
    benefits: dict[str, int] = field(default_factory=dict)
    not_applied: list[NotApplied] = field(default_factory=list)
    shipping_minor: int = 0

    @property
    def tier(self) -> str:
        """The member's tier; empty without one."""
        return self.account.tier if self.account else ""

    def refuse(self, subject: str, code: str, message: object, **details: object) -> None:
        """Say that something does not apply, and why."""
        self.not_applied.append(NotApplied(subject=subject, code=code, message=str(message), details=details))


def quoted(found: Evaluation) -> Quote:
    """The answer of an evaluation, without what is earned and without its hash."""
    working, basket = found.working, found.request.basket
    return Quote(
        member_id=found.member_id,
        tier=found.tier,
        currency=basket.currency,
        lines=[_line(found, number) for number in working.items],
        deductions=_deductions(found),
        points=found.points,
        benefits=dict(sorted(found.benefits.items())),
        gifts=[use.gift_product_id for use in found.uses if use.gift_product_id],
        not_applied=found.not_applied,
        list_minor=sum(item.list_minor for item in working.items.values()),
        goods_minor=working.goods_minor,
        shipping_list_minor=basket.shipping_minor,
        shipping_minor=found.shipping_minor,
        total_minor=working.goods_minor + found.shipping_minor,
        earned={},
        quote_hash="",
    )


def add_earnings(quote: Quote, told: EarningQuote) -> None:
    """What rules give, by points type: in all, and each line's share of it."""
    lines = {line.line_no: line for line in quote.lines}
    for kind in told.types:
        if kind.points:
            quote.earned[kind.points_type] = kind.points
        for rule in kind.rules:
            for number, points in rule.lines.items():
                earned = lines[number].earned
                if points:
                    earned[kind.points_type] = earned.get(kind.points_type, 0) + points


def purchase_of(basket: CheckoutBasket, quote: Quote, *, on: date) -> Purchase:
    """What is paid, as earning rules see it: without the part that points pay."""
    shown = {line.line_no: line for line in quote.lines}
    lines = []
    for line in sorted(basket.lines, key=lambda line: line.line_no):
        off = Counter[str]()
        for deduction in shown[line.line_no].deductions:
            off[deduction.step] += deduction.minor
        lines.append(
            Line(
                line_no=line.line_no,
                product_id=line.product_id,
                paid_minor=shown[line.line_no].paid_minor,
                # A line that points paid in part was not sold at a discount.
                list_minor=line.list_minor - off["points"],
                voucher_minor=off["voucher"],
                department=line.department,
                category=line.category,
                brand=line.brand,
                quantity=line.quantity,
            )
        )
    return Purchase(
        lines, on=on, sales_channel=basket.sales_channel, store_id=basket.store_id, tier=quote.tier
    )


def hash_of(quote: Quote) -> str:
    """SHA-256 of what the customer saw.  Words (they depend on the reader's language) and balances are left out."""
    seen: dict[str, Any] = quote.model_dump(mode="json", exclude={"quote_hash"})
    return request_hash(_without(seen, {"name", "message", "details", "available", "usable"}))


def _without(value: Any, names: set[str]) -> Any:
    if isinstance(value, Mapping):
        return {key: _without(item, names) for key, item in value.items() if key not in names}
    return [_without(item, names) for item in value] if isinstance(value, list) else value


def _line(found: Evaluation, number: int) -> QuoteLine:
    item = found.working.items[number]
    return QuoteLine(
        line_no=number,
        product_id=item.product_id,
        quantity=item.quantity,
        list_minor=item.list_minor,
        deductions=[
            LineDeduction(step=d.step, code=d.code, name=d.name, minor=d.lines[number])
            for d in found.working.deductions
            if number in d.lines
        ],
        points=found.points_by_line.get(number, 0),
        paid_minor=found.working.left[number],
        earned={},
    )


def _deductions(found: Evaluation) -> list[QuoteDeduction]:
    """In the order of the steps; a voucher for shipping or a gift takes nothing off the lines and is told as well."""
    uses = {use.voucher_id: use for use in found.uses}
    taken = {(d.step, d.code): d.minor for d in found.working.deductions}
    for voucher_id in uses:
        taken.setdefault(("voucher", voucher_id), 0)
    names = {(d.step, d.code): d.name for d in found.working.deductions}
    order = {"offer": 0, "tier": 1, "voucher": 2, "points": 3}
    told = []
    for (step, code), minor in sorted(taken.items(), key=lambda item: order[item[0][0]]):
        use = uses.get(code) if step == "voucher" else None
        told.append(
            QuoteDeduction(
                step=step,
                code=code,
                name=use.name if use else names.get((step, code), ""),
                minor=minor,
                shipping_minor=use.shipping_off_minor if use else 0,
                on_return=use.on_return if use else "",
                definition=use.definition if use else "",
                version=use.version if use else 0,
                kind=use.kind if use else "",
            )
        )
    return told
