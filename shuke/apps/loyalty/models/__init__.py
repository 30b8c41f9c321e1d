"""The rows of the loyalty programme."""

from shuke.apps.loyalty.models.benefits import (
    BenefitCostMonth,
    BenefitCounter,
    BenefitHold,
    BenefitMove,
    BenefitTerms,
    BenefitUse,
    OwnPage,
)
from shuke.apps.loyalty.models.care import Adjustment, ExpiryReminder, LedgerHead, Verification
from shuke.apps.loyalty.models.checkout import CheckoutCall, CheckoutReturn, PointsRate, Receipt, Reservation
from shuke.apps.loyalty.models.earning import (
    EarningCount,
    EarningPosition,
    EarningVersion,
    EventEarning,
    OrderEarning,
)
from shuke.apps.loyalty.models.exchanges import VoucherExchange
from shuke.apps.loyalty.models.finance import LedgerAccountName, PointsCost
from shuke.apps.loyalty.models.ledger import (
    LotMove,
    PointsEntry,
    PointsHold,
    PointsLot,
    PointsTransaction,
    PointsType,
    Wallet,
)
from shuke.apps.loyalty.models.plans import PaidChange, PaidTerm, Plan
from shuke.apps.loyalty.models.tiers import (
    TierInvitation,
    TierMembership,
    TierProgram,
    TierStanding,
    TierTrial,
    TierTrialMove,
    TierVersion,
)

__all__ = [
    "Adjustment",
    "BenefitCostMonth",
    "BenefitCounter",
    "BenefitHold",
    "BenefitMove",
    "BenefitTerms",
    "BenefitUse",
    "CheckoutCall",
    "CheckoutReturn",
    "EarningCount",
    "EarningPosition",
    "EarningVersion",
    "EventEarning",
    "ExpiryReminder",
    "LedgerAccountName",
    "LedgerHead",
    "LotMove",
    "OrderEarning",
    "OwnPage",
    "PaidChange",
    "PaidTerm",
    "Plan",
    "PointsCost",
    "PointsEntry",
    "PointsHold",
    "PointsLot",
    "PointsRate",
    "PointsTransaction",
    "PointsType",
    "Receipt",
    "Reservation",
    "TierInvitation",
    "TierMembership",
    "TierProgram",
    "TierStanding",
    "TierTrial",
    "TierTrialMove",
    "TierVersion",
    "Verification",
    "VoucherExchange",
    "Wallet",
]
