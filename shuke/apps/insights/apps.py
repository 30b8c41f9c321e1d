from django.apps import AppConfig


class InsightsConfig(AppConfig):
    name = "shuke.apps.insights"
    label = "insights"
