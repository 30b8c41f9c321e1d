"""What is asked of a slot, and its answer."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime


@dataclass(frozen=True)
class Asked:
    """``at`` UTC.  ``basket``: products in it, in order.  ``places`` 0: as many as the slot has.  ``language`` of the
    reasons.  ``with_reasons`` false saves their time.  ``anonymous_id``: device or browser of a stranger."""

    slot: str
    at: datetime
    member_id: str = ""
    product_id: str = ""
    basket: tuple[str, ...] = ()
    segment: str = ""
    store_id: str = ""
    places: int = 0
    exclude: tuple[str, ...] = ()
    language: str = "en"
    with_reasons: bool = True
    anonymous_id: str = ""


@dataclass(frozen=True)
class RecommendedItem:
    """``source``: the strategy that brought it; ``moved``: codes of the rules that touched its place; ``reason`` in
    words; ``is_new``: the member never bought it; ``propensity``: its chance of the place, of a product that was tried
    out (source ``popular-bandit``) its chance to be on the list."""

    product_id: str
    name: str
    place: int
    score: float
    source: str
    reason: str = ""
    moved: tuple[str, ...] = ()
    is_new: bool = False
    propensity: float = 1.0


@dataclass(frozen=True)
class Answer:
    """``fallback`` is empty where the arm's own strategy answered, else the step of the ladder that did.

    ``list_id`` names this answer: the shop sends it back as ``list_id`` of the standard events ``Product List Viewed``,
    ``Product Clicked`` and ``Product Added``.  ``strategy_chance``: the chance that the arm chose its strategy.
    ``context``: where products were tried out, ``store:`` or ``segment:`` with its name; empty for everywhere.
    """

    slot: str
    list_id: str
    bundle_id: str
    as_of: date | None
    arm: str
    strategy: str
    fallback: str
    items: tuple[RecommendedItem, ...]
    experiment_id: str = ""
    dropped: Mapping[str, str] = field(default_factory=dict)
    strategy_chance: float = 1.0
    slot_version: int = 0
    context: str = ""


@dataclass(frozen=True)
class Listed:
    """An answer and who got it: the member's public id, or the device of a stranger, or neither."""

    answer: Answer
    member_id: str = ""
    anonymous_id: str = ""
