"""What of the range the lists of all members show."""

from datetime import date
from typing import Literal

from ninja import Schema

CoverageBy = Literal["department", "family", "kind"]


class CoverageItem(Schema):
    """A product: on how many lists it stands, its parts of all places and of all purchases, why it is not shown."""

    product_id: str
    name: str
    department: str
    lists: int
    place_share: float
    sales_share: float
    reason: str


class CoverageGroup(Schema):
    """Products that can be shown of a department or a kind, and how many are."""

    name: str
    products: int
    shown: int
    place_share: float
    sales_share: float

    @property
    def share(self) -> float:
        """Part of its products that stand on any list."""
        return self.shown / self.products if self.products else 0.0


class CoverageReason(Schema):
    """So many products of the range are shown, or are not for this reason."""

    code: str
    products: int


class CoverageThird(Schema):
    """Products that make a third of all purchases: the most bought (``head``), ``middle``, and the ``tail``."""

    name: str
    products: int
    shown: int
    place_share: float
    sales_share: float


class CoverageView(Schema):
    """What ``lists`` of ``places`` each show.  ``of``: ``slot:<code>`` or ``strategy:<name>``.

    ``range_products``: sold today; ``vocabulary``: known to the bundle.  ``new_to_member``: part of the places with
    something that the member never bought.  ``new_products``: first bought in the last 28 days; ``new_shown`` of them
    are on any list.
    """

    bundle_id: str
    as_of: date
    of: str
    lists: int
    places: int
    range_products: int
    vocabulary: int
    shown: int
    gini_shown: float | None
    gini_sold: float | None
    lorenz_shown: list[float]
    lorenz_sold: list[float]
    new_to_member: float | None
    new_products: int
    new_shown: int
    new_place_share: float
    by: str
    groups: list[CoverageGroup]
    reasons: list[CoverageReason]
    thirds: list[CoverageThird]
    most_shown: list[CoverageItem]
    never_shown: list[CoverageItem]

    @property
    def share(self) -> float:
        """Part of the range that is shown."""
        return self.shown / self.range_products if self.range_products else 0.0
