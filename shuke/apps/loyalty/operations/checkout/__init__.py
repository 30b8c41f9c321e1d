"""What tills do: reserve, commit, release, return.  docs/algorithms/checkout.md is the specification."""

from shuke.apps.loyalty.operations.checkout.committing import commit_reservation
from shuke.apps.loyalty.operations.checkout.ending import end_reservations, release_reservation
from shuke.apps.loyalty.operations.checkout.forgetting import forget_checkouts
from shuke.apps.loyalty.operations.checkout.keys import Call
from shuke.apps.loyalty.operations.checkout.rates import set_points_rate
from shuke.apps.loyalty.operations.checkout.reserving import reserve_basket
from shuke.apps.loyalty.operations.checkout.returning import return_goods

__all__ = [
    "Call",
    "commit_reservation",
    "end_reservations",
    "forget_checkouts",
    "release_reservation",
    "reserve_basket",
    "return_goods",
    "set_points_rate",
]
