"""Words of slots."""

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from shuke.web.labels import Labels, register_labels

STRATEGIES: Labels = {
    "repeat-ranker": (pgettext_lazy("strategy", "What they will buy again"), "green"),
    "fusion": (pgettext_lazy("strategy", "Best of all signals"), "purple"),
    "personal-frequency": (pgettext_lazy("strategy", "What they buy often"), "green"),
    "replenishment-due": (pgettext_lazy("strategy", "What runs out about now"), "blue"),
    "discovery": (pgettext_lazy("strategy", "New for them"), "yellow"),
    "up-cf": (pgettext_lazy("strategy", "What similar members buy"), "blue"),
    "item-knn-tf-idf": (pgettext_lazy("strategy", "Bought by those who buy the same"), "blue"),
    "ease": (pgettext_lazy("strategy", "Goes with what they buy (EASE)"), "blue"),
    "als": (pgettext_lazy("strategy", "Hidden tastes (ALS)"), "blue"),
    "similar": (pgettext_lazy("strategy", "Similar products"), "blue"),
    "complements": (pgettext_lazy("strategy", "Bought together with it"), "green"),
    "popularity": (pgettext_lazy("strategy", "Popular lately"), "grey"),
    "set-by-people": (pgettext_lazy("strategy", "Set by people"), "yellow"),
    "thompson": (pgettext_lazy("strategy", "Learns by itself (Thompson sampling)"), "purple"),
}


def register() -> None:
    """Names of states, of what slots are about, of strategies, and what the audit calls them."""
    register_labels("strategy", STRATEGIES)
    register_labels(
        "slot_state",
        {
            "draft": (pgettext_lazy("slot", "Draft"), "grey"),
            "live": (pgettext_lazy("slot", "Live"), "green"),
            "paused": (pgettext_lazy("slot", "Paused"), "yellow"),
        },
    )
    register_labels(
        "slot_about",
        {
            "member": (pgettext_lazy("slot", "A member"), "blue"),
            "product": (pgettext_lazy("slot", "A product"), "blue"),
            "basket": (pgettext_lazy("slot", "A basket"), "blue"),
            "segment": (pgettext_lazy("slot", "A segment"), "blue"),
        },
    )
    register_labels("audit_noun", {"slot": (_("Slot"), "grey")})
    register_labels("audit_act", {"paused": (pgettext_lazy("act", "paused"), "grey")})
