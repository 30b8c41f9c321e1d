"""Work of the programme in the background: one module per area."""

from shuke.apps.loyalty.tasks import care, checkout

__all__ = ["care", "checkout"]
