from django.apps import AppConfig


class RetailerConfig(AppConfig):
    name = "shuke.platform.retailer"
    label = "retailer"
