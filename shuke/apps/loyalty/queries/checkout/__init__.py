"""What the checkout reads: quotes, reservations, receipts, and what points are worth."""

from shuke.apps.loyalty.queries.checkout.evaluating import evaluate
from shuke.apps.loyalty.queries.checkout.funds import points_rate, points_rates
from shuke.apps.loyalty.queries.checkout.goods import goods_of
from shuke.apps.loyalty.queries.checkout.people import member_wanted
from shuke.apps.loyalty.queries.checkout.reading import (
    exported_checkouts,
    open_reservations,
    receipt,
    receipt_of_order,
    receipts_page,
    reservation,
)

__all__ = [
    "evaluate",
    "exported_checkouts",
    "goods_of",
    "member_wanted",
    "open_reservations",
    "points_rate",
    "points_rates",
    "receipt",
    "receipt_of_order",
    "receipts_page",
    "reservation",
]
