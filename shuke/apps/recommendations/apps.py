from django.apps import AppConfig


class RecommendationsConfig(AppConfig):
    name = "shuke.apps.recommendations"
    label = "recommendations"

    def ready(self) -> None:
        """Name what the app shows."""
        from shuke.apps.recommendations.pages import online_words, slot_words

        online_words.register()
        slot_words.register()
