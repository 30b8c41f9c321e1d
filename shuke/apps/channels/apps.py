from django.apps import AppConfig


class ChannelsConfig(AppConfig):
    name = "shuke.apps.channels"
    label = "channels"
