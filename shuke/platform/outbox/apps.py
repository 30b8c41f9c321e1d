from django.apps import AppConfig


class OutboxConfig(AppConfig):
    name = "shuke.platform.outbox"
    label = "outbox"
