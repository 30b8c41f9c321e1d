"""What a preview of a slot shows."""

from datetime import date

from ninja import Schema


class FoundGoods(Schema):
    """Something of the catalogue that a rule can name.  ``what``: product or kind; ``id``: its id, else its name."""

    what: str
    id: str
    name: str
    detail: str = ""


class PreviewItem(Schema):
    """A place of the list.  ``moved``: codes of the rules that touched it; ``price_minor`` is unknown where nobody
    bought it lately; ``chance``: that it had this place, below 1 only where exploration was at work."""

    place: int
    product_id: str
    name: str
    kind: str
    price_minor: int | None
    score: float
    source: str
    reason: str
    moved: list[str]
    is_new: bool
    is_pinned: bool
    is_explored: bool
    chance: float


class DroppedItem(Schema):
    """A candidate that a rule took away, and the code of the rule."""

    product_id: str
    name: str
    reason: str


class BoostCost(Schema):
    """What a boost gives up: ``relevance_percent`` of the list's relevance, discounted by place, and how many
    ``places`` changed, each against the list without any boost."""

    boost: str
    relevance_percent: float
    places: int


class Preview(Schema):
    """A list as a slot would answer, and why.  ``fallback``: the step of the ladder that answered instead of the
    strategy; ``dropped_count`` counts all that were taken away, ``dropped`` holds the best of them."""

    bundle_id: str
    as_of: date | None
    arm: str
    strategy: str
    strategy_chance: float
    fallback: str
    items: list[PreviewItem]
    dropped: list[DroppedItem]
    dropped_count: int
    costs: list[BoostCost]
