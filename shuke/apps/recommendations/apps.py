from django.apps import AppConfig


class RecommendationsConfig(AppConfig):
    name = "shuke.apps.recommendations"
    label = "recommendations"
