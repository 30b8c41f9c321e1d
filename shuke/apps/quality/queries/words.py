"""Sentences about issues in the active language."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext, ngettext

from shuke.apps.connections.queries.reasons import reason_text
from shuke.platform.languages import babel_locale
from shuke.platform.money import money_text


def message_of(rule: str, facts: Mapping[str, Any]) -> str:
    """What is wrong, with the figures."""
    writer = _WRITERS.get(rule)
    return writer(facts) if writer else ""


def shown_value(value: Any, *, column: str, currency: str) -> str:
    """A value as people read it: money with its currency."""
    if value is None:
        return ""
    if column in {"paid_minor", "list_minor"} and currency:
        return _money(value, currency)
    return str(value)


def _money(amount: Any, currency: Any) -> str:
    return money_text(int(amount), str(currency or "CNY"), locale=babel_locale())


def _sum(facts: Mapping[str, Any]) -> str:
    return gettext("Paid {paid}, but the lines make {expected}.").format(
        paid=_money(facts["paid_minor"], facts["currency"]),
        expected=_money(facts["suggestion"], facts["currency"]),
    )


def _repeat(facts: Mapping[str, Any]) -> str:
    minutes = max(1, round(facts["seconds"] / 60))
    text = ngettext(
        "Same buyer, goods and amount as order {earlier}, a minute later.",
        "Same buyer, goods and amount as order {earlier}, {minutes} minutes later.",
        minutes,
    )
    return text.format(earlier=facts["earlier_id"], minutes=minutes)


def _quantity(facts: Mapping[str, Any]) -> str:
    return gettext("{value} pieces of product {product}; {usual} are usual.").format(
        value=facts["value"], product=facts["product_id"], usual=facts["suggestion"]
    )


def _price(facts: Mapping[str, Any]) -> str:
    return gettext("{value} for product {product}; {usual} is usual.").format(
        value=_money(facts["value"], facts["currency"]),
        product=facts["product_id"],
        usual=_money(facts["suggestion"], facts["currency"]),
    )


def _unknown(facts: Mapping[str, Any]) -> str:
    count = facts["lines"]
    text = ngettext("{count} line names it.", "{count} lines name it.", count)
    return text.format(count=count)


def _alike(facts: Mapping[str, Any]) -> str:
    return gettext("“{name}” has the same name, brand and size as product {other}.").format(
        name=facts["name"], other=facts["like_id"]
    )


def _rejected(facts: Mapping[str, Any]) -> str:
    count = facts["count"]
    text = ngettext("{count} row: {reason}", "{count} rows: {reason}", count)
    reason = reason_text(kind=facts["kind"], code=facts["code"], column=facts["column"])
    return text.format(count=count, reason=reason)


def _email(facts: Mapping[str, Any]) -> str:
    return gettext("The address ends with {domain}; probably {probably} was meant. Ask the member.").format(
        **facts
    )


def _birthday(_facts: Mapping[str, Any]) -> str:
    return gettext("It lies in the future, over 120 years ago, or is what systems fill in by themselves.")


def _name(_facts: Mapping[str, Any]) -> str:
    return gettext("It is a placeholder, a mask, or holds no letter.")


_WRITERS = {
    "sum_mismatch": _sum,
    "repeated_order": _repeat,
    "far_quantity": _quantity,
    "far_price": _price,
    "unknown_product": _unknown,
    "alike_products": _alike,
    "rejected_rows": _rejected,
    "mistyped_email": _email,
    "odd_birthday": _birthday,
    "odd_name": _name,
}
