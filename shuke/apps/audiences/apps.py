from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class AudiencesConfig(AppConfig):
    name = "shuke.apps.audiences"
    label = "audiences"

    def ready(self) -> None:
        """Give background work its words, the list of members its filter, and funnels their audiences."""
        from shuke.apps.audiences import pages
        from shuke.apps.audiences.queries import audience_names, audience_tables
        from shuke.apps.insights.queries import register_audiences
        from shuke.web.labels import register_labels

        pages.register()
        register_audiences(lambda: dict(audience_names()), audience_tables)
        register_labels(
            "task", {"shuke.apps.audiences.tasks.count_audiences": (_("Count the audiences"), "grey")}
        )
