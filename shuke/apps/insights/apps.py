from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class InsightsConfig(AppConfig):
    name = "shuke.apps.insights"
    label = "insights"

    def ready(self) -> None:
        """Listen to imports, and give background work its words."""
        from shuke.apps.insights import tasks  # noqa: F401
        from shuke.apps.insights.pages import affinity, forecast, kind_words, layers, lifetime, replenishment
        from shuke.web.labels import register_labels

        forecast.register()
        layers.register()
        lifetime.register()
        affinity.register()
        replenishment.register()
        kind_words.register()
        register_labels(
            "task",
            {
                "shuke.apps.insights.tasks.build_traits_of_yesterday": (
                    _("Build the traits of yesterday"),
                    "grey",
                ),
                "shuke.apps.insights.tasks.make_study": (_("Answer a question of insights"), "grey"),
                "shuke.apps.insights.tasks.score_anew": (_("Score members by new borders"), "grey"),
                "shuke.apps.insights.tasks.queue_nightly_studies": (
                    _("Queue the night's questions"),
                    "grey",
                ),
            },
        )
