"""How many vouchers came into hands and were used, by day; one voucher with its steps."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import date, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import Count, QuerySet, Sum
from django.db.models.functions import TruncDate
from django.utils.translation import gettext_lazy as _

from shuke.apps.promotions.models import Voucher, VoucherBatch, VoucherEvent
from shuke.apps.promotions.queries.codes import codes_of
from shuke.apps.promotions.queries.finding import voucher_of_code
from shuke.apps.promotions.queries.quoting import refusal_of
from shuke.apps.promotions.queries.wording import name_of, terms_summary
from shuke.apps.promotions.rules.codes import printed_code
from shuke.apps.promotions.rules.evaluation import Reason
from shuke.apps.promotions.rules.keys import number_of_key
from shuke.apps.promotions.rules.terms import terms_of
from shuke.apps.promotions.schemas import VoucherDay, VoucherStep, VoucherView
from shuke.platform.errors import NotFound
from shuke.platform.retailer.queries import retailer


def redemption_curve(definition_id: str) -> list[VoucherDay]:
    """By day, without gaps: vouchers that came into being or into hands, and vouchers used with what they took off.

    Unique codes for nobody count as issued on the day they were ordered.
    """
    zone = ZoneInfo(retailer().time_zone)
    issued: dict[date, int] = defaultdict(int)
    batches = VoucherBatch.objects.filter(version__definition__public_id=definition_id)
    for kind, made, created in batches.values_list("kind", "made", "created_at"):
        if kind in {"bulk", "audience"} and made:
            issued[created.astimezone(zone).date()] += made
    own = Voucher.objects.filter(batch__version__definition__public_id=definition_id)
    single = own.filter(batch__kind__in=["single", "shared"], claimed_at__isnull=False)
    for day, count in (
        _by_day(single, "claimed_at", zone).annotate(count=Count("pk")).values_list("day", "count")
    ):
        issued[day] += count
    used = _by_day(own.filter(state="redeemed"), "redeemed_at", zone)
    redeemed = {
        day: (count, off)
        for day, count, off in used.annotate(count=Count("pk"), off=Sum("off_minor")).values_list(
            "day", "count", "off"
        )
    }
    days = sorted({*issued, *redeemed})
    if not days:
        return []
    span = (days[-1] - days[0]).days + 1
    return [
        VoucherDay(
            day=day,
            issued=issued.get(day, 0),
            redeemed=redeemed.get(day, (0, 0))[0],
            off_minor=redeemed.get(day, (0, 0))[1],
        )
        for day in (days[0] + timedelta(days=n) for n in range(span))
    ]


def _by_day(rows: QuerySet[Voucher], column: str, zone: ZoneInfo) -> QuerySet[Voucher, Any]:
    return rows.values(day=TruncDate(column, tzinfo=zone)).order_by("day")


def voucher(voucher_id: str, *, unmask: bool = False) -> VoucherView:
    """One voucher with its steps; its code only with ``unmask``.  Raises ``NotFound``."""
    rows = Voucher.objects.select_related("batch__version__definition", "member", "reservation", "origin")
    row = rows.filter(public_id=voucher_id).first()
    if row is None:
        raise NotFound("voucher_not_found", _("There is no such voucher."))
    version = row.batch.version
    successor = row.following.order_by("pk").first()
    terms = terms_of(version.terms)
    return VoucherView(
        voucher_id=row.public_id,
        code=printed_code(codes_of([row])[0]) if unmask else "",
        definition_id=version.definition.public_id,
        definition_name=name_of(version.definition),
        version=version.number,
        kind=terms.kind,
        summary=terms_summary(terms, currency=retailer().currency),
        state=row.state,
        member_id=row.member.public_id if row.member else None,
        valid_from=row.valid_from,
        valid_through=row.valid_through,
        order_id=row.reservation.order_id if row.reservation else "",
        off_minor=row.off_minor,
        origin_id=row.origin.public_id if row.origin else None,
        successor_id=successor.public_id if successor else None,
        steps=[VoucherStep.from_orm(step) for step in row.events.order_by("pk")],
    )


def voucher_costs(keys: Iterable[str]) -> dict[str, int]:
    """What vouchers that were issued one by one under these keys took off, in minor units; unused ones are left out."""
    numbers = {number_of_key(f"issue:{key}"): key for key in keys}
    rows = Voucher.objects.filter(number__in=list(numbers), batch__kind="single", state="redeemed")
    return {numbers[number]: minor for number, minor in rows.values_list("number", "off_minor")}


def voucher_id_of(code: str) -> str:
    """The id of the voucher, or of the batch of a shared code, that a code stands for.

    Raises ``NotFound`` (``voucher_unknown_code`` or ``voucher_check_sign_wrong``).
    """
    found = voucher_of_code(code)
    if isinstance(found, Reason):
        refusal = refusal_of(found, place=0)
        raise NotFound(f"voucher_{refusal.code}", refusal.message, {"reason": refusal.code})
    return found.public_id


def vouchers_record(member_id: str) -> list[dict[str, object]]:
    """Every voucher of a member, with its steps, for the member's own export."""
    rows = Voucher.objects.select_related("batch__version__definition", "reservation")
    found = list(rows.filter(member__public_id=member_id).order_by("pk"))
    steps: dict[int, list[dict[str, object]]] = defaultdict(list)
    for step in VoucherEvent.objects.filter(voucher__in=found).order_by("pk"):
        steps[step.voucher_id].append(
            {
                "event": step.event,
                "at": step.at.isoformat(),
                "order_id": step.order_id,
                "amount_minor": step.amount_minor,
            }
        )
    return [
        {
            "voucher_id": row.public_id,
            "code": printed_code(code),
            "name": name_of(row.batch.version.definition),
            "state": row.state,
            "valid_from": row.valid_from.isoformat(),
            "valid_through": row.valid_through.isoformat() if row.valid_through else None,
            "order_id": row.reservation.order_id if row.reservation else "",
            "off_minor": row.off_minor,
            "steps": steps[row.pk],
        }
        for row, code in zip(found, codes_of(found), strict=True)
    ]
