from django.apps import AppConfig


class ExperimentsConfig(AppConfig):
    name = "shuke.apps.experiments"
    label = "experiments"
