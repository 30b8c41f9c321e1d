from django.apps import AppConfig
from django.utils.module_loading import autodiscover_modules


class RootConfig(AppConfig):
    name = "shuke.config"
    label = "root"

    def ready(self) -> None:
        """Load what every app hands out and erases."""
        autodiscover_modules("privacy")
