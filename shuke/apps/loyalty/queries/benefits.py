"""What a member has by tier and paid membership, and what is left of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db.models import F, Q, Sum

from shuke.apps.loyalty.models import BenefitCounter, BenefitHold, BenefitMove, BenefitTerms, BenefitUse
from shuke.apps.loyalty.queries.columns import columns_of
from shuke.apps.loyalty.rules.benefits import (
    Benefit,
    Held,
    best,
    held_benefits,
    period_end,
    period_start,
    terms_from_json,
)
from shuke.apps.loyalty.schemas import BenefitReservation, BenefitUseView, Entitlement, MemberBenefits
from shuke.apps.members.queries import absorbed_members, family_of, member_refs
from shuke.platform.calls import read_once
from shuke.platform.clock import business_date
from shuke.platform.languages import in_language
from shuke.platform.retailer.queries import retailer


@dataclass(frozen=True)
class Holder:
    """Whose uses count together: the survivor, and by database key all members that it speaks for."""

    member_id: str
    pk: int
    all_pks: tuple[int, ...]
    joined: date
    today: date

    def period_of(self, benefit: Benefit) -> date:
        """The first day of the benefit's running period."""
        return period_start(benefit.period, self.today, joined=self.joined)


def holder(member_id: str, *, at: datetime) -> Holder:
    """Raises ``NotFound``.  A merged member's benefits are those of the survivor."""
    family, zone = family_of(member_id), retailer().time_zone
    return Holder(
        member_id=family.public_id,
        pk=family.pk,
        all_pks=family.pks,
        joined=family.joined_on or business_date(family.created_at, zone),
        today=business_date(at, zone),
    )


@read_once
def terms_on(day: date) -> list[Benefit]:
    """The terms that hold on a business day; none before the first version begins."""
    rows = BenefitTerms.objects.filter(state="published", starts_on__lte=day)
    row = rows.order_by("-starts_on", "-number").first()
    return terms_from_json(row.benefits) if row else []


def used_of(who: Holder, terms: Sequence[Benefit], *, at: datetime) -> dict[str, int]:
    """Uses in each benefit's running period: what holds that have run out still count in the rows is left out."""
    starts = {benefit.code: who.period_of(benefit) for benefit in terms}
    counters = BenefitCounter.objects.filter(
        member__in=who.all_pks, benefit__in=starts, period_start__in=set(starts.values())
    )
    found = dict.fromkeys(starts, 0)
    over = Q(uses__hold__state="held", uses__hold__until__lte=at)
    sums = counters.annotate(over=Sum("uses__quantity", filter=over, default=0))
    for code, start, used, freed in sums.values_list("benefit", "period_start", "used", "over"):
        found[code] += used - freed if starts[code] == start else 0
    return found


def held_now(who: Holder, *, at: datetime) -> tuple[str, list[str], list[Held]]:
    """The member's tier, columns, and the benefits that they give now."""
    tier, columns = columns_of(who.member_id, member_pks=who.all_pks, at=at, today=who.today)
    terms = [benefit for benefit in terms_on(who.today) if benefit.cells.keys() & set(columns)]
    return tier, columns, held_benefits(terms, columns, used=used_of(who, terms, at=at))


def benefits_of(member_id: str, *, at: datetime) -> MemberBenefits:
    """What the member has at ``at``, with what is left.  Raises ``NotFound`` for an unknown member.

    Names are in the language of the thread.  Nothing is written: holds that have run out count as ended.
    """
    who = holder(member_id, at=at)
    tier, columns, held = held_now(who, at=at)
    found = MemberBenefits(
        member_id=who.member_id,
        at=at,
        tier=tier,
        columns=columns,
        has_priority=best(held, "priority") is not None,
        entitlements=[_entitlement(item, who) for item in held],
    )
    if discount := best(held, "discount"):
        share = discount.cell.share
        found.discount_numerator, found.discount_denominator = share.numerator, share.denominator
        found.discount_code = discount.benefit.code
    if points := best(held, "points"):
        share = points.cell.share
        found.points_numerator, found.points_denominator = share.numerator, share.denominator
        found.points_code = points.benefit.code
    if shipping := best(held, "shipping"):
        found.free_shipping_from_minor = shipping.cell.from_minor
        found.shipping_code = shipping.benefit.code
    return found


def _entitlement(item: Held, who: Holder) -> Entitlement:
    benefit, cell = item.benefit, item.cell
    start = who.period_of(benefit)
    return Entitlement(
        code=benefit.code,
        kind=benefit.kind,
        name=in_language(benefit.names) or benefit.code,
        text=in_language(benefit.texts),
        source=item.column,
        numerator=cell.share.numerator,
        denominator=cell.share.denominator,
        from_minor=cell.from_minor,
        points=cell.points,
        points_type=cell.points_type,
        voucher=cell.voucher,
        window=cell.window,
        adviser=cell.text,
        period=benefit.period,
        period_from=start if benefit.period else None,
        period_through=period_end(benefit.period, start, joined=who.joined),
        limit=cell.count,
        used=item.used,
        left=item.left,
    )


def reservation_view(hold: BenefitHold, *, is_new: bool) -> BenefitReservation:
    """What the one who reserved is told."""
    uses = list(hold.uses.values_list("benefit", "quantity", "returned"))
    return BenefitReservation(
        outcome="created" if is_new else "replayed",
        key=hold.key,
        state=hold.state,
        until=hold.until,
        uses={code: quantity for code, quantity, _returned in uses},
        returned={code: returned for code, _quantity, returned in uses if returned},
    )


def benefit_uses(member_id: str, *, limit: int = 20) -> list[BenefitUseView]:
    """The recorded uses of a member, newest first, without those that were let go."""
    names = benefit_names()
    pks = [ref.pk for ref in member_refs([member_id, *absorbed_members(member_id)]).values()]
    rows = BenefitUse.objects.filter(hold__member__in=pks, hold__state__in=["held", "used"])
    return [
        BenefitUseView(
            code=row.benefit,
            name=names.get(row.benefit, row.benefit),
            quantity=row.quantity,
            returned=row.returned,
            state=row.hold.state,
            at=row.hold.created_at,
            key=row.hold.key,
            note=row.hold.note,
        )
        for row in rows.select_related("hold").order_by("-hold__created_at", "-pk")[:limit]
    ]


def benefit_names() -> dict[str, str]:
    """What every benefit there ever was is called, by code, in the reader's language."""
    found: dict[str, str] = {}
    for rows in BenefitTerms.objects.order_by("number").values_list("benefits", flat=True):
        found |= {row["code"]: in_language(row.get("names", {})) or row["code"] for row in rows}
    return found


def exported_benefits(member_id: str) -> list[dict[str, Any]]:
    """Every recorded use of a member, as plain data."""
    return [use.model_dump(mode="json") for use in benefit_uses(member_id, limit=1_000_000)]


def counter_findings() -> list[str]:
    """Counters that differ from the sum of their moves; none in a sound database."""
    signs = {"reserve": 1, "release": -1, "expire": -1, "return": -1}
    sums: dict[int, int] = {}
    moves = BenefitMove.objects.filter(use__counter__isnull=False, kind__in=signs)
    for counter, kind, count in (
        moves.values_list("use__counter", "kind").annotate(total=Sum(F("quantity"))).order_by()
    ):
        sums[counter] = sums.get(counter, 0) + signs[kind] * count
    return [
        f"counter {pk} says {used}, its moves {sums.get(pk, 0)}"
        for pk, used in BenefitCounter.objects.values_list("pk", "used")
        if used != sums.get(pk, 0)
    ]
