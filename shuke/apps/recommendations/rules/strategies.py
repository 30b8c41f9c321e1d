"""Which strategies can answer for what a slot is about."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Protocol

#: What people pinned, and nothing else.
SET_BY_PEOPLE = "set-by-people"
#: Popular and new products that are tried out: Thompson sampling over products, for those of whom nothing is known.
POPULAR_BANDIT = "popular-bandit"
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
_OF_ALL = ("popularity", POPULAR_BANDIT, SET_BY_PEOPLE)

#: For whom products are tried out apart.
POPULAR_BY = ("all", "store", "segment")

#: Strategies that can stand in an arm, a bandit or a fallback, the usual ones first.
ABOUT_STRATEGIES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "member": (*_OF_MEMBERS, *_OF_ALL),
        "product": ("similar", "complements", *_OF_ALL),
        "basket": ("complements", *_OF_MEMBERS, *_OF_ALL),
        "segment": _OF_ALL,
    }
)


class _Arm(Protocol):
    @property
    def strategy(self) -> str: ...


class _Slot(Protocol):
    @property
    def arms(self) -> Sequence[_Arm]: ...
    @property
    def bandit(self) -> Sequence[str]: ...
    @property
    def fallbacks(self) -> Sequence[str]: ...


def tries_products(slot: _Slot) -> bool:
    """Whether popular products are tried out anywhere in the slot."""
    return POPULAR_BANDIT in {*(arm.strategy for arm in slot.arms), *slot.bandit, *slot.fallbacks}
