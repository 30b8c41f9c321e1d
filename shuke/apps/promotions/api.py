"""Vouchers over the API: kinds, issuing, claiming, checking.  Tills hold and use them by the checkout."""

from typing import Annotated, Any

from django.http import HttpRequest, StreamingHttpResponse
from ninja import Query, Router, Schema
from pydantic import Field

from shuke.apps.promotions import operations, queries
from shuke.apps.promotions.schemas import (
    Basket,
    BasketLine,
    MemberOffer,
    MemberVoucher,
    VoucherBatchView,
    VoucherDay,
    VoucherDefinitionRow,
    VoucherDefinitionView,
    VoucherRefusal,
    VoucherView,
    VoucherWarning,
)
from shuke.platform.clock import business_date, now
from shuke.platform.errors import Refused
from shuke.platform.retailer.queries import retailer
from shuke.web.api import Page, Paging, paginate, permit

router = Router(tags=["vouchers"])
Text = Annotated[str, Field(max_length=200)]
Key = Annotated[str, Field(min_length=1, max_length=100, description="The same key does it once.")]
Minor = Annotated[int, Field(ge=0, le=10**12)]


class VoucherTermsInput(Schema):
    """A kind of voucher; ``terms`` are those of docs/algorithms/vouchers.md.

    ``names`` are by language (``en``, ``zh-hans``); ``name`` stands where a reader's is missing.
    """

    name: Annotated[str, Field(max_length=120)] = ""
    names: dict[str, Annotated[str, Field(max_length=120)]] | None = None
    terms: dict[str, Any]


class VoucherPublishInput(Schema):
    """A note for those who read the versions."""

    note: Annotated[str, Field(max_length=300)] = ""


class VoucherPublished(Schema):
    """The version that is in force from now on."""

    version: int


class VoucherIssueInput(Schema):
    """To one member or to everybody in an audience: give one of them."""

    key: Key
    member_id: Text = ""
    audience_id: Text = ""
    reason: Annotated[str, Field(max_length=300)] = ""


class VoucherIssued(Schema):
    """The member's voucher, or the batch that is being issued; ``warnings`` say what the budget may not suffice for."""

    voucher_id: str = ""
    batch_id: str = ""
    warnings: list[VoucherWarning] = Field(default_factory=list)


class VoucherCodesInput(Schema):
    """How many unique codes."""

    key: Key
    count: Annotated[int, Field(ge=1, le=5_000_000)]
    label: Annotated[str, Field(max_length=160)] = ""


class VoucherWordInput(Schema):
    """A code that many share."""

    word: Annotated[str, Field(min_length=4, max_length=40)]
    label: Annotated[str, Field(max_length=160)] = ""


class VoucherClaimInput(Schema):
    """A member takes a voucher: one that is open to claims, or the one of a code."""

    key: Key
    member_id: Text
    definition_id: Text = ""
    code: Annotated[str, Field(max_length=64)] = ""


class VoucherLineInput(Schema):
    """A line of a basket; ``left_minor`` is what is left after promotions, the list price by default."""

    line_no: Annotated[int, Field(ge=1, le=10_000)]
    product_id: Text
    quantity: Annotated[int, Field(ge=1, le=1_000_000)] = 1
    list_minor: Minor
    left_minor: Minor | None = None
    department: Text = ""
    category: Text = ""
    brand: Text = ""
    allows_discount: bool = True


class VoucherCheckInput(Schema):
    """Codes on a basket."""

    codes: Annotated[list[Annotated[str, Field(max_length=64)]], Field(min_length=1, max_length=12)]
    member_id: Text = ""
    tier: Text = ""
    lines: Annotated[list[VoucherLineInput], Field(min_length=1, max_length=1_000)]
    sales_channel: Text = ""
    store_id: Text = ""
    shipping_minor: Minor = 0


class VoucherUseView(Schema):
    """What one voucher takes off."""

    voucher_id: str
    definition: str
    name: str
    kind: str
    off_minor: int
    lines: dict[int, int]
    shipping_off_minor: int
    gift_product_id: str


