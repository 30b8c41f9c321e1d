from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "shuke.platform.accounts"
    label = "accounts"
