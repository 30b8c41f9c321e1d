"""Points for vouchers: what a member can exchange, and what was exchanged."""

from datetime import datetime
from typing import Any

from shuke.apps.loyalty.models import VoucherExchange
from shuke.apps.loyalty.queries.statements import points_wallet
from shuke.apps.loyalty.queries.tiers import tier_of
from shuke.apps.loyalty.queries.types import points_types
from shuke.apps.loyalty.schemas.exchanges import ExchangeRow, ExchangeView, PricedVoucher
from shuke.apps.promotions.queries import definition_names, member_vouchers, priced_offers
from shuke.apps.promotions.queries.finding import purse_of

#: How many exchanges a member is shown.
MOST = 50


def spendable_names() -> dict[str, str]:
    """What points that can be spent are called in the reader's language, by code."""
    return {kind.code: kind.name for kind in points_types() if kind.is_spendable}


def priced_for(member_id: str, *, at: datetime, with_staffs: bool = False) -> list[PricedVoucher]:
    """Vouchers that cost points, what can be had now first; with those that only staff exchanges where asked."""
    tier = tier_of(member_id, at=at)
    found = priced_offers(member_id, at=at, tier=tier.code if tier else "")
    balances: dict[str, int] = {}
    offers = []
    for offer in found:
        if offer.price is None or not (offer.is_claimable or with_staffs):
            continue
        kind = offer.price.points_type
        if kind not in balances:
            balances[kind] = points_wallet(member_id, points_type=kind, at=at).balances.available
        missing = max(offer.price.points - balances[kind], 0)
        offers.append(PricedVoucher(**dict(offer), available=balances[kind], missing=missing))
    return sorted(offers, key=lambda one: (not one.is_open, bool(one.missing), one.name))


def exchange_view(row: VoucherExchange) -> ExchangeView:
    """The public view of a row."""
    return ExchangeView(**_values(row))


def _values(row: VoucherExchange) -> dict[str, Any]:
    names = ("definition_id", "voucher_id", "points", "state", "made_at", "back_through", "ended_at")
    return {
        **{name: getattr(row, name) for name in (*names, "returned", "expired")},
        "exchange_id": row.public_id,
        "points_type": row.points_type.code,
    }


def member_exchanges(member_id: str, *, at: datetime) -> list[ExchangeRow]:
    """What a member, and everybody merged into it, exchanged: the newest first, up to 50."""
    rows = VoucherExchange.objects.select_related("points_type").filter(member__in=purse_of(member_id))
    found = list(rows.order_by("-made_at", "-pk")[:MOST])
    if not found:
        return []
    names = definition_names(row.definition_id for row in found)
    held = {one.voucher_id: one.state for one in member_vouchers(member_id, at=at, with_ended=True)}
    called = {kind.code: kind.name for kind in points_types()}
    views = []
    for row in found:
        state = held.get(row.voucher_id, "")
        is_unused = row.state == "made" and state == "claimed"
        views.append(
            ExchangeRow(
                **_values(row),
                name=names.get(row.definition_id, row.definition_id),
                price=f"{row.points:,} {called.get(row.points_type.code, row.points_type.code)}",
                voucher_state=state,
                is_unused=is_unused,
                is_open=is_unused and row.back_through is not None and at <= row.back_through,
            )
        )
    return views


def exported_exchanges(member_id: str) -> list[dict[str, Any]]:
    """Every exchange of a member as plain data."""
    rows = VoucherExchange.objects.select_related("points_type").filter(member__public_id=member_id)
    return [exchange_view(row).model_dump(mode="json") for row in rows.order_by("pk")]
