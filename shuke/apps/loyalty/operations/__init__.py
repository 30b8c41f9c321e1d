"""Every change of the loyalty programme."""

from shuke.apps.loyalty.operations.forgetting import forget_notes
from shuke.apps.loyalty.operations.points import (
    adjust_points,
    award_points,
    claw_back_points,
    commit_hold,
    give_back_points,
    hold_points,
    release_hold,
    reverse_transaction,
    transfer_points,
)
from shuke.apps.loyalty.operations.settling import settle_wallets
from shuke.apps.loyalty.operations.types import define_points_type

__all__ = [
    "adjust_points",
    "award_points",
    "claw_back_points",
    "commit_hold",
    "define_points_type",
    "forget_notes",
    "give_back_points",
    "hold_points",
    "release_hold",
    "reverse_transaction",
    "settle_wallets",
    "transfer_points",
]
