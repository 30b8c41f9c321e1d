"""Whether the vouchers that are out could take off more than the budget still has."""

from fractions import Fraction

from django.db.models import Count, F, QuerySet, Sum
from django.utils.translation import gettext as _

from shuke.apps.promotions.models import LIVE, Voucher, VoucherBatch, VoucherDefinition, VoucherVersion
from shuke.apps.promotions.queries.counting import used_of
from shuke.apps.promotions.rules.exposure import FEWEST_ENDED, Exposure, Out
from shuke.apps.promotions.rules.terms import most_off, terms_of
from shuke.apps.promotions.schemas import VoucherExposure, VoucherWarning
from shuke.platform.languages import babel_locale
from shuke.platform.money import money_text
from shuke.platform.retailer.queries import retailer


def exposure(row: VoucherDefinition) -> VoucherExposure | None:
    """What is out against what the budget has left; ``None`` without a budget, or before the first publication."""
    newest = row.versions.order_by("-number").first()
    limits = terms_of(newest.terms).limits if newest else None
    if limits is None or limits.budget_minor is None:
        return None
    left = used_of(row.pk).left_minor(limits) or 0
    found = Exposure(left_minor=left, out=_out(row), share=_share(row), average_minor=_average(row))
    return VoucherExposure(
        live=found.live,
        left_minor=left,
        worst_minor=found.worst_minor,
        expected_minor=found.expected_minor,
        redemption_rate=None if found.share is None else float(found.share),
        verdict=found.verdict,
    )


def _out(row: VoucherDefinition) -> list[Out]:
    """By version: vouchers that can still be used, and those that are being made.  What purchases hold is counted."""
    live = Voucher.objects.filter(batch__version__definition=row, state__in=LIVE)
    counts = dict(live.values_list("batch__version").annotate(count=Count("pk")).order_by())
    making = VoucherBatch.objects.filter(version__definition=row, state="making", wanted__gt=F("made"))
    for version, coming in making.values_list("version").annotate(n=Sum(F("wanted") - F("made"))).order_by():
        counts[version] = counts.get(version, 0) + coming
    terms = dict(VoucherVersion.objects.filter(pk__in=counts).values_list("pk", "terms"))
    return [Out(count, most_off(terms_of(terms[version]))) for version, count in counts.items()]


def _share(row: VoucherDefinition) -> Fraction | None:
    """The share that was used of those that have ended: of this kind, else of all kinds; nothing while too few have."""
    own = Voucher.objects.filter(batch__version__definition=row)
    found = _used_of(own)
    # None used of many that ended is an answer, too.
    return _used_of(Voucher.objects.all()) if found is None else found


def _used_of(rows: QuerySet[Voucher]) -> Fraction | None:
    ended = rows.filter(state__in=["redeemed", "expired"]).values_list("state")
    counts = dict(ended.annotate(count=Count("pk")).order_by())
    whole = sum(counts.values())
    return Fraction(counts.get("redeemed", 0), whole) if whole >= FEWEST_ENDED else None


def _average(row: VoucherDefinition) -> Fraction | None:
    """What one has taken off on average."""
    used = Voucher.objects.filter(batch__version__definition=row, state="redeemed")
    found = used.aggregate(count=Count("pk"), off=Sum("off_minor"))
    return Fraction(found["off"], found["count"]) if found["count"] else None


def budget_warnings(definition_id: str) -> list[VoucherWarning]:
    """What somebody who issues should know of the budget; empty where what is out fits into it."""
    row = VoucherDefinition.objects.filter(public_id=definition_id).first()
    found = exposure(row) if row else None
    if found is None or found.verdict == "fits":
        return []
    return [VoucherWarning(code=f"budget_{found.verdict}", message=exposure_in_words(found), exposure=found)]


def exposure_in_words(found: VoucherExposure) -> str:
    """The sentence for people."""
    currency = retailer().currency
    words = {"live": f"{found.live:,}", "left": _money(found.left_minor, currency)}
    if found.worst_minor is None:
        said = _(
            "%(live)s vouchers are out without a cap on what each takes off; the budget has %(left)s left."
        )
    else:
        words["worst"] = _money(found.worst_minor, currency)
        said = _(
            "If all %(live)s vouchers that are out are used they take off up to %(worst)s; "
            "the budget has %(left)s left."
        )
    told = said % words
    if found.expected_minor is None:
        return told
    share = _("By the share used so far (%(rate)s) %(expected)s are expected.") % {
        "rate": f"{100 * (found.redemption_rate or 0):.1f} %",
        "expected": _money(found.expected_minor, currency),
    }
    return f"{told} {share}"


def _money(minor: int, currency: str) -> str:
    return money_text(minor, currency, locale=babel_locale())
