"""Imports and connections over the API."""

from ninja import Router

from shuke.apps.connections.api import connecting, imports

router = Router()
router.add_router("", imports.router)
router.add_router("", connecting.router)
