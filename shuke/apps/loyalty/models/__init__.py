"""The rows of the loyalty programme."""

from shuke.apps.loyalty.models.ledger import (
    LotMove,
    PointsEntry,
    PointsHold,
    PointsLot,
    PointsTransaction,
    PointsType,
    Wallet,
)

__all__ = [
    "LotMove",
    "PointsEntry",
    "PointsHold",
    "PointsLot",
    "PointsTransaction",
    "PointsType",
    "Wallet",
]
