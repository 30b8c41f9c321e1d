"""Which strategies can answer for what a slot is about."""

from collections.abc import Mapping
from types import MappingProxyType

#: What people pinned, and nothing else.
SET_BY_PEOPLE = "set-by-people"
#: Chooses among the strategies of the slot's bandit by what was taken so far.
THOMPSON = "thompson"

_OF_MEMBERS = (
    "repeat-ranker",
    "fusion",
    "personal-frequency",
    "replenishment-due",
    "discovery",
    "up-cf",
    "item-knn-tf-idf",
    "ease",
    "als",
)
_OF_ALL = ("popularity", SET_BY_PEOPLE)

#: Strategies that can stand in an arm, a bandit or a fallback, the usual ones first.
ABOUT_STRATEGIES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "member": (*_OF_MEMBERS, *_OF_ALL),
        "product": ("similar", "complements", *_OF_ALL),
        "basket": ("complements", *_OF_MEMBERS, *_OF_ALL),
        "segment": _OF_ALL,
    }
)
