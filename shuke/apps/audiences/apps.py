from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class AudiencesConfig(AppConfig):
    name = "shuke.apps.audiences"
    label = "audiences"

    def ready(self) -> None:
        """Give background work its words, and the list of members its filter."""
        from shuke.apps.audiences import pages
        from shuke.web.labels import register_labels

        pages.register()

        register_labels(
            "task", {"shuke.apps.audiences.tasks.count_audiences": (_("Count the audiences"), "grey")}
        )
