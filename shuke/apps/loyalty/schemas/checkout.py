"""What tills send and are told.  Amounts are minor units of the basket's currency and cover a line's whole quantity."""

from datetime import date, datetime
from typing import Annotated, Any, Literal

from ninja import Schema
from pydantic import ConfigDict, Field, StringConstraints

AMOUNT = Field(0, ge=0, le=10**12)
# NUL is refused by PostgreSQL and never part of a value that a system means.
Word = Annotated[str, StringConstraints(max_length=120, pattern=r"^[^\x00]*$")]
Code = Annotated[str, StringConstraints(min_length=1, max_length=64, pattern=r"^[^\x00]*$")]


class Strict(Schema):
    """A misspelt field would be a discount that nobody gets, so unknown ones are refused."""

    model_config = ConfigDict(extra="forbid")


class CheckoutLine(Strict):
    """A line.  ``offer_minor`` is what the shop's own offers took off; ``allows_discount`` false: tier and
    vouchers leave it alone."""

    line_no: int = Field(ge=1, le=100_000)
    product_id: Word = ""
    quantity: int = Field(1, ge=1, le=1_000_000)
    list_minor: int = Field(ge=0, le=10**12)
    offer_minor: int = AMOUNT
    department: Word = ""
    category: Word = ""
    brand: Word = ""
    allows_discount: bool = True


class CheckoutBasket(Strict):
    """What somebody is about to buy, and where.  ``store_id`` is empty outside stores."""

    lines: list[CheckoutLine] = Field(min_length=1, max_length=500)
    currency: str = Field(min_length=3, max_length=3, pattern="^[A-Z]{3}$")
    sales_channel: Word = "store"
    store_id: Word = ""
    shipping_minor: int = AMOUNT


class MemberWanted(Strict):
    """Whose account: one of member id, card number or phone."""

    member_id: Word = ""
    card: Word = ""
    phone: Word = ""


class PointsWanted(Strict):
    """Points to pay with: a number, or as many as may be (``null``).  The type may be left out if there is one."""

    points_type: Word = ""
    points: int | None = Field(None, ge=0, le=10**12)


class CheckoutRequest(Strict):
    """A basket with what its buyer wants to use.  ``benefits`` are uses of counted benefits by their codes."""

    basket: CheckoutBasket
    member: MemberWanted | None = None
    codes: list[Code] = Field(default_factory=list, max_length=12)
    points: PointsWanted | None = None
    benefits: dict[Code, Annotated[int, Field(ge=1, le=1000)]] = Field(default_factory=dict, max_length=20)


class ReservationRequest(CheckoutRequest):
    """The same as was evaluated, with its quote hash, and for how long to hold."""

    quote_hash: str = Field(pattern="^[0-9a-f]{64}$")
    seconds: int = Field(900, ge=10, le=86_400)


class CommitRequest(Strict):
    """The purchase was paid.  ``order_id`` is the order's in the lake, ``<channel account>:<order number>``:
    when the order is imported later, it counts once."""

    order_id: Annotated[str, StringConstraints(max_length=160, pattern=r"^[^\x00]*$")] = ""
    payment_reference: Word = ""


class ReturnedLine(Strict):
    """A line of the receipt and how many of it came back."""

    line_no: int = Field(ge=1, le=100_000)
    quantity: int = Field(ge=1, le=1_000_000)


class ReturnRequest(Strict):
    """What came back.  ``refunds_shipping`` pays the shipping back as well, once."""

    lines: list[ReturnedLine] = Field(min_length=1, max_length=500)
    refunds_shipping: bool = False


class LineDeduction(Schema):
    """What one thing took off a line.  ``step`` is offer, tier, voucher or points; ``code`` names the thing."""

    step: str
    code: str
    name: str
    minor: int


class QuoteLine(Schema):
    """A line from its list price to what is paid, with its share of the points and of what it earns."""

    line_no: int
    product_id: str
    quantity: int
    list_minor: int
    deductions: list[LineDeduction]
    points: int
    paid_minor: int
    earned: dict[str, int]


class QuoteDeduction(Schema):
    """What one thing took off over all lines; ``on_return`` of a voucher is keep or recompute."""

    step: str
    code: str
    name: str
    minor: int
    shipping_minor: int = 0
    on_return: str = ""
    definition: str = ""
    version: int = 0
    kind: str = ""


class NotApplied(Schema):
    """What was asked and does not apply.  ``subject`` is voucher, points or benefit; ``index`` the place of a
    voucher's code among those sent, from 0: codes are never repeated."""

    subject: str
    code: str
    message: str
    index: int | None = None
    details: dict[str, Any] = Field(default_factory=dict)


class QuotePoints(Schema):
    """Points that pay: how many, what they are worth; ``available`` is what the member has, ``usable`` the most
    that this basket may take."""

    points_type: str
    name: str
    points: int
    minor: int
    available: int
    usable: int


class Quote(Schema):
    """What a basket costs, and why.  ``goods_minor`` is paid for goods, ``total_minor`` with shipping.

    ``earned`` is by points type.  ``gifts`` are products that the till hands over at no price.
    """

    member_id: str | None
    tier: str
    currency: str
    lines: list[QuoteLine]
    deductions: list[QuoteDeduction]
    points: QuotePoints | None
    benefits: dict[str, int]
    gifts: list[str]
    not_applied: list[NotApplied]
    list_minor: int
    goods_minor: int
    shipping_list_minor: int
    shipping_minor: int
    total_minor: int
    earned: dict[str, int]
    quote_hash: str


class ReservationView(Schema):
    """A held quote.  ``state`` is open, committed, released, or ended by its time-out."""

    reservation_id: str
    state: str
    quote: Quote
    expires_at: datetime
    created_at: datetime
    ended_at: datetime | None
    receipt_id: str | None = None


class ReturnView(Schema):
    """What a return gave: ``refund_minor`` is to be paid out, shipping included.

    ``kept_minor`` is what was kept of it for vouchers that the rest no longer deserves; ``vouchers`` says
    what became of each.
    """

    return_id: str
    receipt_id: str
    number: int
    lines: dict[int, int]
    refunds: dict[int, int]
    shipping_minor: int
    kept_minor: int
    refund_minor: int
    points_given_back: int
    points_taken_back: dict[str, int]
    vouchers: list[dict[str, str]]
    is_whole: bool
    at: datetime


class ReceiptView(Schema):
    """A paid basket with its stored allocation.  ``earned`` was given, pending where the programme waits.

    ``left`` is how many of each line may still come back.
    """

    receipt_id: str
    reservation_id: str
    order_id: str
    payment_reference: str
    member_id: str | None
    quote: Quote
    earned: dict[str, int]
    committed_at: datetime
    left: dict[int, int]
    returns: list[ReturnView]


class PointsRateView(Schema):
    """``points`` points are ``minor`` minor units from ``starts_on`` on."""

    points_type: str
    starts_on: date
    points: int
    minor: int
    minimum_points: int
    maximum_percent: int


class CallOutcome(Schema):
    """An answer and whether it was given before: ``created`` or ``replayed``."""

    outcome: Literal["created", "replayed"]
    answer: dict[str, Any]
