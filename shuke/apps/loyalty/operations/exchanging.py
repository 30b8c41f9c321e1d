"""Points for a voucher, and back: one operation each.  docs/algorithms/vouchers.md is the specification.

Locks are taken in the checkout's order: the call's key, the exchange, wallets by id, the voucher, the limits.
"""

from datetime import datetime

from django.utils.translation import gettext_lazy as _

from shuke.apps.loyalty.models import VoucherExchange
from shuke.apps.loyalty.operations.book import Ledger
from shuke.apps.loyalty.operations.checkout.keys import Call, Done, once_only
from shuke.apps.loyalty.operations.checkout.locks import lock_wallets
from shuke.apps.loyalty.operations.once import PointsShort
from shuke.apps.loyalty.operations.points import give_back_points, spend_points
from shuke.apps.loyalty.queries.exchanges import exchange_view
from shuke.apps.loyalty.queries.tiers import tier_of
from shuke.apps.loyalty.queries.types import points_type_row
from shuke.apps.loyalty.rules.exchanges import back_through
from shuke.apps.loyalty.schemas import CallOutcome, Request
from shuke.apps.loyalty.schemas.exchanges import ExchangeRequest
from shuke.apps.members.queries import member_refs, survivor_of
from shuke.apps.promotions.operations import OfferClosed, sell_voucher, take_back_voucher
from shuke.apps.promotions.queries import priced_offers
from shuke.apps.promotions.queries.finding import purse_of
from shuke.apps.promotions.schemas import MemberOffer, OfferPrice
from shuke.platform.audit.operations import record_audit
from shuke.platform.errors import NotFound, Refused
from shuke.platform.permissions import Actor
from shuke.platform.retailer.queries import retailer


def exchange_points(
    *, call: Call, member_id: str, request: ExchangeRequest, staff: Actor | None = None
) -> CallOutcome:
    """Spend the price and hand the voucher out, both or neither; the answer is an ``ExchangeView``.

    ``staff`` may also exchange what members cannot by themselves; it is audited.  Raises ``OfferClosed``
    (``offer_<why>``), ``Refused`` (``price_changed``, ``points_insufficient``, ``idempotency_conflict``), ``NotFound``.
    """

    def act() -> Done:
        ledger = lock_wallets(member_id)
        # After the locks: a merge that was waited for may have changed who speaks.
        speaker = _speaker(member_id)
        offer, price = _offer(request, member_id=speaker, at=call.at, is_staff=staff is not None)
        row = VoucherExchange(
            member_id=member_refs([speaker])[speaker].pk,
            definition_id=request.definition_id,
            points_type=points_type_row(price.points_type),
            points=price.points,
            made_at=call.at,
            actor=call.actor,
            back_through=back_through(call.at, days=price.back_days, time_zone=retailer().time_zone),
        )
        row.spent_id = _pay(row, call=call, member_id=speaker, ledger=ledger)
        row.voucher_id = sell_voucher(
            key=row.public_id,
            definition_id=offer.definition_id,
            version=offer.version,
            member_id=speaker,
            at=call.at,
        )
        row.save(force_insert=True)
        if staff is not None:
            _audit(row, staff, at=call.at, verb="voucher_exchange.bought", state=None, reason="")
        return Done(exchange_view(row), row.member_id)

    body = {"member": member_id, "staff": staff is not None, **request.model_dump(mode="json")}
    return once_only(call, name="exchange", body=body, act=act)


def _speaker(member_id: str) -> str:
    if member_id not in member_refs([member_id]):
        raise NotFound("member_not_found", _("There is no such member."), {"member_id": member_id})
    return survivor_of(member_id)


def _offer(
    request: ExchangeRequest, *, member_id: str, at: datetime, is_staff: bool
) -> tuple[MemberOffer, OfferPrice]:
    """The offer as it stands under the wallet's lock.  Raises ``OfferClosed``, ``Refused``, ``NotFound``."""
    tier = tier_of(member_id, at=at)
    offers = priced_offers(
        member_id, at=at, tier=tier.code if tier else "", definition_id=request.definition_id
    )
    offer = next((one for one in offers if one.is_claimable or is_staff), None)
    if offer is None or offer.price is None:
        raise NotFound("offer_not_found", _("This voucher is not on offer any more."))
    if offer.why:
        details = {"definition_id": offer.definition_id, "first_day": offer.price.first_day}
        raise OfferClosed(f"offer_{offer.why}", offer.why_words, details)
    if offer.price.points != request.points:
        raise Refused(
            "price_changed",
            _("The price is another one now: %(price)s. Look at it and ask again.")
            % {"price": offer.price.text},
            {"points_type": offer.price.points_type, "points": offer.price.points},
        )
    return offer, offer.price


