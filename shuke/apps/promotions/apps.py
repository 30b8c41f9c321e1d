from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


class PromotionsConfig(AppConfig):
    name = "shuke.apps.promotions"
    label = "promotions"

    def ready(self) -> None:
        """Say what kinds, states and steps are called, and what vouchers show on the page of a member."""
        from shuke.apps.promotions import pages
        from shuke.apps.promotions.queries import definition_names
        from shuke.web.labels import register_labels
        from shuke.web.panels import register_names

        register_labels("voucher_kind", KINDS)
        register_labels("voucher_state", STATES)
        register_labels("voucher_event", EVENTS)
        register_labels("voucher_definition_status", STATUSES)
        register_labels("voucher_batch_kind", BATCH_KINDS)
        register_labels("voucher_batch_state", BATCH_STATES)
        register_labels("voucher_class", CLASSES)
        register_labels("voucher_limit", LIMITS)
        register_labels("audit_noun", NOUNS)
        register_labels("audit_act", ACTS)
        register_labels("task", TASKS)
        register_names("voucher_definition", definition_names)
        pages.register()


KINDS = {
    "amount": (_("Amount off"), "green"),
    "percent": (_("Percent off"), "blue"),
    "gift": (pgettext_lazy("voucher", "Gift"), "purple"),
    "shipping": (_("Free shipping"), "yellow"),
}
STATES = {
    "issued": (pgettext_lazy("voucher", "Issued"), "grey"),
    "claimed": (pgettext_lazy("voucher", "In hand"), "blue"),
    "reserved": (pgettext_lazy("voucher", "Held by a purchase"), "yellow"),
    "redeemed": (pgettext_lazy("voucher", "Used"), "green"),
    "gifted": (pgettext_lazy("voucher", "Passed on"), "purple"),
    "expired": (pgettext_lazy("voucher", "Expired"), "grey"),
    "cancelled": (pgettext_lazy("voucher", "Cancelled"), "red"),
}
#: The page of a member names the others (``shuke.apps.members``).
EVENTS = {
    "gifted": (_("Voucher passed on"), "purple"),
    "returned": (_("Voucher came back with its purchase"), "blue"),
}
STATUSES = {
    "draft": (pgettext_lazy("voucher definition", "Draft"), "grey"),
    "published": (pgettext_lazy("voucher definition", "Published"), "green"),
    "ended": (pgettext_lazy("voucher definition", "Ended"), "red"),
}
BATCH_KINDS = {
    "bulk": (_("Unique codes"), "grey"),
    "audience": (_("Issue to an audience"), "blue"),
    "single": (_("One by one"), "grey"),
    "shared": (_("Shared code"), "purple"),
}
BATCH_STATES = {
    "making": (pgettext_lazy("voucher batch", "Being made"), "yellow"),
    "whole": (pgettext_lazy("voucher batch", "Whole"), "green"),
    "cancelling": (pgettext_lazy("voucher batch", "Being cancelled"), "yellow"),
    "cancelled": (pgettext_lazy("voucher batch", "Cancelled"), "red"),
}
CLASSES = {
    "lines": (_("1 · Amount off chosen goods"), "grey"),
    "percent": (_("2 · Percent"), "grey"),
    "basket": (_("3 · Amount off the basket"), "grey"),
    "shipping": (_("4 · Shipping"), "grey"),
    "gift": (_("5 · Gift"), "grey"),
    "alone": (_("Alone: goes with no other voucher"), "grey"),
}
LIMITS = {
    "uses": (_("Uses"), "grey"),
    "claims": (_("Claims"), "grey"),
    "budget": (_("Budget"), "grey"),
}
NOUNS = {
    "voucher": (_("Voucher"), "grey"),
    "voucher_batch": (_("Batch of vouchers"), "grey"),
    "voucher_definition": (_("Kind of voucher"), "grey"),
}
ACTS = {
    "ordered": (pgettext_lazy("act", "ordered"), "grey"),
    "published": (pgettext_lazy("act", "published"), "grey"),
}
TASKS = {
    "shuke.apps.promotions.tasks.carry_on": (_("Make vouchers"), "grey"),
    "shuke.apps.promotions.tasks.carry_on_all": (_("Carry batches of vouchers on"), "grey"),
    "shuke.apps.promotions.tasks.end_timed_out": (_("Let go of held vouchers"), "grey"),
    "shuke.apps.promotions.tasks.expire": (_("Expire vouchers"), "grey"),
}
