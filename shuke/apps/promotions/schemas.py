"""What others see of vouchers."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Literal

from ninja import Schema
from pydantic import Field

from shuke.apps.promotions.rules.baskets import (
    Basket,
    BasketLine,
    VoucherQuote,
    VoucherRefusal,
    VoucherUse,
)
from shuke.apps.promotions.rules.terms import FaultyTerms

__all__ = [
    "Basket",
    "BasketLine",
    "Example",
    "ExampleLine",
    "FaultyTerms",
    "HeldVouchers",
    "MemberOffer",
    "MemberVoucher",
    "OfferPrice",
    "ReturnedVoucher",
    "VoucherBatchView",
    "VoucherCounts",
    "VoucherDay",
    "VoucherDefinitionRow",
    "VoucherDefinitionView",
    "VoucherLimit",
    "VoucherQuote",
    "VoucherRefusal",
    "VoucherStep",
    "VoucherUse",
    "VoucherVersionView",
    "VoucherView",
]


@dataclass(frozen=True)
class HeldVouchers:
    """Vouchers held under a key.  ``outcome`` is replayed where the key was there before with the same request."""

    key: str
    state: Literal["held", "redeemed", "released", "returned"]
    until: datetime
    uses: tuple[VoucherUse, ...]
    outcome: Literal["created", "replayed"]


@dataclass(frozen=True)
class ReturnedVoucher:
    """What became of a voucher whose purchase came back.

    ``given_back``: the same voucher can be used again.  ``renewed``: ``new_voucher_id`` stands for it.  ``kept``: it
    stays used.
    """

    voucher_id: str
    outcome: Literal["given_back", "renewed", "kept"]
    new_voucher_id: str = ""


class MemberVoucher(Schema):
    """A voucher in a member's hands, with its code in the clear: for the member and for tills only."""

    voucher_id: str
    code: str
    printed_code: str
    definition_id: str
    name: str
    kind: str
    summary: str
    state: str
    valid_from: datetime | None
    valid_through: datetime | None
    is_usable_now: bool
    may_be_gifted: bool


class OfferPrice(Schema):
    """What a voucher costs in points (``rules.terms.Price``); ``text`` says it in the reader's language."""

    points_type: str
    points: int
    first_day: date | None
    last_day: date | None
    back_days: int | None
    text: str


class MemberOffer(Schema):
    """A kind of voucher that members may take by themselves, as one member sees it.

    ``why`` says why it cannot be taken now (``rules.offers.WHY``), ``why_words`` in the reader's language.  ``left``
    and ``left_minor`` are what is left for everybody, ``taken`` of ``most`` what this member took; ``None`` is without
    limit.  ``turn`` goes back with the click that takes it.  What has a ``price`` is exchanged and not taken;
    ``version`` is the one whose terms these are, ``is_claimable`` false where only staff exchanges it.
    """

    definition_id: str
    name: str
    kind: str
    summary: str
    validity: str
    conditions: list[str]
    tiers: list[str]
    is_open: bool
    why: str
    why_words: str
    left: int | None
    left_minor: int | None
    most: int | None
    taken: int
    turn: int
    currency: str
    version: int
    is_claimable: bool
    price: OfferPrice | None


class VoucherCounts(Schema):
    """Vouchers by state.  ``out`` are all that were ever made."""

    issued: int = 0
    claimed: int = 0
    reserved: int = 0
    redeemed: int = 0
    gifted: int = 0
    expired: int = 0
    cancelled: int = 0

    @property
    def out(self) -> int:
        """All that were ever made."""
        return sum(self.model_dump().values())

    @property
    def live(self) -> int:
        """Those that can still be used or are being used."""
        return self.issued + self.claimed + self.reserved

    @property
    def redemption_rate(self) -> float | None:
        """Share of those that were made that was used, for display only."""
        return self.redeemed / self.out if self.out else None


class VoucherVersionView(Schema):
    """Terms that were published; never changes."""

    number: int
    terms: dict[str, Any]
    summary: str
    note: str
    author_name: str
    published_at: datetime


