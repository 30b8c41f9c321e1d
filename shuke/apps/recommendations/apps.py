from django.apps import AppConfig


class RecommendationsConfig(AppConfig):
    name = "shuke.apps.recommendations"
    label = "recommendations"

    def ready(self) -> None:
        """Name what the app shows."""
        from shuke.apps.recommendations import tasks  # noqa: F401
        from shuke.apps.recommendations.pages import (
            bundle_words,
            comparison_words,
            coverage,
            member_panel,
            online_words,
            panels,
            slot_words,
        )

        bundle_words.register()
        member_panel.register()
        online_words.register()
        panels.register()
        slot_words.register()
        comparison_words.register()
        coverage.register()
