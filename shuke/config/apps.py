from django.apps import AppConfig


class RootConfig(AppConfig):
    name = "shuke.config"
    label = "root"
