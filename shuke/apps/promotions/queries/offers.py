"""Vouchers that a member may take by themselves, and why not."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from django.db.models import Count, F, QuerySet, Sum
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from shuke.apps.promotions.models import (
    LIVE,
    MemberVoucherCount,
    Voucher,
    VoucherCounter,
    VoucherVersion,
)
from shuke.apps.promotions.queries.finding import purse_of
from shuke.apps.promotions.queries.prices import points_names, price_text
from shuke.apps.promotions.queries.wording import (
    conditions_in_words,
    name_of,
    terms_summary,
    validity_summary,
)
from shuke.apps.promotions.rules.offers import Standing, left_minor_of, left_of, why_not
from shuke.apps.promotions.rules.terms import Price, Terms, terms_of
from shuke.apps.promotions.schemas import MemberOffer, OfferPrice
from shuke.platform.clock import business_date
from shuke.platform.retailer.queries import retailer

#: What a member is told, in the first person's words.
WHY_WORDS: dict[str, str | Promise] = {
    "over": _("The time to take this one is over."),
    "not_yet": _("This one cannot be taken yet."),
    "other_tier": _("This one is for members of another tier."),
    "taken": _("You have taken this one as often as one may."),
    "held": _("You have one already. When it is used you can take the next."),
    "sold_out": _("All of these are taken."),
}
_FIELDS = {"claims": "claims", "uses": "uses", "budget": "budget_minor"}


def member_offers(member_id: str, *, at: datetime, tier: str = "") -> list[MemberOffer]:
    """Vouchers that are open to claims, those that can be taken first, then by name; those that are over are left out.

    ``tier`` is the member's.  Five queries, however many kinds there are.
    """
    return _offers(_open_versions().filter(terms__is_claimable=True), member_id, at=at, tier=tier)


def priced_offers(
    member_id: str, *, at: datetime, tier: str = "", definition_id: str = ""
) -> list[MemberOffer]:
    """Vouchers that cost points as one member sees them, also those that only staff exchanges; in the same order.

    ``definition_id`` asks for that one, also when its time is over.
    """
    rows = _open_versions().filter(terms__price__points__isnull=False)
    if definition_id:
        rows = rows.filter(definition__public_id=definition_id)
    return _offers(rows, member_id, at=at, tier=tier, with_over=bool(definition_id))


def _offers(
    rows: QuerySet[VoucherVersion], member_id: str, *, at: datetime, tier: str, with_over: bool = False
) -> list[MemberOffer]:
    shop = retailer()
    today, purse = business_date(at, shop.time_zone), purse_of(member_id)
    versions = list(rows)
    standings = _standings([version.definition_id for version in versions], purse)
    offers, names = [], points_names()
    for version in versions:
        terms, (standing, turn) = terms_of(version.terms), standings(version.definition_id)
        why = why_not(terms, standing, tier=tier, today=today)
        if why != "over" or with_over:
            offer = _offer(version, terms, standing, turn=turn, why=why, currency=shop.currency)
            offer.price = _price(terms.price, names)
            offers.append(offer)
    return sorted(offers, key=lambda offer: (bool(offer.why), offer.name, offer.definition_id))


def _open_versions() -> QuerySet[VoucherVersion]:
    rows = VoucherVersion.objects.select_related("definition")
    return rows.filter(definition__status="published", number=F("definition__version"))


def _standings(definitions: Sequence[int], purse: Sequence[int]) -> Callable[[int], tuple[Standing, int]]:
    """By definition: what is taken of it, and how many vouchers of it the member ever had."""
    found: dict[int, Standing] = defaultdict(Standing)
    sums = VoucherCounter.objects.filter(definition__in=definitions).values_list("definition", "what")
    for key, what, used in sums.annotate(total=Sum("used")).order_by():
        found[key] = replace(found[key], **{_FIELDS[what]: used})
    counts = MemberVoucherCount.objects.filter(
        definition__in=definitions, member__in=purse, what="claims"
    ).values_list("definition")
    for key, count in counts.annotate(total=Sum("count")).order_by():
        found[key] = replace(found[key], claimed=count)
    turns: dict[int, int] = defaultdict(int)
    own = Voucher.objects.filter(member__in=purse, batch__version__definition__in=definitions)
    states = own.values_list("batch__version__definition", "state").annotate(count=Count("pk")).order_by()
    for key, state, count in states:
        turns[key] += count
        if state in (*LIVE, "reserved"):
            found[key] = replace(found[key], live=found[key].live + count)
    return lambda key: (found[key], turns[key])


def _offer(
    version: VoucherVersion, terms: Terms, standing: Standing, *, turn: int, why: str, currency: str
) -> MemberOffer:
    return MemberOffer(
        definition_id=version.definition.public_id,
        name=name_of(version.definition),
        kind=terms.kind,
        summary=terms_summary(terms, currency=currency),
        validity=validity_summary(terms),
        conditions=[f"{what}: {how}" for what, how in conditions_in_words(terms)],
        tiers=list(terms.conditions.tiers),
        is_open=not why,
        why=why,
        why_words=str(WHY_WORDS[why]) if why else "",
        left=left_of(terms, standing),
        left_minor=left_minor_of(terms, standing),
        most=terms.limits.claims_per_member,
        taken=standing.claimed,
        turn=turn,
        currency=currency,
        version=version.number,
        is_claimable=terms.is_claimable,
        price=None,
    )


def _price(price: Price | None, names: Mapping[str, str]) -> OfferPrice | None:
    return OfferPrice(**vars(price), text=price_text(price, names)) if price else None
