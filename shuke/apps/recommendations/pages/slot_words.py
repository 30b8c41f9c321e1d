"""Words of slots."""

from django.utils.translation import pgettext, pgettext_lazy

from shuke.apps.recommendations.rules.strategies import ABOUT_STRATEGIES, THOMPSON
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
    "popular-bandit": (pgettext_lazy("strategy", "Tries out popular and new products"), "purple"),
    "set-by-people": (pgettext_lazy("strategy", "Set by people"), "yellow"),
    "thompson": (pgettext_lazy("strategy", "Learns by itself (Thompson sampling)"), "purple"),
}


#: What a rule did to a place, or why a candidate is not there.
RULES: Labels = {
    "out_of_stock": (pgettext_lazy("rule", "Out of stock"), "red"),
    "not_in_store": (pgettext_lazy("rule", "Not in this store"), "red"),
    "too_young": (pgettext_lazy("rule", "Minimum age"), "red"),
    "do_not_recommend": (pgettext_lazy("rule", "Never shown here"), "red"),
    "in_basket": (pgettext_lazy("rule", "Already in the basket"), "grey"),
    "bought_lately": (pgettext_lazy("rule", "Bought lately"), "grey"),
    "excluded": (pgettext_lazy("rule", "The shop left it out"), "grey"),
    "margin": (pgettext_lazy("rule", "Margin"), "blue"),
    "boost": (pgettext_lazy("rule", "Boost"), "purple"),
    "cap": (pgettext_lazy("rule", "Enough of one kind"), "blue"),
    "diversity": (pgettext_lazy("rule", "Variety"), "blue"),
    "novelty": (pgettext_lazy("rule", "Place for something new"), "green"),
    "exploration": (pgettext_lazy("rule", "Drawn by lot"), "yellow"),
    "pinned": (pgettext_lazy("rule", "Pinned"), "purple"),
}
#: Steps of the ladder that are no strategies of a slot.
STEPS: Labels = {
    "popular-segment": (pgettext_lazy("strategy", "Popular in the segment"), "grey"),
    "popular-store": (pgettext_lazy("strategy", "Popular in the store"), "grey"),
    "popular": (pgettext_lazy("strategy", "Popular everywhere"), "grey"),
    "catalogue": (pgettext_lazy("strategy", "From the catalogue"), "grey"),
}


def strategy_menu() -> list[tuple[str, str, str]]:
    """(code, word, what it can be asked about with spaces between) of every strategy, in order."""
    menu = {code: str(word) for code, (word, _tone) in STRATEGIES.items()}
    about = {code: [name for name, known in ABOUT_STRATEGIES.items() if code in known] for code in menu}
    about[THOMPSON] = list(ABOUT_STRATEGIES)
    return [(code, word, " ".join(about[code])) for code, word in menu.items()]


def step_word(label: str, *, context: str) -> str:
    """What a background step does now, in the reader's language: strategies are called by their names."""
    word = pgettext(context, label) if label else ""
    return pgettext("strategy", label) if label and word == label else word


def register() -> None:
    """Names of states, of what slots are about, of strategies, and what the audit calls them."""
    register_labels("strategy", {**STRATEGIES, **STEPS})
    register_labels("slot_rule", RULES)
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
    register_labels("audit_noun", {"slot": (pgettext_lazy("recommendations", "Slot"), "grey")})
    register_labels("audit_act", {"paused": (pgettext_lazy("act", "paused"), "grey")})
