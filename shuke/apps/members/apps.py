from django.apps import AppConfig


class MembersConfig(AppConfig):
    name = "shuke.apps.members"
    label = "members"
