from django.apps import AppConfig


class ConnectionsConfig(AppConfig):
    name = "shuke.apps.connections"
    label = "connections"

    def ready(self) -> None:
        from shuke.apps.connections import tasks  # noqa: F401
