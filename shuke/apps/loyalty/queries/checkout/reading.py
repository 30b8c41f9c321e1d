"""Reservations and receipts as tills and pages see them."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from shuke.apps.loyalty.models import CheckoutReturn, Receipt, Reservation
from shuke.apps.loyalty.rules.checkout.returning import Bought, Returned, staying
from shuke.apps.loyalty.schemas import Quote, ReceiptView, ReservationView, ReturnView
from shuke.platform.errors import NotFound


def reservation(reservation_id: str, *, at: datetime) -> ReservationView:
    """A reservation as of ``at``.  Raises ``NotFound``."""
    row = _reservations().filter(public_id=reservation_id).first()
    if row is None:
        raise NotFound("reservation_not_found", _("There is no such reservation."))
    return _with_receipt(row, at=at)


def _reservations() -> QuerySet[Reservation]:
    return Reservation.objects.select_related("member", "receipt")


def open_reservations(*, at: datetime, limit: int = 50, offset: int = 0) -> tuple[list[ReservationView], int]:
    """What is held at ``at``, the newest first, and how many there are."""
    rows = _reservations().filter(state="open", expires_at__gt=at).order_by("-created_at", "-pk")
    return [_with_receipt(row, at=at) for row in rows[offset : offset + limit]], rows.count()


def _with_receipt(row: Reservation, *, at: datetime) -> ReservationView:
    return reservation_view(row, at=at, receipt_id=row.receipt.public_id if hasattr(row, "receipt") else None)


def reservation_view(row: Reservation, *, at: datetime, receipt_id: str | None) -> ReservationView:
    """The public view of a row; one whose time has run out is ended, whether or not anybody has written it."""
    is_over = row.state == "open" and row.expires_at <= at
    return ReservationView(
        reservation_id=row.public_id,
        state="ended" if is_over else row.state,
        quote=Quote(**row.quote),
        expires_at=row.expires_at,
        created_at=row.created_at,
        ended_at=row.expires_at if is_over else row.ended_at,
        receipt_id=receipt_id,
    )


def receipt(receipt_id: str) -> ReceiptView:
    """A receipt with its returns.  Raises ``NotFound``."""
    return receipt_view(_only(_receipts().filter(public_id=receipt_id)))


def receipt_of_order(order_id: str) -> ReceiptView:
    """The receipt with that order id.  Raises ``NotFound``."""
    return receipt_view(_only(_receipts().filter(order_id=order_id)))


def receipts_page(
    *, limit: int = 50, offset: int = 0, member_id: str = "", until: datetime | None = None
) -> tuple[list[ReceiptView], int]:
    """Receipts, the newest first, of a member only where one is given, and how many there are."""
    rows = _receipts().order_by("-committed_at", "-pk")
    if member_id:
        rows = rows.filter(member__public_id=member_id)
    if until is not None:
        rows = rows.filter(committed_at__lte=until)
    return [receipt_view(row) for row in rows[offset : offset + limit]], rows.count()


def _receipts() -> QuerySet[Receipt]:
    return Receipt.objects.select_related("member", "reservation").prefetch_related("returns")


def _only(rows: QuerySet[Receipt]) -> Receipt:
    row = rows.first()
    if row is None:
        raise NotFound("receipt_not_found", _("There is no such receipt."))
    return row


def receipt_view(row: Receipt, *, returns: Sequence[CheckoutReturn] | None = None) -> ReceiptView:
    """The public view of a row; its returns are read unless they are at hand."""
    bought, returns = bought_of(row), returns_of(row) if returns is None else returns
    gone: list[Returned] = []
    views = []
    for earlier in returns:
        gone.append(returned_of(earlier))
        views.append(return_view(row, earlier, is_whole=not staying(bought, returns=gone)))
    return ReceiptView(
        receipt_id=row.public_id,
        reservation_id=row.reservation.public_id,
        order_id=row.order_id or "",
        payment_reference=row.payment_reference,
        member_id=row.member.public_id if row.member else None,
        quote=Quote(**row.quote),
        earned=row.earned,
        committed_at=row.committed_at,
        left=staying(bought, returns=gone),
        returns=views,
    )


def returns_of(row: Receipt) -> list[CheckoutReturn]:
    """In the order in which they happened."""
    return sorted(row.returns.all(), key=lambda one: one.number)


def return_view(row: Receipt, one: CheckoutReturn, *, is_whole: bool) -> ReturnView:
    """The public view of a return of a receipt."""
    refunds, recovered = _by_line(one.refunds), _by_line(one.recovered)
    kept = sum(recovered.values())
    return ReturnView(
        return_id=one.public_id,
        receipt_id=row.public_id,
        number=one.number,
        lines=_by_line(one.lines),
        refunds=refunds,
        shipping_minor=one.shipping_minor,
        kept_minor=kept,
        refund_minor=sum(refunds.values()) - kept + one.shipping_minor,
        points_given_back=one.points_given_back,
        points_taken_back=one.points_taken_back,
        vouchers=one.vouchers,
        is_whole=is_whole,
        at=one.at,
    )


def bought_of(row: Receipt) -> list[Bought]:
    """The stored allocation as the rules of returns see it."""
    return [
        Bought(
            line_no=line["line_no"],
            quantity=line["quantity"],
            paid_minor=line["paid_minor"],
            points=line["points"],
            vouchers={d["code"]: d["minor"] for d in line["deductions"] if d["step"] == "voucher"},
        )
        for line in row.quote["lines"]
    ]


def returned_of(one: CheckoutReturn) -> Returned:
    """A stored return as the rules see it."""
    return Returned(_by_line(one.lines), frozenset(one.lost_vouchers), _by_line(one.recovered))


def returned_of_all(row: Receipt) -> list[Returned]:
    """All returns of a receipt as the rules see them."""
    return [returned_of(one) for one in returns_of(row)]


def _by_line(stored: dict[str, int]) -> dict[int, int]:
    # JSON has texts for keys.
    return {int(number): value for number, value in stored.items()}


def exported_checkouts(member_id: str) -> dict[str, Any]:
    """Everything that tills asked for and took in a member's name, as plain data."""
    mine = Receipt.objects.filter(member__public_id=member_id).order_by("pk")
    held: Iterable[Reservation] = _reservations().filter(member__public_id=member_id).order_by("pk")
    return {
        "receipts": [receipt_view(row).model_dump(mode="json") for row in mine.prefetch_related("returns")],
        "reservations": [_with_receipt(row, at=row.created_at).model_dump(mode="json") for row in held],
    }
