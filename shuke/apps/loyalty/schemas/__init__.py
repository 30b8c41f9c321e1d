"""What others see of the programme: one module per area."""

from shuke.apps.loyalty.schemas.ledger import (
    Balances,
    LotView,
    PointsTypeView,
    PostingOutcome,
    Request,
    TransactionView,
    WalletView,
)

__all__ = [
    "Balances",
    "LotView",
    "PointsTypeView",
    "PostingOutcome",
    "Request",
    "TransactionView",
    "WalletView",
]
