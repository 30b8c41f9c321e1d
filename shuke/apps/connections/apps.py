from django.apps import AppConfig


class ConnectionsConfig(AppConfig):
    name = "shuke.apps.connections"
    label = "connections"
