from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class CollectorConfig(AppConfig):
    name = "shuke.apps.collector"
    label = "collector"

    def ready(self) -> None:
        """Give sources, keys, events and what broke a plan their words."""
        from shuke.apps.collector.queries.sources import source_names
        from shuke.web.labels import register_labels
        from shuke.web.panels import register_names

        register_names("source", source_names)

        register_labels(
            "source_kind",
            {"web": (_("Website"), "blue"), "mobile": (_("App"), "purple"), "server": (_("Server"), "grey")},
        )
        register_labels(
            "source_state",
            {
                "receiving": (_("Receiving"), "green"),
                "waiting": (_("Nothing yet"), "yellow"),
                "closed": (_("Closed"), "grey"),
            },
        )
        register_labels(
            "key_role",
            {
                "server": (_("Secret, for servers"), "grey"),
                "web": (_("Public, for pages and apps"), "blue"),
                "trusted_web": (_("Public, and believed"), "yellow"),
            },
        )
        register_labels(
            "event_state", {"accepted": (_("Taken in"), "green"), "quarantined": (_("Put aside"), "red")}
        )
        register_labels(
            "event_type",
            {
                "track": (_("Action"), "grey"),
                "page": (_("Page"), "grey"),
                "screen": (_("Screen"), "grey"),
                "identify": (_("Identification"), "grey"),
                "group": (_("Group"), "grey"),
                "alias": (_("Same person"), "grey"),
            },
        )
        self._name_plans()

    def _name_plans(self) -> None:
        """Give what plans expect, and what broke them, their words."""
        from shuke.web.labels import register_labels

        register_labels(
            "property_type",
            {
                "text": (_("text"), "grey"),
                "number": (_("number"), "grey"),
                "integer": (_("whole number"), "grey"),
                "boolean": (_("yes or no"), "grey"),
                "time": (_("time"), "grey"),
                "list": (_("list"), "grey"),
                "object": (_("object"), "grey"),
            },
        )
        register_labels(
            "plan_violation",
            {
                "unexpected_event": (_("Event not expected"), "yellow"),
                "missing_property": (_("Property missing"), "red"),
                "wrong_type": (_("Property of another type"), "red"),
                "unexpected_property": (_("Property not expected"), "yellow"),
            },
        )
        register_labels(
            "violation_trend",
            {"more": (_("more"), "red"), "fewer": (_("fewer"), "green"), "flat": (_("as before"), "grey")},
        )
