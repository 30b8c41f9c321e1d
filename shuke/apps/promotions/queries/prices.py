"""What vouchers cost in points.  Points belong to an app above, which says here what they are called."""

from collections.abc import Callable, Mapping

from django.db.models import F, Q
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from shuke.apps.promotions.models import VoucherBatch, VoucherVersion
from shuke.apps.promotions.rules.terms import Price

#: Says of points that members can spend what they are called in the reader's language, by code.
ReadPoints = Callable[[], Mapping[str, str]]
_points: list[ReadPoints] = []


def register_points(read: ReadPoints) -> None:
    """Let vouchers be paid for with these points."""
    _points[:] = [read]


def points_names() -> dict[str, str]:
    """What points that a voucher may cost are called, by code."""
    return {code: name for read in _points for code, name in read().items()}


def price_text(price: Price, names: Mapping[str, str] | None = None) -> str:
    """Such as “500 points” in the name that the programme has for them (``names``, where they were read before)."""
    called = points_names() if names is None else names
    name = called.get(price.points_type, price.points_type)
    return _("%(points)s %(name)s") % {"points": f"{price.points:,}", "name": name}


def price_in_words(price: Price | None) -> list[tuple[str, str]]:
    """The price as pairs of what and how; for people to read."""
    if price is None:
        return []
    days = []
    if price.first_day:
        days.append(_("from %(day)s") % {"day": price.first_day.isoformat()})
    if price.last_day:
        days.append(_("through %(day)s") % {"day": price.last_day.isoformat()})
    return [
        (pgettext("voucher", "Price"), price_text(price)),
        (_("Exchanged"), ", ".join(days)),
        (_("The member takes it back"), back_text(price)),
    ]


def back_text(price: Price) -> str:
    """Until when a member may undo the exchange."""
    if price.back_days is None:
        return _("not by themselves")
    if price.back_days == 0:
        return _("on the same day, while it is unused")
    return ngettext(
        "within %(days)s day, while it is unused",
        "within %(days)s days, while it is unused",
        price.back_days,
    ) % {"days": price.back_days}


def is_exchange_only(batch: VoucherBatch) -> bool:
    """Whether a shared code would give away for nothing what costs points, now or when the code was opened."""
    newest = Q(number=F("definition__version"))
    rows = VoucherVersion.objects.filter(
        newest | Q(pk=batch.version_id), definition=batch.version.definition_id
    )
    return rows.filter(terms__price__points__isnull=False).exists()