class VoucherRefusalView(Schema):
    """Why a code does not apply; ``hint`` is its place among the codes, from 0."""

    code: str
    message: str
    hint: int
    details: dict[str, Any]


class VoucherCheckAnswer(Schema):
    """What the codes take off, and why some do not."""

    uses: list[VoucherUseView]
    refusals: list[VoucherRefusalView]


class VoucherDefinitionFilter(Schema):
    """Which kinds to list."""

    status: str = ""
    q: str = ""


class VoucherCancelInput(Schema):
    """Why."""

    reason: Annotated[str, Field(min_length=1, max_length=300)]


@router.get("/vouchers/definitions", response=Page[VoucherDefinitionRow], summary="List kinds of vouchers")
def list_definitions(
    request: HttpRequest,
    paging: Annotated[Paging, Query()],
    wanted: Annotated[VoucherDefinitionFilter, Query()],
) -> dict[str, Any]:
    """The last changed first."""
    permit(request, "vouchers.view")
    rows, total = queries.definitions_page(
        limit=paging.limit, offset=paging.offset, status=wanted.status, text=wanted.q
    )
    return paginate(rows, total, paging)


@router.post(
    "/vouchers/definitions", response={201: VoucherDefinitionView}, summary="Write down a kind of voucher"
)
def create_definition(request: HttpRequest, body: VoucherTermsInput) -> tuple[int, VoucherDefinitionView]:
    """A draft; nothing is issued before it is published."""
    actor = permit(request, "vouchers.edit")
    found = operations.create_definition(
        actor=actor, at=now(), name=body.name, names=body.names, terms=body.terms
    )
    return 201, queries.definition(found)


@router.get(
    "/vouchers/definitions/{definition_id}", response=VoucherDefinitionView, summary="One kind of voucher"
)
def read_definition(request: HttpRequest, definition_id: str) -> VoucherDefinitionView:
    """With its versions, limits and what it has cost."""
    permit(request, "vouchers.view")
    return queries.definition(definition_id)


@router.put(
    "/vouchers/definitions/{definition_id}", response=VoucherDefinitionView, summary="Change the draft"
)
def change_definition(
    request: HttpRequest, definition_id: str, body: VoucherTermsInput
) -> VoucherDefinitionView:
    """What was published stays in force until the draft is published."""
    actor = permit(request, "vouchers.edit")
    operations.change_definition(
        actor=actor,
        at=now(),
        definition_id=definition_id,
        name=body.name,
        names=body.names,
        terms=body.terms,
    )
    return queries.definition(definition_id)


@router.post(
    "/vouchers/definitions/{definition_id}/publish", response=VoucherPublished, summary="Publish the draft"
)
def publish(request: HttpRequest, definition_id: str, body: VoucherPublishInput) -> VoucherPublished:
    """Vouchers that are out keep the terms they were issued with."""
    actor = permit(request, "vouchers.edit")
    version = operations.publish_definition(
        actor=actor, at=now(), definition_id=definition_id, note=body.note
    )
    return VoucherPublished(version=version)


@router.post("/vouchers/definitions/{definition_id}/end", response={204: None}, summary="Issue no more")
def end(request: HttpRequest, definition_id: str) -> tuple[int, None]:
    """Vouchers that are out stay what they are."""
    actor = permit(request, "vouchers.edit")
    operations.end_definition(actor=actor, at=now(), definition_id=definition_id)
    return 204, None


@router.get(
    "/vouchers/definitions/{definition_id}/curve", response=list[VoucherDay], summary="Claims and redemption"
)
def curve(request: HttpRequest, definition_id: str) -> list[VoucherDay]:
    """By business day, without gaps."""
    permit(request, "vouchers.view")
    queries.definition(definition_id)
    return queries.redemption_curve(definition_id)


