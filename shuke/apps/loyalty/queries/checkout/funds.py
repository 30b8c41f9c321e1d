"""What a member can pay with: the rate of the day and the points that are there."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from shuke.apps.loyalty.models import PointsRate, Wallet
from shuke.apps.loyalty.queries.states import states_of
from shuke.apps.loyalty.queries.types import points_name
from shuke.apps.loyalty.rules.checkout.steps import Rate
from shuke.apps.loyalty.rules.wallet import due
from shuke.apps.loyalty.schemas import PointsRateView
from shuke.platform.clock import business_date
from shuke.platform.retailer.queries import retailer


@dataclass(frozen=True)
class Currency:
    """Points that are money today, with their rate."""

    code: str
    name: str
    rate: Rate


def points_rate(points_type: str, *, on: date) -> Currency | None:
    """What points are worth on a business day; of no code, the oldest spendable ones that are worth anything."""
    rows = PointsRate.objects.filter(starts_on__lte=on, points_type__is_spendable=True)
    if points_type:
        rows = rows.filter(points_type__code=points_type)
    row = rows.select_related("points_type").order_by("points_type_id", "-starts_on", "-pk").first()
    if row is None:
        return None
    rate = Rate(row.points, row.minor, row.minimum_points, row.maximum_percent)
    return Currency(row.points_type.code, points_name(row.points_type), rate)


def points_rates(points_type: str = "") -> list[PointsRateView]:
    """All rates, the newest first."""
    rows = PointsRate.objects.select_related("points_type").order_by("-starts_on", "-pk")
    if points_type:
        rows = rows.filter(points_type__code=points_type)
    return [
        PointsRateView(
            points_type=row.points_type.code,
            starts_on=row.starts_on,
            points=row.points,
            minor=row.minor,
            minimum_points=row.minimum_points,
            maximum_percent=row.maximum_percent,
        )
        for row in rows
    ]


def available_points(
    member_id: str, *, points_type: str, at: datetime, wallets: Sequence[Wallet] | None = None
) -> int:
    """The points that could be held at ``at``: what time has made of the wallet by then counts, posted or not.

    ``wallets`` are the member's, with member and points type, if the caller has them under their locks.
    """
    if wallets is None:
        rows = Wallet.objects.select_related("points_type", "member")
        wallets = list(rows.filter(member__public_id=member_id, points_type__code=points_type))
    wanted = (member_id, points_type)
    wallet = next((w for w in wallets if (w.member.public_id, w.points_type.code) == wanted), None)
    if wallet is None:
        return 0
    # A wallet's own time never runs backwards, whatever a till's clock says.
    moment = max(at, wallet.recorded_at or at)
    if wallet.due_at is None or wallet.due_at > moment:
        return wallet.available
    state = states_of([wallet])[0][wallet.pk]
    while (item := due(state, at=moment)) is not None:
        state.apply(item.posting)
        if item.kind == "release":
            state.holds.pop(item.subject)
    return state.balances["available"]


def business_day(at: datetime) -> date:
    """The retailer's day of a moment."""
    return business_date(at, retailer().time_zone)
