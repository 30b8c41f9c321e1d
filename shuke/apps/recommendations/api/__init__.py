"""Recommendations over the API: one module per area."""

from ninja import Router

from shuke.apps.recommendations.api.bundles import router as bundles
from shuke.apps.recommendations.api.coverage import router as coverage
from shuke.apps.recommendations.api.evaluations import router as evaluations
from shuke.apps.recommendations.api.online import router as online
from shuke.apps.recommendations.api.serving import router as serving
from shuke.apps.recommendations.api.slots import router as slots

router = Router()
router.add_router("", bundles)
router.add_router("", coverage)
router.add_router("", evaluations)
router.add_router("", online)
router.add_router("", slots)
# Last: a slot's address is one word, and every other address comes before it.
router.add_router("", serving)
