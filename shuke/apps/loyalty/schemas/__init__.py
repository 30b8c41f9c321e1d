"""What others see of the programme: one module per area."""

from shuke.apps.loyalty.schemas.benefits import (
    BenefitReservation,
    BenefitTermsView,
    BenefitUsage,
    BenefitUseView,
    Entitlement,
    MemberBenefits,
)
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
    "BenefitReservation",
    "BenefitTermsView",
    "BenefitUsage",
    "BenefitUseView",
    "Entitlement",
    "LotView",
    "MemberBenefits",
    "PointsTypeView",
    "PostingOutcome",
    "Request",
    "TransactionView",
    "WalletView",
]
