"""Products near a product."""

from datetime import date

from ninja import Schema


class Neighbour(Schema):
    """``both``: members who bought this and the other; ``share``: their part of the other's buyers."""

    product_id: str
    name: str
    kind: str
    is_same_kind: bool
    is_same_brand: bool
    price_minor: int | None
    buyers: int
    both: int
    share: float


class Neighbours(Schema):
    """``similar``: could replace it; ``complements``: lie in the same baskets more often than by chance.  ``is_known``:
    the bundle has learned of the product."""

    as_of: date
    is_known: bool
    similar: list[Neighbour]
    complements: list[Neighbour]
