"""Recommendations over the API: one module per area."""

from ninja import Router

router = Router()
