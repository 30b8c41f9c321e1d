"""Benefits in words: what a cell gives, and what is left of it."""

from decimal import Decimal
from fractions import Fraction
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from shuke.apps.loyalty.queries.types import points_types
from shuke.apps.loyalty.schemas import Entitlement
from shuke.web.templatetags.console import day, decimal, integer, money, percent

ICONS = {
    "discount": "discount",
    "points": "coins",
    "shipping": "truck",
    "priority": "bolt",
    "trial": "flask",
    "adviser": "user-heart",
    "birthday": "cake",
    "other": "sparkles",
}


def cell_text(kind: str, cell: dict[str, Any], currency: str) -> str:
    """What a cell of the terms gives, in a few words."""
    share = Fraction(cell.get("numerator", 0), cell.get("denominator", 1))
    if kind == "discount":
        return _("%(share)s off") % {"share": _share(share)}
    if kind == "points":
        return _("%(times)s× points") % {"times": decimal(Decimal(share.numerator) / share.denominator)}
    if kind == "shipping":
        return _shipping(int(cell.get("from_minor", 0)), currency)
    if kind == "birthday":
        return _gift(cell)
    if kind == "adviser":
        return cell.get("text") or pgettext("benefit", "Yes")
    return pgettext("benefit", "Yes") if kind == "priority" else ""


def _share(share: Fraction) -> str:
    digits = 0 if (share * 100).denominator == 1 else 1
    return percent(float(share), digits)


def _shipping(from_minor: int, currency: str) -> str:
    if not from_minor:
        return _("Free shipping, always")
    return _("Free shipping from %(amount)s") % {"amount": money(from_minor, currency)}


def _gift(cell: dict[str, Any]) -> str:
    if cell.get("voucher"):
        return _("A voucher")
    names = {kind.code: kind.name for kind in points_types()}
    code = cell.get("points_type", "")
    return f"{integer(cell.get('points', 0))} {names.get(code, code)}"


def count_text(count: int | None, period: str) -> str:
    """How often, such as “2 a month”."""
    if count is None:
        return ""
    words = {
        "month": pgettext("how often", "%(count)s a month"),
        "year": pgettext("how often", "%(count)s a year"),
        "membership_year": pgettext("how often", "%(count)s a membership year"),
    }
    return words.get(period, pgettext("how often", "%(count)s in all")) % {"count": integer(count)}


def benefit_text(item: Entitlement, currency: str) -> str:
    """What a member's benefit gives."""
    cell = item.model_dump() | {"text": item.adviser}
    given = "" if item.kind == "priority" else cell_text(item.kind, cell, currency)
    if item.kind == "birthday":
        words = {
            "day": _("on your birthday"),
            "week": _("in the week of your birthday"),
            "month": _("in the month of your birthday"),
        }
        return f"{given} {words[item.window]}"
    often = count_text(item.limit, item.period)
    return " · ".join(part for part in (given, often) if part)


def left_text(item: Entitlement) -> str:
    """What is left of it, and until when."""
    if item.left is None:
        return ""
    left = ngettext("%(count)s left", "%(count)s left", item.left) % {"count": integer(item.left)}
    if item.left == 0:
        left = _("Used up")
    if item.period_through is None:
        return left
    return _("%(left)s through %(day)s") % {"left": left, "day": day(item.period_through)}
