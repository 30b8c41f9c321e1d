"""Recommendations over the API: one module per area."""

from ninja import Router

from shuke.apps.recommendations.api.serving import router as serving

router = Router()
# Last: a slot's address is one word, and every other address comes before it.
router.add_router("", serving)
