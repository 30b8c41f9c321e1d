from django.apps import AppConfig


class PublicDataConfig(AppConfig):
    name = "shuke.platform.public_data"
    label = "public_data"
