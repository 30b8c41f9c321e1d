from django.apps import AppConfig


class IdentityConfig(AppConfig):
    name = "shuke.apps.identity"
    label = "identity"

    def ready(self) -> None:
        from shuke.apps.identity import pages, subscribers, tasks  # noqa: F401

        pages.register()
