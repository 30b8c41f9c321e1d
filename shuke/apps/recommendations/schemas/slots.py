"""How a slot is set up: a place in a shop, a till or a message where recommendations stand."""

from datetime import datetime
from typing import Literal

from ninja import Schema
from pydantic import Field

#: What a slot recommends for.
ABOUT = ("member", "product", "basket", "segment")
About = Literal["member", "product", "basket", "segment"]
SlotState = Literal["draft", "live", "paused"]
Plain = Field(default="", max_length=120, pattern=r"^[^\x00-\x1f]*$")


class ArmInput(Schema):
    """A strategy that competes in the slot.  ``strategy``: a name of the bundle, ``set-by-people`` or ``thompson``."""

    name: str = Field(min_length=1, max_length=40, pattern=r"^[a-z0-9][a-z0-9_-]*$")
    strategy: str = Field(min_length=1, max_length=40, pattern=r"^[a-z0-9][a-z0-9-]*$")
    weight: int = Field(default=1, ge=0, le=1000)


class BoostInput(Schema):
    """Items or kinds that the business wants to be seen: their score times ``percent`` / 100."""

    name: str = Field(min_length=1, max_length=80, pattern=r"^[^\x00-\x1f]+$")
    percent: int = Field(ge=10, le=1000)
    products: list[str] = Field(default_factory=list, max_length=500)
    kinds: list[str] = Field(default_factory=list, max_length=100)


class SlotRules(Schema):
    """Rules of the house for one slot; see ``science.recommendations.reranking.Rules``.

    ``diversity_percent``, ``explore_percent``, ``margin_percent`` and ``rest_percent`` are hundredths of what the
    rules call ``diversity``, ``explore``, ``margin_weight`` and ``rest``.  ``popular_by``: whether the strategy
    ``popular-bandit`` tries out products everywhere alike or apart for each store or segment.
    """

    cap: int = Field(default=2, ge=1, le=50)
    diversity_percent: int = Field(default=6, ge=0, le=50)
    new_places: int = Field(default=0, ge=0, le=50)
    explore_percent: int = Field(default=0, ge=0, le=50)
    margin_percent: int = Field(default=0, ge=0, le=15)
    rest_percent: int = Field(default=50, ge=0, le=100)
    only_in_stock: bool = True
    popular_by: Literal["all", "store", "segment"] = "all"
    departments: list[str] = Field(default_factory=list, max_length=100)
    barred_products: list[str] = Field(default_factory=list, max_length=1000)
    barred_kinds: list[str] = Field(default_factory=list, max_length=200)
    minimum_ages: dict[str, int] = Field(default_factory=dict)
    pinned_products: list[str] = Field(default_factory=list, max_length=50)
    boosts: list[BoostInput] = Field(default_factory=list, max_length=20)


class SlotInput(Schema):
    """A slot as a person sets it up.  One arm is a strategy, several compete in an experiment.

    ``bandit``: the strategies among which the strategy ``thompson`` chooses, by what was taken so far.
    """

    code: str = Field(min_length=2, max_length=40, pattern=r"^[a-z0-9][a-z0-9_-]*$")
    name: str = Field(min_length=1, max_length=120, pattern=r"^[^\x00-\x1f]+$")
    about: About = "member"
    places: int = Field(default=10, ge=1, le=50)
    arms: list[ArmInput] = Field(min_length=1, max_length=6)
    bandit: list[str] = Field(default_factory=list, max_length=6)
    fallbacks: list[str] = Field(default_factory=lambda: ["popularity"], max_length=6)
    rules: SlotRules = Field(default_factory=SlotRules)


class SlotView(SlotInput):
    """A slot; ``experiment_id`` is empty with one arm."""

    id: str
    state: SlotState
    version: int
    experiment_id: str
    created_at: datetime
    changed_at: datetime
