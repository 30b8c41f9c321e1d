from django.apps import AppConfig


class LoyaltyConfig(AppConfig):
    name = "shuke.apps.loyalty"
    label = "loyalty"
