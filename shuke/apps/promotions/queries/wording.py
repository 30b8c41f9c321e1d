"""What a voucher promises, in one short sentence."""

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from shuke.apps.promotions.models import VoucherDefinition
from shuke.apps.promotions.queries.prices import price_in_words
from shuke.apps.promotions.rules.terms import Conditions, Terms, terms_of
from shuke.platform.languages import babel_locale, in_language
from shuke.platform.money import money_text
from shuke.platform.retailer.queries import retailer
from shuke.web.labels import label_of


def _money(amount_minor: int, currency: str) -> str:
    return money_text(amount_minor, currency, locale=babel_locale())


def name_of(row: VoucherDefinition) -> str:
    """What a kind of voucher is called, in the reader's language where the retailer gave a name in it."""
    return in_language(row.names, row.name)


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


def terms_in_words(data: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Terms (as plain data) as pairs of what and how, without what is not asked; for people to read."""
    terms, currency = terms_of(data), retailer().currency
    pairs = [
        (_("Takes off"), terms_summary(terms, currency=currency)),
        (_("Product given"), terms.gift_product_id if terms.kind == "gift" else ""),
        (pgettext("voucher", "Valid"), validity_summary(terms)),
        *_asked(terms.conditions),
        (_("Class"), label_of("voucher_class", terms.stack_class)),
        (_("Uses of one member"), _or_empty(terms.limits.uses_per_member)),
        (_("Claims of one member"), _or_empty(terms.limits.claims_per_member)),
        (_("Members may claim it"), _("yes") if terms.is_claimable else ""),
        *price_in_words(terms.price),
        (_("Passing on"), _gifting(terms)),
        (_("When a part comes back"), _RETURNS[terms.on_return]()),
        (_("When all comes back"), _RETURNS[terms.give_back]()),
    ]
    return [(what, how) for what, how in pairs if how]


_RETURNS = {
    "keep": lambda: _("what was taken off is kept"),
    "recompute": lambda: _("worked out anew; the difference is taken from the refund"),
    "no": lambda: _("it stays used"),
    "if_valid": lambda: _("given back if its time is not over"),
    "renew": lambda: _("given back, or a new one with the days that were left"),
}


def conditions_in_words(terms: Terms) -> list[tuple[str, str]]:
    """What is asked of a purchase, tiers aside: pairs of what and how; for members to read."""
    asked = replace(terms.conditions, tiers=())
    return [(what, how) for what, how in _asked(asked) if how]


def _or_empty(value: int | None) -> str:
    return "" if value is None else str(value)


def _asked(asked: Conditions) -> list[tuple[str, str]]:
    return [
        (_("Products"), ", ".join(asked.products)),
        (_("Departments"), ", ".join(asked.departments)),
        (_("Categories"), ", ".join(asked.categories)),
        (_("Brands"), ", ".join(asked.brands)),
        (_("But not these products"), ", ".join(asked.excluded_products)),
        (_("Stores"), ", ".join(asked.stores)),
        (_("Sales channels"), ", ".join(label_of("sales_channel", code) for code in asked.channels)),
        (_("Tiers"), ", ".join(asked.tiers)),
        (_("Weekdays"), ", ".join(label_of("weekday", str(day)) for day in asked.weekdays)),
    ]


def _gifting(terms: Terms) -> str:
    gifting = terms.gifting
    if not gifting.is_allowed:
        return ""
    times = ngettext("once", "up to %(times)s times in a row", gifting.times) % {"times": gifting.times}
    if gifting.new_within_days is None:
        return times
    new = ngettext(
        "to members who joined in the last %(days)s day",
        "to members who joined in the last %(days)s days",
        gifting.new_within_days,
    ) % {"days": gifting.new_within_days}
    return f"{times}, {new}"
