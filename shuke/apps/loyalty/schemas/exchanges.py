"""Points for vouchers as tills, pages and members see them."""

from datetime import datetime
from typing import Annotated, Literal

from ninja import Schema
from pydantic import Field

from shuke.apps.promotions.schemas import MemberOffer


class ExchangeRequest(Schema):
    """Which kind of voucher, and the points that were shown as its price: another price by now is refused."""

    definition_id: Annotated[str, Field(min_length=1, max_length=40)]
    points: Annotated[int, Field(gt=0, le=10**9)]


class ExchangeView(Schema):
    """An exchange.  ``back_through`` is the member's last moment to take it back, empty where they cannot.

    After it was taken back ``returned`` of the points are the member's again; ``expired`` ended at once, because the
    time of the lots they came from is over.
    """

    exchange_id: str
    definition_id: str
    voucher_id: str
    points_type: str
    points: int
    state: Literal["made", "taken_back"]
    made_at: datetime
    back_through: datetime | None
    ended_at: datetime | None
    returned: int
    expired: int


class ExchangedVoucher(ExchangeView):
    """An exchange with the voucher's code in the clear: for the member's own eyes."""

    code: str


class PricedVoucher(MemberOffer):
    """A voucher for points: ``available`` of its points the member has, ``missing`` to its price."""

    available: int
    missing: int


class ExchangeRow(ExchangeView):
    """An exchange in a list: names in the reader's language, what became of the voucher, who may take it back now."""

    name: str
    price: str
    voucher_state: str
    is_unused: bool
    is_open: bool
