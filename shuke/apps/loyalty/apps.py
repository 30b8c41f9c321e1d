from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


class LoyaltyConfig(AppConfig):
    name = "shuke.apps.loyalty"
    label = "loyalty"

    def ready(self) -> None:
        """Let points follow merged members."""
        from shuke.apps.identity.operations import register_follower
        from shuke.apps.loyalty.operations import merge_wallets, unmerge_wallets
        from shuke.apps.loyalty.pages import benefits_member, exchanges_member, tiers_member
        from shuke.apps.loyalty.queries.exchanges import spendable_names
        from shuke.apps.promotions.queries import register_points

        register_points(spendable_names)
        tiers_member.register()
        benefits_member.register()
        exchanges_member.register()
        register_follower("loyalty", merge=merge_wallets, unmerge=unmerge_wallets)
        _care_for_points()
        _name_checkouts()
        _name_earning()
        _name_finance()


def _care_for_points() -> None:
    """The member's card of points, and the words of the ledger."""
    from shuke.apps.loyalty import tasks  # noqa: F401 - what is asked for on a page is queued there
    from shuke.apps.loyalty.pages import ledger_words, statement

    ledger_words.register()
    statement.register()


def _name_checkouts() -> None:
    """Words of the checkout, and receipts on a member's timeline."""
    from shuke.apps.loyalty.pages import checkout_words

    checkout_words.register()


def _name_earning() -> None:
    """Words of earning."""
    from shuke.apps.loyalty.pages import earning_words

    earning_words.register()


def _name_finance() -> None:
    """Words of points finance."""
    from shuke.web.labels import register_labels

    register_labels(
        "points_movement",
        {
            "issued": (pgettext_lazy("points", "Issued"), "green"),
            "redeemed": (pgettext_lazy("points", "Redeemed"), "blue"),
            "breakage": (pgettext_lazy("points", "Expired"), "grey"),
            "clawback": (_("Taken back"), "yellow"),
            "adjustment": (pgettext_lazy("points", "By hand"), "yellow"),
            "transfer": (_("Between members"), "grey"),
            "write_off": (_("Written off"), "grey"),
            "revaluation": (_("Revaluation"), "blue"),
        },
    )
    register_labels(
        "audit_noun",
        {
            "points_cost": (_("Worth of a point"), "grey"),
            "journal_accounts": (_("Accounts of the journal"), "grey"),
        },
    )
