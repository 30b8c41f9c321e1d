"""What terms would take off an example basket, while they are being written."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _

from shuke.apps.promotions.queries.quoting import refusal_of
from shuke.apps.promotions.queries.wording import terms_summary, validity_summary
from shuke.apps.promotions.rules.baskets import Basket, BasketLine, VoucherUse
from shuke.apps.promotions.rules.evaluation import Candidate, best_combination, qualifying
from shuke.apps.promotions.rules.terms import Terms, terms_of
from shuke.apps.promotions.schemas import Example, ExampleLine
from shuke.platform.retailer.queries import retailer


def example_basket(terms: Terms) -> tuple[Basket, dict[int, str]]:
    """Bread, a bag and wine for 146.05, 6.00 shipping, each line made to be what the terms ask for; and the names.

    The wine carries the first product, category, brand and department of the terms, so that something qualifies.
    """
    asked = terms.conditions

    def first(values: tuple[str, ...]) -> str:
        return values[0] if values else ""

    lines = (
        BasketLine(1, "example-bread", 1, 4990),
        BasketLine(2, "example-bag", 1, 15),
        BasketLine(
            3,
            first(asked.products) or "example-wine",
            2,
            9600,
            department=first(asked.departments),
            category=first(asked.categories),
            brand=first(asked.brands),
        ),
    )
    wine = first(asked.products) or first(asked.categories) or first(asked.brands) or first(asked.departments)
    basket = Basket(
        lines,
        currency=retailer().currency,
        sales_channel=first(asked.channels),
        store_id=first(asked.stores),
        shipping_minor=600,
    )
    return basket, {1: _("Bread"), 2: _("Carrier bag"), 3: wine or _("Wine, two bottles")}


def example_quote(data: Mapping[str, Any]) -> Example:
    """What terms (as plain data) take off the example basket.  Raises ``FaultyTerms`` for terms that are none."""
    terms = terms_of(data)
    basket, names = example_basket(terms)
    candidate = Candidate("example", "example", 1, "", terms)
    tier = terms.conditions.tiers[0] if terms.conditions.tiers else ""
    uses, reasons = best_combination([candidate], basket=basket, left=basket.list_amounts(), tier=tier)
    use = uses[0] if uses else VoucherUse("example", "example", terms.kind)
    counted = {line.line_no for line in qualifying(terms, basket.lines)}
    reason = reasons.get("example")
    return Example(
        lines=[
            ExampleLine(
                name=names[line.line_no],
                list_minor=line.list_minor,
                off_minor=use.lines.get(line.line_no, 0),
                counts=line.line_no in counted,
            )
            for line in basket.lines
        ],
        list_minor=sum(line.list_minor for line in basket.lines),
        off_minor=use.off_minor,
        shipping_minor=basket.shipping_minor,
        shipping_off_minor=use.shipping_off_minor,
        gift_product_id=use.gift_product_id,
        refusal=refusal_of(reason, place=0).message if reason else "",
        missing_minor=int(reason.details.get("missing_minor", 0)) if reason else 0,
        summary=terms_summary(terms, currency=basket.currency),
        validity=validity_summary(terms),
        currency=basket.currency,
    )
