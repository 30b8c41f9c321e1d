from django.apps import AppConfig


class CampaignsConfig(AppConfig):
    name = "shuke.apps.campaigns"
    label = "campaigns"
