from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


class QualityConfig(AppConfig):
    name = "shuke.apps.quality"
    label = "quality"

    def ready(self) -> None:
        """Look after every import, and give rules, states and parts of the score their words."""
        from shuke.apps.quality import tasks  # noqa: F401
        from shuke.web.labels import register_labels

        register_labels(
            "quality_rule",
            {
                "sum_mismatch": (_("Lines do not add up to what was paid"), "red"),
                "repeated_order": (_("The same order twice within minutes"), "yellow"),
                "far_quantity": (_("Pieces far from what is usual"), "yellow"),
                "far_price": (_("Price far from what is usual"), "yellow"),
                "unknown_product": (_("Sold, but in no list of products"), "blue"),
                "alike_products": (_("One product under two numbers"), "blue"),
                "rejected_rows": (_("Rows put aside"), "red"),
                "mistyped_email": (_("E-mail probably mistyped"), "yellow"),
                "odd_birthday": (_("Birthday that cannot be"), "grey"),
                "odd_name": (_("Name that names nobody"), "grey"),
            },
        )
        register_labels(
            "quality_state",
            {
                "open": (pgettext_lazy("issue", "Open"), "blue"),
                "accepted": (pgettext_lazy("issue", "Is right so"), "green"),
                "ignored": (pgettext_lazy("issue", "Ignored"), "grey"),
                "corrected": (pgettext_lazy("issue", "Corrected"), "green"),
                "mended": (pgettext_lazy("issue", "Mended at the source"), "green"),
            },
        )
        register_labels(
            "correction_state",
            {
                "applying": (pgettext_lazy("correction", "Being written"), "yellow"),
                "applied": (pgettext_lazy("correction", "In force"), "green"),
                "reverting": (pgettext_lazy("correction", "Being taken back"), "yellow"),
                "reverted": (pgettext_lazy("correction", "Taken back"), "grey"),
                "superseded": (pgettext_lazy("correction", "The source spoke later"), "grey"),
            },
        )
        register_labels(
            "task", {"shuke.apps.quality.tasks.look_at_quality": (_("Look at data quality"), "grey")}
        )
        register_labels(
            "quality_part",
            {
                "complete": (_("Complete"), "grey"),
                "valid": (_("Valid"), "grey"),
                "unique": (_("Unique"), "grey"),
                "plausible": (_("Plausible"), "grey"),
                "consistent": (_("Consistent"), "grey"),
            },
        )
