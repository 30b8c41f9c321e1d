"""What members see of themselves on their own page."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from shuke.apps.loyalty.queries.benefits import benefits_of
from shuke.apps.loyalty.queries.origins import origins_in_words, rule_names
from shuke.apps.loyalty.queries.plans import paid_terms
from shuke.apps.loyalty.queries.statements import points_statement, points_wallet
from shuke.apps.loyalty.queries.tiers import tier_names, tier_of, tier_program
from shuke.apps.loyalty.queries.types import points_types
from shuke.apps.loyalty.schemas import Entitlement, MemberBenefits, PaidTermView, PointsTypeView
from shuke.apps.loyalty.schemas.tiers import MemberTier
from shuke.apps.promotions.queries import member_offers, member_vouchers
from shuke.apps.promotions.schemas import MemberVoucher
from shuke.platform.clock import business_date
from shuke.platform.retailer.queries import retailer

ACCOUNTS = frozenset({"pending", "available", "held", "debt"})
#: What a member is told of; holds and activations move points of theirs from one pocket into another.
TOLD = frozenset(
    {"earn", "commit", "expire", "give_back", "claw_back", "adjust", "transfer_out", "transfer_in", "reverse"}
)
LINES = 20


@dataclass(frozen=True)
class Dated:
    """Points of one day: what ends at its end, or can be used from it on."""

    day: date
    points: int


@dataclass(frozen=True)
class OwnPoints:
    """The points of one type: ``pending`` by the day they can be used from, ``ending`` by their last day."""

    kind: PointsTypeView
    available: int
    debt: int
    pending: int
    arriving: list[Dated] = field(default_factory=list)
    ending: list[Dated] = field(default_factory=list)


@dataclass(frozen=True)
class OwnLine:
    """One thing that happened to points: below zero if they went.  ``origin`` says of what order, voucher or rule."""

    at: datetime
    kind: str
    points: int
    points_type: str
    reason: str
    origin: str = ""


@dataclass(frozen=True)
class OwnPage:
    """All of the page; ``open_offers`` counts the vouchers the member can take now.

    ``window_ends`` is the last day on which what counts for the next tier is counted.
    """

    today: date
    tier: MemberTier | None
    tier_rank: int
    has_tiers: bool
    window_ends: date | None
    points: list[OwnPoints]
    lines: list[OwnLine]
    vouchers: list[MemberVoucher]
    open_offers: int
    benefits: MemberBenefits
    terms: list[PaidTermView]

    @property
    def entitlements(self) -> list[Entitlement]:
        """The benefits."""
        return self.benefits.entitlements


def own_page(member_id: str, *, at: datetime) -> OwnPage:
    """What the member's own page shows; texts are in the language of the thread."""
    shop = retailer()
    today, zone = business_date(at, shop.time_zone), ZoneInfo(shop.time_zone)
    kinds, tier, names = points_types(), tier_of(member_id, at=at), list(tier_names())
    ladder = [code for code in names if code]
    wallets = [_points(member_id, kind, at=at, zone=zone) for kind in kinds]
    has = {wallet.kind.code: wallet.available for wallet in wallets}
    return OwnPage(
        today=today,
        tier=tier,
        tier_rank=ladder.index(tier.code) + 1 if tier and tier.code in ladder else 0,
        has_tiers=bool(ladder),
        window_ends=_window_ends(tier, today),
        points=wallets,
        lines=_lines(member_id, kinds),
        vouchers=member_vouchers(member_id, at=at),
        open_offers=sum(
            offer.is_open
            and (offer.price is None or offer.price.points <= has.get(offer.price.points_type, 0))
            for offer in member_offers(member_id, at=at, tier=tier.code if tier else "")
        ),
        benefits=benefits_of(member_id, at=at),
        terms=[
            term for term in paid_terms(member_id, today=today) if term.is_running or term.first_day > today
        ],
    )


def _points(member_id: str, kind: PointsTypeView, *, at: datetime, zone: ZoneInfo) -> OwnPoints:
    wallet = points_wallet(member_id, points_type=kind.code, at=at)
    arriving: dict[date, int] = defaultdict(int)
    ending: dict[date, int] = defaultdict(int)
    for lot in wallet.lots:
        if pending := lot.buckets.get("pending", 0):
            arriving[lot.activates_at.astimezone(zone).date()] += pending
        if lot.expires_at and (usable := lot.buckets.get("available", 0)):
            ending[lot.expires_at.astimezone(zone).date()] += usable
    return OwnPoints(
        kind=kind,
        available=wallet.balances.available,
        debt=wallet.balances.debt,
        pending=wallet.balances.pending,
        arriving=[Dated(day, points) for day, points in sorted(arriving.items())],
        ending=[Dated(day, points) for day, points in sorted(ending.items())],
    )


def _lines(member_id: str, kinds: list[PointsTypeView]) -> list[OwnLine]:
    found = []
    for kind in kinds:
        for row in points_statement(member_id, points_type=kind.code, limit=3 * LINES)[0]:
            points = sum(amount for account, amount in row.entries.items() if account in ACCOUNTS)
            if row.kind in TOLD and points:
                found.append(
                    OwnLine(row.effective_at, row.kind, points, kind.code, row.reason, origin=row.source)
                )
    shown = sorted(found, key=lambda line: line.at, reverse=True)[:LINES]
    origins = origins_in_words((line.origin, line.reason) for line in shown)
    rules = rule_names() if shown else {}
    return [replace(line, origin=rules.get(line.reason) or _told(line.origin, origins)) for line in shown]


def _told(source: str, origins: Mapping[str, str]) -> str:
    """The source in words; what programs wrote for themselves is nothing for a member."""
    return "" if origins[source] == source else origins[source]


def _window_ends(tier: MemberTier | None, today: date) -> date | None:
    """The end of the calendar window that is counted; a rolling or a member's own one has no common end."""
    if tier is None:
        return None
    version = tier_program(tier.program, today=today).current
    kind = version.terms.window.kind if version else ""
    if kind == "year":
        return date(today.year, 12, 31)
    if kind == "quarter":
        month = (today.month - 1) // 3 * 3 + 3
        return date(today.year + month // 12, month % 12 + 1, 1) - timedelta(days=1)
    return None
