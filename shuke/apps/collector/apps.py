from django.apps import AppConfig


class CollectorConfig(AppConfig):
    name = "shuke.apps.collector"
    label = "collector"
