from django.apps import AppConfig


class AudiencesConfig(AppConfig):
    name = "shuke.apps.audiences"
    label = "audiences"
