from django.apps import AppConfig


class PromotionsConfig(AppConfig):
    name = "shuke.apps.promotions"
    label = "promotions"