def _pay(row: VoucherExchange, *, call: Call, member_id: str, ledger: Ledger) -> str:
    """Spend the price; the transaction names the exchange.  Raises ``PointsShort`` with what is missing."""
    try:
        return spend_points(
            request=_asked(row, call, "spend"),
            member_id=member_id,
            points_type=row.points_type.code,
            points=row.points,
            ledger=ledger,
        ).transaction_id
    except PointsShort as short:
        available = short.details["available"]
        missing = row.points - available
        raise PointsShort(
            "points_insufficient",
            _("%(missing)s more are needed: it costs %(points)s, and %(available)s can be spent now.")
            % {
                "missing": f"{missing:,}",
                "points": f"{row.points:,}",
                "available": f"{available:,}",
            },
            {**short.details, "missing": missing},
        ) from short


def _asked(row: VoucherExchange, call: Call, step: str) -> Request:
    """How a step of an exchange asks the ledger."""
    return Request(
        key=f"exchange:{row.public_id}:{step}",
        actor=call.actor,
        at=call.at,
        source=row.public_id,
        reason="exchange",
    )


def take_back_exchange(
    *, call: Call, exchange_id: str, member_id: str = "", staff: Actor | None = None, reason: str = ""
) -> CallOutcome:
    """Cancel the unused voucher and give its points back to the lots they came from; the answer is the exchange.

    The member may until ``back_through``, ``staff`` as long as the voucher could still be used.  ``member_id`` refuses
    the exchange of anybody else.  Raises ``Refused`` (``exchange_taken_back``, ``exchange_final``, ``voucher_expired``,
    ``voucher_not_returnable``, ``idempotency_conflict``) and ``NotFound``.
    """

    def act() -> Done:
        row = _locked(exchange_id, member_id=member_id)
        if row.state != "made":
            raise Refused("exchange_taken_back", _("This exchange was taken back before."))
        if staff is None and (row.back_through is None or call.at > row.back_through):
            raise Refused(
                "exchange_final",
                _("This exchange can no longer be taken back."),
                {"back_through": row.back_through},
            )
        ledger = lock_wallets(row.member.public_id if row.member else None)
        _give_back(row, call=call, ledger=ledger)
        take_back_voucher(voucher_id=row.voucher_id, key=row.public_id, at=call.at)
        row.state, row.ended_at = "taken_back", call.at
        row.save()
        if staff is not None:
            _audit(row, staff, at=call.at, verb="voucher_exchange.refunded", state="made", reason=reason)
        return Done(exchange_view(row), row.member_id)

    body = {"exchange": exchange_id, "member": member_id, "staff": staff is not None}
    return once_only(call, name="take_back", body=body, act=act)


def _locked(exchange_id: str, *, member_id: str) -> VoucherExchange:
    """The row under its lock.  Raises ``NotFound``, also for somebody else's and for one whose member was erased."""
    rows = VoucherExchange.objects.select_for_update(of=("self",)).select_related("points_type")
    row = rows.filter(public_id=exchange_id, member__isnull=False).first()
    if row is None or (member_id and row.member_id not in purse_of(member_id)):
        raise NotFound("exchange_not_found", _("There is no such exchange."))
    return row


def _give_back(row: VoucherExchange, *, call: Call, ledger: Ledger) -> None:
    done = give_back_points(
        request=_asked(row, call, "give_back"), commit_id=row.spent_id, points=row.points, ledger=ledger
    )
    row.given_back_id = done.transaction_id
    row.expired = done.entries.get("breakage", 0)
    row.returned = row.points - row.expired


def _audit(
    row: VoucherExchange, staff: Actor, *, at: datetime, verb: str, state: str | None, reason: str
) -> None:
    changes = {"state": [state, row.state], "points": [None, row.points], "reason": [None, reason[:300]]}
    record_audit(actor=staff, at=at, verb=verb, subject=("voucher_exchange", row.public_id), changes=changes)


def forget_exchanges(*, member_id: str) -> int:
    """Cut exchanges from a member; their points stay, so that the books stay true.  Returns how many."""
    return VoucherExchange.objects.filter(member__public_id=member_id).update(member=None)
