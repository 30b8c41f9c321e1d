from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


class MembersConfig(AppConfig):
    name = "shuke.apps.members"
    label = "members"

    def ready(self) -> None:
        """Say what attributes of people, the ways they became known and happenings are called."""
        self._name_attributes()
        self._name_happenings()

    def _name_attributes(self) -> None:
        from shuke.web.labels import register_labels

        register_labels(
            "attribute",
            {
                "age_group": (_("Age group"), "grey"),
                "birthday": (_("Birthday"), "grey"),
                "city": (_("City"), "grey"),
                "gender": (_("Gender"), "grey"),
                "home_owner": (_("Owns a home"), "grey"),
                "household_comp": (_("Household"), "grey"),
                "household_size": (_("Household size"), "grey"),
                "income_group": (_("Income group"), "grey"),
                "joined_on": (_("Joined"), "grey"),
                "kids_count": (_("Children"), "grey"),
                "language": (_("Language"), "grey"),
                "marital_status": (_("Marital status"), "grey"),
                "occupation": (_("Occupation"), "grey"),
                "postcode": (_("Postcode"), "grey"),
                "province": (_("Province"), "grey"),
                "region": (_("Region"), "grey"),
            },
        )
        register_labels(
            "attribute:gender",
            {
                "female": (pgettext_lazy("gender", "Female"), "grey"),
                "male": (pgettext_lazy("gender", "Male"), "grey"),
            },
        )
        register_labels(
            "data_source",
            {
                "api": (_("by API"), "grey"),
                "collector": (_("by events"), "grey"),
                "console": (_("in the console"), "grey"),
                "import": (_("by file"), "grey"),
                "sync": (_("synchronised"), "grey"),
            },
        )

    def _name_happenings(self) -> None:
        from shuke.web.labels import register_labels

        register_labels(
            "timeline_kind",
            {
                "voucher": (_("Vouchers"), "yellow"),
                "exposure": (_("Control groups"), "grey"),
                "identity": (_("Identity"), "purple"),
            },
        )
        register_labels(
            "voucher_event",
            {
                "issued": (_("Voucher received"), "blue"),
                "claimed": (_("Voucher collected"), "blue"),
                "reserved": (_("Voucher put to an order"), "yellow"),
                "redeemed": (_("Voucher redeemed"), "green"),
                "released": (_("Voucher given back"), "grey"),
                "expired": (_("Voucher expired"), "grey"),
                "cancelled": (_("Voucher cancelled"), "red"),
            },
        )
        register_labels(
            "payment_status",
            {
                "pending": (_("Not paid"), "yellow"),
                "authorized": (_("Payment promised"), "yellow"),
                "paid": (_("Paid"), "green"),
                "partially_refunded": (_("Partly refunded"), "yellow"),
                "refunded": (_("Refunded"), "red"),
                "void": (_("Payment void"), "red"),
            },
        )