class VoucherDefinitionRow(Schema):
    """A kind of voucher in a list.

    ``name`` and ``price`` (what it costs in points, empty for nothing) are in the reader's language, ``names`` are all
    by language.
    """

    id: str
    name: str
    names: dict[str, str] = Field(default_factory=dict)
    status: str
    version: int
    kind: str
    summary: str
    validity: str
    counts: VoucherCounts
    has_draft: bool
    updated_at: datetime
    price: str = ""


class VoucherLimit(Schema):
    """A limit and what is taken of it.  ``budget`` is in minor units."""

    what: str
    limit: int
    used: int

    @property
    def percent(self) -> float:
        """Share that is taken, 0 to 100."""
        return min(100.0, 100 * self.used / self.limit) if self.limit else 0.0


class VoucherExposure(Schema):
    """What vouchers that are out could take off, against what the budget has left, in minor units.

    ``worst_minor``: all are used for the most they can (empty: a percentage without a cap); ``expected_minor``: by the
    share of ended ones that was used (empty while too few have ended).  ``verdict``: fits, may_be_exceeded (at worst),
    will_be_exceeded (as expected).
    """

    live: int
    left_minor: int
    worst_minor: int | None
    expected_minor: int | None
    redemption_rate: float | None
    verdict: Literal["fits", "may_be_exceeded", "will_be_exceeded"]


class VoucherWarning(Schema):
    """What whoever issues should know: ``budget_may_be_exceeded`` or ``budget_will_be_exceeded``."""

    code: str
    message: str
    exposure: VoucherExposure


class VoucherDefinitionView(VoucherDefinitionRow):
    """A kind of voucher with its terms: those that are in force, and the draft if there is one."""

    terms: dict[str, Any]
    draft: dict[str, Any] | None
    created_at: datetime
    versions: list[VoucherVersionView]
    limits: list[VoucherLimit]
    off_minor: int
    currency: str
    exposure: VoucherExposure | None


class VoucherBatchView(Schema):
    """Vouchers that came into being together.  ``word`` is a shared code, only where it was asked for."""

    id: str
    definition_id: str
    definition_name: str
    version: int
    kind: str
    label: str
    state: str
    wanted: int
    made: int
    counts: VoucherCounts
    word: str = ""
    author_name: str
    created_at: datetime

    @property
    def percent(self) -> int:
        """Whole percent made."""
        return min(100, self.made * 100 // self.wanted) if self.wanted else 100


class VoucherDay(Schema):
    """One day in the retailer's time zone: how many were issued or claimed, and used, that day."""

    day: date
    issued: int
    redeemed: int
    off_minor: int


class VoucherStep(Schema):
    """One step of a voucher."""

    event: str
    at: datetime
    order_id: str
    amount_minor: int | None


class VoucherView(Schema):
    """One voucher with its steps.  ``code`` is in the clear only where it was asked for."""

    voucher_id: str
    code: str = ""
    definition_id: str
    definition_name: str
    version: int
    kind: str
    summary: str
    state: str
    member_id: str | None
    valid_from: datetime
    valid_through: datetime | None
    order_id: str
    off_minor: int
    origin_id: str | None = None
    successor_id: str | None = None
    steps: list[VoucherStep] = Field(default_factory=list)

    @property
    def is_cancellable(self) -> bool:
        """Whether it was not used and no purchase holds it."""
        return self.state in {"issued", "claimed"}


class ExampleLine(Schema):
    """A line of the example basket; ``counts`` says whether the terms are for it."""

    name: str
    list_minor: int
    off_minor: int
    counts: bool


class Example(Schema):
    """What terms take off the example basket, or why nothing."""

    lines: list[ExampleLine]
    list_minor: int
    off_minor: int
    shipping_minor: int
    shipping_off_minor: int
    gift_product_id: str
    refusal: str
    missing_minor: int
    summary: str
    validity: str
    currency: str

    @property
    def paid_minor(self) -> int:
        """What is left to pay, shipping included."""
        return self.list_minor - self.off_minor + self.shipping_minor - self.shipping_off_minor