@router.get(
    "/vouchers/definitions/{definition_id}/batches", response=list[VoucherBatchView], summary="Its batches"
)
def batches(request: HttpRequest, definition_id: str) -> list[VoucherBatchView]:
    """Newest first; shared codes only for those who may edit."""
    actor = permit(request, "vouchers.view")
    queries.definition(definition_id)
    return queries.batches_of(definition_id, with_words=actor.may("vouchers.edit"))


@router.post(
    "/vouchers/definitions/{definition_id}/issue", response={201: VoucherIssued}, summary="Issue vouchers"
)
def issue(request: HttpRequest, definition_id: str, body: VoucherIssueInput) -> tuple[int, VoucherIssued]:
    """To one member at once, or to an audience in the background."""
    actor, at = permit(request, "vouchers.edit"), now()
    if body.audience_id:
        batch_id = operations.order_issue(
            actor=actor,
            at=at,
            key=body.key,
            definition_id=definition_id,
            audience_id=body.audience_id,
            as_of=business_date(at, retailer().time_zone),
        )
        return 201, VoucherIssued(batch_id=batch_id, warnings=queries.budget_warnings(definition_id))
    voucher_id = operations.issue_voucher(
        actor=actor,
        at=at,
        key=body.key,
        definition_id=definition_id,
        member_id=body.member_id,
        reason=body.reason,
    )
    return 201, VoucherIssued(voucher_id=voucher_id, warnings=queries.budget_warnings(definition_id))


@router.post(
    "/vouchers/definitions/{definition_id}/codes", response={201: VoucherIssued}, summary="Make unique codes"
)
def order_codes(
    request: HttpRequest, definition_id: str, body: VoucherCodesInput
) -> tuple[int, VoucherIssued]:
    """In the background; the batch says how far it is."""
    actor = permit(request, "vouchers.edit")
    batch_id = operations.order_codes(
        actor=actor, at=now(), key=body.key, definition_id=definition_id, count=body.count, label=body.label
    )
    return 201, VoucherIssued(batch_id=batch_id, warnings=queries.budget_warnings(definition_id))


@router.post(
    "/vouchers/definitions/{definition_id}/word", response={201: VoucherIssued}, summary="Open a shared code"
)
def share(request: HttpRequest, definition_id: str, body: VoucherWordInput) -> tuple[int, VoucherIssued]:
    """One code for many."""
    actor = permit(request, "vouchers.edit")
    batch_id = operations.create_shared_code(
        actor=actor, at=now(), definition_id=definition_id, word=body.word, label=body.label
    )
    return 201, VoucherIssued(batch_id=batch_id)


@router.get("/vouchers/batches/{batch_id}", response=VoucherBatchView, summary="One batch")
def read_batch(request: HttpRequest, batch_id: str) -> VoucherBatchView:
    """How far it is, and its vouchers by state."""
    permit(request, "vouchers.view")
    return queries.batch(batch_id)


@router.post("/vouchers/batches/{batch_id}/codes", summary="The codes of a batch")
def export(request: HttpRequest, batch_id: str) -> StreamingHttpResponse:
    """As CSV with code and state, streamed; audited before the first code leaves."""
    actor = permit(request, "vouchers.edit")
    operations.note_export(actor=actor, at=now(), batch_id=batch_id)
    rows = (f"{code},{state}\r\n" for code, state in queries.batch_codes(batch_id))
    return StreamingHttpResponse(rows, content_type="text/csv; charset=utf-8")


@router.post("/vouchers/batches/{batch_id}/cancel", response={204: None}, summary="Cancel a batch")
def cancel_batch(request: HttpRequest, batch_id: str, body: VoucherCancelInput) -> tuple[int, None]:
    """Every voucher of it that was not used, in the background."""
    actor = permit(request, "vouchers.edit")
    operations.begin_cancelling(actor=actor, at=now(), batch_id=batch_id, reason=body.reason)
    return 204, None


