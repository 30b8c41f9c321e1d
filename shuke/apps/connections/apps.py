from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ConnectionsConfig(AppConfig):
    name = "shuke.apps.connections"
    label = "connections"

    def ready(self) -> None:
        """Give kinds of files and states of imports their words, and let requested imports be queued."""
        from shuke.apps.connections import tasks  # noqa: F401
        from shuke.apps.connections.queries.accounts import account_names
        from shuke.sources.files.layouts import LAYOUTS
        from shuke.web.labels import register_labels
        from shuke.web.panels import register_names

        register_names("account", account_names)

        register_labels(
            "import_kind",
            {
                "members": (_("Members"), "green"),
                "products": (_("Products"), "grey"),
                "stores": (_("Stores"), "grey"),
                "listings": (_("Listings"), "grey"),
                "stock": (_("Stock"), "green"),
                "orders": (_("Orders, one row per line"), "blue"),
                "order_headers": (_("Orders without lines"), "blue"),
                "order_lines": (_("Lines of known orders"), "blue"),
                "refunds": (_("Refunds"), "yellow"),
                "campaign_history": (_("Campaign history"), "purple"),
                "voucher_history": (_("Voucher history"), "purple"),
                "costs": (_("Costs"), "yellow"),
                "events": (_("Events"), "grey"),
                "consents": (_("Consents"), "green"),
                "suppressions": (_("Suppressed addresses"), "red"),
            },
        )
        register_labels(
            "import_layout", {name: (_(layout.label), "blue") for name, layout in LAYOUTS.items()}
        )
        register_labels(
            "import_state",
            {
                "uploaded": (_("Uploaded"), "grey"),
                "checked": (_("Checked"), "blue"),
                "running": (_("Running"), "yellow"),
                "done": (_("Done"), "green"),
                "failed": (_("Failed"), "red"),
            },
        )
        self._name_connections()
        self._name_tables()

    @staticmethod
    def _name_tables() -> None:
        """Words for tables, and for what runs in the background."""
        from shuke.web.labels import register_labels

        register_labels(
            "import_table",
            {
                "orders": (_("Orders"), "blue"),
                "order_lines": (_("Order lines"), "blue"),
                "refunds": (_("Refunds"), "yellow"),
                "products": (_("Products"), "grey"),
                "stores": (_("Stores"), "grey"),
                "listings": (_("Listings"), "grey"),
                "stock_levels": (_("Stock"), "green"),
                "voucher_events": (_("Voucher history"), "purple"),
                "costs": (_("Costs"), "yellow"),
                "events": (_("Events"), "grey"),
            },
        )
        register_labels(
            "task",
            {
                "shuke.apps.connections.tasks.run_import": (_("Take a file in"), "grey"),
                "shuke.apps.connections.tasks.run_small_import": (_("Take a file in"), "grey"),
                "shuke.apps.connections.tasks.delete_uploads": (_("Delete old uploads"), "grey"),
                "shuke.apps.connections.tasks.synchronise": (_("Synchronise a shop"), "grey"),
                "shuke.apps.connections.tasks.start_syncs": (_("Start synchronising what is due"), "grey"),
                "shuke.apps.connections.tasks.forget_runs": (_("Clear away old runs"), "grey"),
            },
        )

    @staticmethod
    def _name_connections() -> None:
        """Words for connections and their runs."""
        from shuke.web.labels import register_labels

        register_labels(
            "connection_state", {"active": (_("Active"), "green"), "paused": (_("Paused"), "grey")}
        )
        register_labels(
            "sync_state",
            {
                "queued": (_("Queued"), "blue"),
                "running": (_("Running"), "yellow"),
                "waiting": (_("Waiting for the shop"), "yellow"),
                "done": (_("Done"), "green"),
                "failed": (_("Failed"), "red"),
            },
        )
        register_labels(
            "sync_stream",
            {
                "members": (_("Customers"), "green"),
                "products": (_("Products"), "grey"),
                "stock": (_("Stock"), "grey"),
                "stores": (_("Stores"), "grey"),
                "orders": (_("Orders and refunds"), "blue"),
                "refunds": (_("Refunds"), "yellow"),
            },
        )
        register_labels(
            "sync_part",
            {
                "pull": (_("What changed"), "blue"),
                "recent": (_("Recent ones looked at again"), "grey"),
                "listed": (_("Search for deleted ones"), "grey"),
                "webhooks": (_("Told by webhooks"), "purple"),
            },
        )
        register_labels(
            "sync_trigger",
            {
                "schedule": (_("By schedule"), "grey"),
                "person": (_("By hand"), "blue"),
                "webhook": (_("By a webhook"), "purple"),
            },
        )
        register_labels(
            "sync_note",
            {
                "too_many_missing": (
                    _(
                        "More than half of the records are missing in the shop's list. Nothing was closed: check "
                        "the shop, and the rights of the key."
                    ),
                    "red",
                )
            },
        )
