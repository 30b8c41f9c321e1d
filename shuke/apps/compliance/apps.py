from datetime import datetime

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


class ComplianceConfig(AppConfig):
    name = "shuke.apps.compliance"
    label = "compliance"

    def ready(self) -> None:
        """Show consents on the page of a member, take consents in, run by night, and give codes their words."""
        from shuke.apps.compliance import pages, subscribers, tasks  # noqa: F401

        pages.register()
        self._name_consents()
        self._name_erasures()
        self._name_tables()
        self._keep_places()

    @staticmethod
    def _name_consents() -> None:
        from shuke.web.labels import register_labels

        register_labels("consent_state", {"void": (_("Written down by mistake"), "grey")})
        register_labels(
            "consent_source",
            {
                "console": (_("console"), "grey"),
                "api": (_("API"), "grey"),
                "preference_centre": (_("own page"), "grey"),
                "unsubscribe_link": (_("unsubscribe link"), "grey"),
            },
        )
        register_labels("channel", {"phone": (_("Phone call"), "grey"), "site": (_("Web site"), "grey")})
        register_labels(
            "purpose",
            {
                "analytics": (_("Statistics"), "grey"),
                "advertising": (_("Advertising elsewhere"), "yellow"),
                "profiling": (_("Personal offers"), "purple"),
            },
        )
        register_labels(
            "suppression_reason",
            {"legal": (_("Required by law"), "red"), "asked": (_("Asked for"), "yellow")},
        )

    @staticmethod
    def _name_erasures() -> None:
        from shuke.web.labels import register_labels

        register_labels(
            "erasure_step",
            {
                "waiting": (pgettext_lazy("erasure", "Waits for the night"), "grey"),
                "outbox": (pgettext_lazy("erasure", "Facts on their way"), "yellow"),
                "replay_list": (pgettext_lazy("erasure", "List for backups"), "yellow"),
                "lake": (pgettext_lazy("erasure", "Emptying the lake"), "yellow"),
                "files": (pgettext_lazy("erasure", "Searching files"), "yellow"),
                "database": (pgettext_lazy("erasure", "Cleaning the database"), "yellow"),
                "settling": (pgettext_lazy("erasure", "Erased"), "blue"),
                "done": (pgettext_lazy("erasure", "Erased for good"), "green"),
                "cancelled": (pgettext_lazy("erasure", "Taken back"), "grey"),
            },
        )
        register_labels(
            "erasure_reason",
            {
                "asked": (_("The member asked for it"), "grey"),
                "replay": (_("Came back with a backup"), "yellow"),
            },
        )
        register_labels(
            "erasure_count",
            {
                "lake_rows": (_("facts"), "grey"),
                "outbox_facts": (_("facts on their way"), "grey"),
                "places_connections": (_("files and rows put aside"), "grey"),
                "places_collector": (_("stored events"), "grey"),
                "places_compliance": (_("listed addresses"), "grey"),
            },
        )
        register_labels(
            "task",
            {
                "shuke.apps.compliance.tasks.forget_people": (_("Forget people"), "grey"),
                "shuke.apps.compliance.tasks.delete_what_is_old": (_("Delete what is old"), "grey"),
                "shuke.apps.compliance.tasks.hear_linked_devices": (
                    _("Take over decisions of devices"),
                    "grey",
                ),
            },
        )

    @staticmethod
    def _name_tables() -> None:
        from shuke.web.labels import register_labels

        register_labels(
            "lake_table",
            {
                "events": (_("Behaviour"), "grey"),
                "messages": (_("Messages"), "grey"),
                "exposures": (_("Who was chosen for campaigns"), "grey"),
                "orders": (_("Orders"), "grey"),
                "order_lines": (_("What was bought"), "grey"),
                "refunds": (_("Refunds"), "grey"),
                "voucher_events": (_("Vouchers"), "grey"),
                "rejected_rows": (_("Rows put aside"), "grey"),
            },
        )

    @staticmethod
    def _keep_places() -> None:
        """The audit and uploads age as well; facts of the lake do by their tables."""
        from shuke.apps.connections.operations import delete_old_uploads
        from shuke.apps.connections.queries import stored_uploads
        from shuke.platform.audit.operations import delete_entries
        from shuke.platform.audit.queries import entries_before
        from shuke.platform.retention import Place, register_place

        def delete_uploads(before: datetime) -> int:
            return delete_old_uploads(at=before, keep_days=0)

        register_place(
            Place("audit", _("Audit"), None, count=entries_before, delete=delete_entries, least_days=365)
        )
        register_place(Place("uploads", _("Uploaded files"), 14, count=stored_uploads, delete=delete_uploads))