@router.post("/vouchers/claims", response={201: VoucherIssued}, summary="Claim a voucher")
def claim(request: HttpRequest, body: VoucherClaimInput) -> tuple[int, VoucherIssued]:
    """For a member, within the limits; wrong codes are counted against the caller."""
    actor, at = permit(request, "vouchers.edit"), now()
    if not body.code:
        voucher_id = operations.claim_voucher(
            key=body.key, definition_id=body.definition_id, member_id=body.member_id, at=at
        )
        return 201, VoucherIssued(voucher_id=voucher_id)
    who = f"{actor.kind}:{actor.id}"
    try:
        voucher_id = operations.claim_code(
            key=body.key, code=body.code, member_id=body.member_id, at=at, who=who
        )
    except Refused as refusal:
        guess = VoucherRefusal(str(refusal.details.get("reason", "")), "")
        operations.count_wrong_codes(who=who, refusals=[guess], at=at)
        raise
    return 201, VoucherIssued(voucher_id=voucher_id)


@router.post("/vouchers/check", response=VoucherCheckAnswer, summary="Try codes on a basket")
def check(request: HttpRequest, body: VoucherCheckInput) -> VoucherCheckAnswer:
    """Changes nothing.  After ten wrong codes in a minute every code of this caller is refused."""
    actor, at = permit(request, "vouchers.view"), now()
    who = f"{actor.kind}:{actor.id}"
    numbers = [line.line_no for line in body.lines]
    if len(set(numbers)) != len(numbers):
        raise Refused("invalid_basket", queries.reason_in_words("wrong_products"), {"lines": "repeated"})
    basket = Basket(
        tuple(BasketLine(**line.model_dump(exclude={"left_minor"})) for line in body.lines),
        currency=retailer().currency,
        sales_channel=body.sales_channel,
        store_id=body.store_id,
        shipping_minor=body.shipping_minor,
    )
    left = {
        line.line_no: line.list_minor if line.left_minor is None else line.left_minor for line in body.lines
    }
    quote = queries.voucher_quote(
        codes=body.codes, member_id=body.member_id, tier=body.tier, basket=basket, left=left, at=at, who=who
    )
    operations.count_wrong_codes(who=who, refusals=quote.refusals, at=at)
    return VoucherCheckAnswer(
        uses=[
            VoucherUseView(**{name: getattr(use, name) for name in VoucherUseView.model_fields})
            for use in quote.uses
        ],
        refusals=[
            VoucherRefusalView(code=r.code, message=r.message, hint=r.hint, details=dict(r.details))
            for r in quote.refusals
        ],
    )


@router.get("/vouchers/{voucher_id}", response=VoucherView, summary="One voucher")
def read_voucher(request: HttpRequest, voucher_id: str) -> VoucherView:
    """With its steps, without its code."""
    permit(request, "vouchers.view")
    return queries.voucher(voucher_id)


@router.post("/vouchers/{voucher_id}/cancel", response={204: None}, summary="Cancel a voucher")
def cancel(request: HttpRequest, voucher_id: str, body: VoucherCancelInput) -> tuple[int, None]:
    """One that was not used and that no purchase holds."""
    actor = permit(request, "vouchers.edit")
    operations.cancel_voucher(actor=actor, at=now(), voucher_id=voucher_id, reason=body.reason)
    return 204, None


@router.get("/members/{member_id}/vouchers", response=list[MemberVoucher], summary="A member's vouchers")
def member_vouchers(request: HttpRequest, member_id: str) -> list[MemberVoucher]:
    """Usable ones first, with their codes: for the member's own eyes and for tills.  Needs the right to edit."""
    permit(request, "vouchers.edit")
    return queries.member_vouchers(member_id, at=now())


@router.get("/members/{member_id}/offers", response=list[MemberOffer], summary="Vouchers a member may take")
def member_offers(request: HttpRequest, member_id: str, tier: str = "") -> list[MemberOffer]:
    """Those that can be taken now first, then the others with why not; give the member's tier for those that ask it."""
    permit(request, "vouchers.view")
    return queries.member_offers(member_id, at=now(), tier=tier)
