"""Recommended items as texts, ready to be written into a message to a member."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

from shuke.apps.recommendations.schemas.serving import Answer


@dataclass(frozen=True)
class OfferedItem:
    """An item of a list in the words of its reader; unknown things are empty, so that ``or`` gives a fallback.

    ``price`` is formatted in the retailer's currency.  An item that is not there is false and all empty.
    """

    product_id: str = ""
    name: str = ""
    reason: str = ""
    price: str = ""
    category: str = ""
    brand: str = ""
    place: int = 0
    is_new: bool = False

    def __bool__(self) -> bool:
        """Whether there is an item."""
        return bool(self.product_id)

    def __str__(self) -> str:
        """The name."""
        return self.name


NO_ITEM = OfferedItem()


class OfferedList(tuple[OfferedItem, ...]):
    """The items, first place first.  A place beyond the last is an item that is not there, not an error.

    ``list_id`` names the list: a shop that gets it with a click knows which answer brought it.
    """

    list_id: str = ""

    def __new__(cls, items: Iterable[OfferedItem] = (), *, list_id: str = "") -> Self:
        """A list of these items."""
        made = super().__new__(cls, items)
        made.list_id = list_id
        return made

    def __getitem__(self, place: int | slice) -> OfferedItem | tuple[OfferedItem, ...]:  # type: ignore[override]
        """The item on a place, counted from 0, or several."""
        if isinstance(place, int) and not -len(self) <= place < len(self):
            return NO_ITEM
        return super().__getitem__(place)

    def __str__(self) -> str:
        """The names, so that a list that is written as it stands reads like one."""
        return ", ".join(item.name for item in self)


@dataclass(frozen=True)
class Offer:
    """An answer of a slot, and its items as texts."""

    answer: Answer
    items: OfferedList
