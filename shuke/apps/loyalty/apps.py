from django.apps import AppConfig


class LoyaltyConfig(AppConfig):
    name = "shuke.apps.loyalty"
    label = "loyalty"

    def ready(self) -> None:
        """Let points follow merged members."""
        from shuke.apps.identity.operations import register_follower
        from shuke.apps.loyalty.operations import merge_wallets, unmerge_wallets

        register_follower("loyalty", merge=merge_wallets, unmerge=unmerge_wallets)
