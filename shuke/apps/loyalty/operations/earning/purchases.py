"""Points for one purchase and for what comes back of it, at the checkout's pace."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction

from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from shuke.apps.loyalty.models import OrderEarning
from shuke.apps.loyalty.operations.book import Ledger
from shuke.apps.loyalty.operations.earning.posting import EarningBooks
from shuke.apps.loyalty.operations.earning.told import ToldOrder, evaluated
from shuke.apps.loyalty.operations.once import IdempotencyConflict, PointsShort
from shuke.apps.loyalty.queries.earning import Outcome, order_view, record_view
from shuke.apps.loyalty.queries.earning_plans import published_plans
from shuke.apps.loyalty.queries.standing import standings_of
from shuke.apps.loyalty.rules.earning import Purchase
from shuke.apps.loyalty.rules.earning_limits import Counts
from shuke.apps.loyalty.rules.postings import Shortfall
from shuke.apps.loyalty.schemas import OrderEarningView, Request
from shuke.apps.members.queries import family_of
from shuke.platform.calls import step
from shuke.platform.errors import Invalid, Refused

ORDER_ID_LENGTH = 160


def award_purchase(
    *,
    request: Request,
    member_id: str,
    order_id: str,
    purchase: Purchase,
    placed_at: datetime | None = None,
    ledger: Ledger | None = None,
) -> OrderEarningView:
    """Give what a purchase earns by the rules in force when it was placed (now by default), once per order.

    ``order_id`` is the lake's, ``<channel account>:<order number>``: an order that the lake told of first, or
    that is told again, is *replayed* and gives nothing more.  The tier is the member's unless the purchase
    names one.  May be called inside a transaction; locks the member's wallets.  Raises ``NotFound``.
    """
    if not order_id or len(order_id) > ORDER_ID_LENGTH:
        raise Invalid("invalid_order_id", _("An order id has 1 to 160 characters."), {"order_id": order_id})
    speaker = family_of(member_id)
    member_id = speaker.public_id
    moment = placed_at or request.at
    plan = published_plans().at(moment)
    if plan is None:
        return _nothing(order_id, member_id)
    standing = standings_of([member_id], at=moment).of(member_id)
    placed = Purchase(
        purchase.lines,
        purchase.on,
        purchase.sales_channel,
        purchase.store_id,
        purchase.tier or standing.tier,
    )
    books = EarningBooks(at=request.at, actor=request.actor, clamps_refused=False, ledger=ledger or Ledger())
    multipliers = standing.multipliers([code for code, kind in books.kinds.items() if kind.is_spendable])
    told = ToldOrder(
        order_id=order_id,
        member_pk=speaker.pk,
        placed_at=moment,
        on=placed.on,
        teller="checkout",
        plan=plan,
        lines=[line.line_no for line in placed.lines],
        pieces=[line.quantity for line in placed.lines],
        evaluated=evaluated(plan.without_caps, placed, counts=Counts(), multipliers=multipliers),
        purchase=lambda: placed,
        multipliers=multipliers,
    )
    try:
        with transaction.atomic():
            return _award(books, told, member_id=member_id)
    except IntegrityError:
        # Another member's wallet took the order after we looked: it was told for two people at once.
        found = OrderEarning.objects.filter(order_id=order_id).select_related("member").first()
        if found is None:
            raise
        return order_view(found)


def _award(books: EarningBooks, told: ToldOrder, *, member_id: str) -> OrderEarningView:
    books.open([told.member_pk], told.plan.points_types, lots="none")
    books.load_orders([told.order_id])
    if told.order_id in books.orders:
        return order_view(books.orders[told.order_id].row)
    books.tell_order(told)
    books.finish()
    return _view(told.order_id, books, member_id=member_id, outcome="created")


def _view(order_id: str, books: EarningBooks, *, member_id: str, outcome: Outcome) -> OrderEarningView:
    kept, posted = books.orders[order_id], [one.public_id for one in books.posted]
    return record_view(kept.row, kept.record, member_id=member_id, outcome=outcome, transactions=posted)


def _nothing(order_id: str, member_id: str) -> OrderEarningView:
    return OrderEarningView(
        outcome="nothing",
        order_id=order_id,
        member_id=member_id,
        version=0,
        earned={},
        left={},
        transactions=[],
    )


@dataclass(frozen=True)
class TillsOrder:
    """An order as the till knows it: pieces by line number, and the share of its worth that has come back by now."""

    pieces: Mapping[int, int]
    share_back: Fraction


def return_purchase(
    *,
    request: Request,
    order_id: str,
    lines: Mapping[int, int],
    till: TillsOrder | None = None,
    ledger: Ledger | None = None,
) -> OrderEarningView:
    """Take back what the returned pieces had earned, line by line, from what was recorded.

    ``lines`` maps line numbers to pieces that come back now.  The same key again is *replayed*, with other lines
    it is a conflict.  An order that earned nothing answers *nothing*.  Refuses more pieces than were bought
    and not brought back; under the policy ``refuse`` raises ``PointsShort`` if the points are gone.
    Of a ``till`` whose lines are not the recorded ones (a file told of the order first) the share counts instead.
    """
    if not lines or min(lines.values()) <= 0:
        raise Invalid("invalid_return", _("A return names lines and a number of pieces above zero."))
    try:
        with step():
            return _return(request, order_id, lines, till, ledger or Ledger())
    except Shortfall as short:
        raise PointsShort(
            "points_insufficient",
            _("The points that this purchase earned were spent already."),
            {"available": short.available, "needed": short.needed},
        ) from short


def _return(
    request: Request, order_id: str, lines: Mapping[int, int], till: TillsOrder | None, ledger: Ledger
) -> OrderEarningView:
    row = OrderEarning.objects.filter(order_id=order_id).select_related("member").first()
    if row is None:
        return _nothing(order_id, "")
    books = EarningBooks(at=request.at, actor=request.actor, clamps_refused=False, ledger=ledger)
    books.open([row.member_id], list(row.body["given"]), lots="open")
    books.load_orders([order_id])
    kept = books.orders[order_id]
    before = kept.record.returns.get(request.key)
    if before is not None:
        if before != dict(lines):
            raise IdempotencyConflict(
                "idempotency_conflict",
                _("This key was used for another request; use a new key for a new request."),
                {"order_id": order_id},
            )
        return order_view(row)
    known = dict(zip(kept.record.lines, kept.record.pieces, strict=True))
    if till is not None and till.pieces != known:
        books.tell_share_back(order_id, request.key, lines, till.share_back)
    else:
        _check_pieces(kept.record.pieces_left(), lines, order_id=order_id)
        books.tell_pieces_back(order_id, request.key, lines)
    books.finish()
    return _view(order_id, books, member_id=row.member.public_id, outcome="changed")


def _check_pieces(left: Mapping[int, int], lines: Mapping[int, int], *, order_id: str) -> None:
    for number, pieces in lines.items():
        if number not in left:
            raise Invalid(
                "unknown_line",
                _("The order has no line of this number."),
                {"order_id": order_id, "line_no": number},
            )
        if pieces > left[number]:
            raise Refused(
                "more_than_bought",
                _("More pieces would come back than are left of the line."),
                {"order_id": order_id, "line_no": number, "left": left[number], "asked": pieces},
            )
