"""The programme over the API: one module per area."""

from ninja import Router

from shuke.apps.loyalty.api.benefits import router as benefits_router
from shuke.apps.loyalty.api.checkout import router as checkout_router
from shuke.apps.loyalty.api.earning import router as earning_router
from shuke.apps.loyalty.api.exchanges import router as exchanges_router
from shuke.apps.loyalty.api.finance import router as finance_router
from shuke.apps.loyalty.api.points import router as points_router
from shuke.apps.loyalty.api.tiers import router as tiers_router

router = Router()
router.add_router("", points_router)
router.add_router("", tiers_router)
router.add_router("", earning_router)
router.add_router("/checkout", checkout_router)
router.add_router("", exchanges_router)
router.add_router("/points-finance", finance_router)
router.add_router("", benefits_router)
