"""What a voucher promises, in one short sentence."""

from decimal import Decimal

from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _

from shuke.apps.promotions.rules.terms import Terms
from shuke.platform.money import money_text


def _money(amount_minor: int, currency: str) -> str:
    chinese = (get_language() or "en").startswith("zh")
    return money_text(amount_minor, currency, locale="zh_Hans" if chinese else "en")


def percent_text(hundredths: int) -> str:
    """``1500`` → ``15``, ``1250`` → ``12.5``."""
    return (
        f"{Decimal(hundredths) / 100:f}".rstrip("0").rstrip(".")
        if hundredths % 100
        else str(hundredths // 100)
    )


def terms_summary(terms: Terms, *, currency: str) -> str:
    """Such as “¥20.00 off from ¥100.00”, in the active language."""
    worth = _worth(terms, currency)
    minimum = terms.conditions.minimum_minor
    if not minimum:
        return worth
    return _("%(worth)s from %(minimum)s") % {"worth": worth, "minimum": _money(minimum, currency)}


def _worth(terms: Terms, currency: str) -> str:
    if terms.kind == "amount":
        return _("%(amount)s off") % {"amount": _money(terms.amount_minor, currency)}
    if terms.kind == "percent":
        values = {"percent": percent_text(terms.percent_hundredths)}
        if terms.cap_minor is None:
            return _("%(percent)s%% off") % values
        return _("%(percent)s%% off, at most %(cap)s") % {**values, "cap": _money(terms.cap_minor, currency)}
    if terms.kind == "shipping":
        if not terms.amount_minor:
            return _("free shipping")
        return _("%(amount)s off the shipping") % {"amount": _money(terms.amount_minor, currency)}
    return _("a gift")


def validity_summary(terms: Terms) -> str:
    """Until when, as a promise: “7 days after the claim”, “through 2026-12-31”."""
    parts = []
    if terms.days_after_claim is not None:
        parts.append(
            ngettext("%(days)s day after the claim", "%(days)s days after the claim", terms.days_after_claim)
            % {"days": terms.days_after_claim}
        )
    if terms.conditions.first_day:
        parts.append(_("from %(day)s") % {"day": terms.conditions.first_day.isoformat()})
    if terms.conditions.last_day:
        parts.append(_("through %(day)s") % {"day": terms.conditions.last_day.isoformat()})
    return ", ".join(parts) or _("without end")
