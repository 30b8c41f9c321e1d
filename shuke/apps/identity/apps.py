from django.apps import AppConfig


class IdentityConfig(AppConfig):
    name = "shuke.apps.identity"
    label = "identity"
