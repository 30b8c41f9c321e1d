from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class InsightsConfig(AppConfig):
    name = "shuke.apps.insights"
    label = "insights"

    def ready(self) -> None:
        """Listen to imports, and give background work its words."""
        from shuke.apps.insights import tasks  # noqa: F401
        from shuke.apps.insights.pages import (
            affinity,
            forecast,
            funnels,
            kind_words,
            layers,
            lifetime,
            replenishment,
        )
        from shuke.apps.insights.queries.rfm import own_segment_words
        from shuke.web.labels import register_labels, register_own_words

        register_own_words("rfm_segment", own_segment_words)
        forecast.register()
        funnels.register()
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
                "shuke.apps.insights.tasks.make_funnel": (_("Count a funnel"), "grey"),
                "shuke.apps.insights.tasks.score_anew": (_("Score members by new borders and rules"), "grey"),
                "shuke.apps.insights.tasks.queue_nightly_studies": (
                    _("Queue the night's questions"),
                    "grey",
                ),
            },
        )
