"""What the demonstration's recommendations are fitted on."""

from datetime import datetime

from shuke.apps.recommendations.operations.fitting import change_bundle_settings, request_bundle
from shuke.apps.recommendations.queries.bundles import bundle_settings
from shuke.platform.permissions import SYSTEM

#: Departments of the year's range that stand on receipts and are no offers.
LEFT_OUT = ("COUPON", "FUEL", "MISCELLANEOUS")


def ask_for_bundle(*, at: datetime) -> None:
    """Leave out what is no offer, and have the first bundle fitted once the console runs."""
    settings = bundle_settings()
    if not settings.left_out_departments:
        chosen = settings.model_copy(update={"left_out_departments": list(LEFT_OUT)})
        change_bundle_settings(actor=SYSTEM, at=at, settings=chosen)
    request_bundle(actor=SYSTEM, at=at)
