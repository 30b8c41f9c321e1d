from django.apps import AppConfig


class InsightsConfig(AppConfig):
    name = "shuke.apps.insights"
    label = "insights"

    def ready(self) -> None:
        """Listen to imports."""
        from shuke.apps.insights import tasks  # noqa: F401
