from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


class CommerceConfig(AppConfig):
    name = "shuke.apps.commerce"
    label = "commerce"

    def ready(self) -> None:
        """Keep receivers of imported orders, and give the states of an order their words."""
        from shuke.apps.commerce import subscribers  # noqa: F401
        from shuke.web.labels import register_labels

        register_labels(
            "payment_status",
            {
                "pending": (_("Unpaid"), "yellow"),
                "authorized": (_("Authorised"), "blue"),
                "paid": (_("Paid"), "green"),
                "partially_refunded": (_("Partly refunded"), "yellow"),
                "refunded": (_("Refunded"), "red"),
                "void": (_("Void"), "grey"),
            },
        )
        register_labels(
            "fulfilment_status",
            {
                "unfulfilled": (_("Not sent"), "grey"),
                "partial": (_("Partly sent"), "yellow"),
                "shipped": (_("Shipped"), "blue"),
                "delivered": (pgettext_lazy("delivery", "Delivered"), "green"),
                "picked_up": (_("Picked up"), "green"),
            },
        )
        register_labels(
            "order_status",
            {
                "open": (_("Open"), "blue"),
                "completed": (_("Completed"), "green"),
                "cancelled": (_("Cancelled"), "red"),
            },
        )
