"""Work of the programme in the background: one module per area."""

from shuke.apps.loyalty.tasks import benefits, care, checkout, earning, tiers

__all__ = ["benefits", "care", "checkout", "earning", "tiers"]
