from django.apps import AppConfig


class CommerceConfig(AppConfig):
    name = "shuke.apps.commerce"
    label = "commerce"
