"""Words of earning: rules as sentences, tasks, states of versions, usual events."""

from collections.abc import Iterator, Mapping
from fractions import Fraction

from django.utils.translation import get_language, gettext_lazy, ngettext, pgettext_lazy
from django.utils.translation import gettext as _

from shuke.apps.loyalty.forms.earning import WEEKDAYS
from shuke.apps.loyalty.schemas import PointsTypeView
from shuke.apps.loyalty.schemas.earning import AnyRule, EventRuleView, PurchaseRule, Where
from shuke.platform.money import money_text
from shuke.web.labels import label_of, register_labels

#: Names under which apps and shops tell of the usual events, and what people call them.
EVENTS = {
    "Checked In": gettext_lazy("Check-in"),
    "Product Reviewed": gettext_lazy("Review"),
    "Product Shared": pgettext_lazy("behaviour", "Share"),
    "Friend Invited": gettext_lazy("Invitation"),
    "Birthday": gettext_lazy("Birthday"),
    "Survey Completed": gettext_lazy("Survey"),
    "Profile Completed": gettext_lazy("Complete profile"),
}
#: Names in a list that are told before the rest is counted.
SHOWN = 3


def register() -> None:
    """Give tasks, states and nouns their words."""
    register_labels("event_name", {name: (word, "grey") for name, word in EVENTS.items()})
    tasks = "shuke.apps.loyalty.tasks.earning"
    register_labels(
        "task",
        {
            f"{tasks}.earn_from_import": (gettext_lazy("Give points for imported orders"), "grey"),
            f"{tasks}.earn_from_sync": (gettext_lazy("Give points for a shop's orders"), "grey"),
            f"{tasks}.earn_from_events": (gettext_lazy("Give points for events"), "grey"),
            f"{tasks}.earn_by_night": (gettext_lazy("Give birthday points and what was left out"), "grey"),
        },
    )
    register_labels(
        "earning_version",
        {"draft": (gettext_lazy("Draft"), "yellow"), "published": (gettext_lazy("Published"), "green")},
    )
    register_labels("audit_noun", {"earning_rules": (gettext_lazy("Earning rules"), "grey")})


def rule_name(rule: AnyRule) -> str:
    """A rule's name in the reader's language."""
    return (rule.name_zh or rule.name) if _is_chinese() else rule.name


def _is_chinese() -> bool:
    return (get_language() or "").startswith("zh")


def locale() -> str:
    """The reader's language as amounts are written in it."""
    return (get_language() or "en").replace("-", "_")


def rule_text(rule: AnyRule, *, types: Mapping[str, str], currency: str) -> str:
    """What a rule gives, as a sentence."""
    kind = types.get(rule.points_type, rule.points_type)
    if isinstance(rule, EventRuleView):
        words = {"points": rule.points, "type": kind, "event": event_name(rule.event)}
        return _("%(type)s: %(points)s for “%(event)s”") % words
    if rule.times is not None:
        return _("%(type)s: %(times)s times the basic rate") % {"times": _times(rule.times), "type": kind}
    amount = money_text(rule.per_minor, currency, locale=locale())
    return _("%(type)s: %(points)s per %(amount)s") % {"points": rule.points, "type": kind, "amount": amount}


def _times(ratio: str) -> str:
    exact = Fraction(ratio)
    whole = exact * 100
    return f"{float(exact):g}" if whole.denominator == 1 else str(exact)


def event_name(event: str) -> str:
    """What people call an event."""
    return str(EVENTS.get(event, event))


def rule_limits(rule: AnyRule, *, currency: str, tiers: Mapping[str, str]) -> list[str]:
    """Where and how often a rule holds, each as a short phrase."""
    if isinstance(rule, EventRuleView):
        return [*_event_limits(rule), *_days(rule.first_day, rule.last_day), *_tiers(rule.tiers, tiers)]
    return [*_where(rule.where, currency=currency, tiers=tiers), *_caps(rule)]


def _event_limits(rule: EventRuleView) -> Iterator[str]:
    if rule.day_limit:
        yield ngettext("once a day", "%(count)s times a day", rule.day_limit) % {"count": rule.day_limit}
    if rule.month_limit:
        yield ngettext("once a month", "%(count)s times a month", rule.month_limit) % {
            "count": rule.month_limit
        }
    if rule.ever_limit:
        yield ngettext("once ever", "%(count)s times ever", rule.ever_limit) % {"count": rule.ever_limit}
    if rule.life_days:
        yield ngettext("lives %(count)s day", "lives %(count)s days", rule.life_days) % {
            "count": rule.life_days
        }


def _caps(rule: PurchaseRule) -> Iterator[str]:
    for cap, text in (
        (rule.cap, _("at most %(points)s in a purchase")),
        (rule.day_cap, _("at most %(points)s in a day")),
        (rule.month_cap, _("at most %(points)s in a month")),
    ):
        if cap:
            yield text % {"points": cap}
    if rule.leaves_out_discounted:
        yield _("without goods on offer")
    if not rule.leaves_out_vouchers:
        yield _("vouchers count as paid")
    if rule.rounding == "half_up":
        yield _("rounded to the nearest")


def _where(where: Where, *, currency: str, tiers: Mapping[str, str]) -> Iterator[str]:
    named = (where.departments, where.categories, where.brands, where.products, where.stores)
    for values in (*named, [label_of("sales_channel", code) for code in where.sales_channels]):
        if values:
            yield _names(values)
    yield from _tiers(where.tiers, tiers)
    if where.weekdays:
        days = dict(WEEKDAYS)
        yield ", ".join(str(days[str(day)]) for day in where.weekdays)
    yield from _days(where.first_day, where.last_day)
    if where.minimum_minor:
        amount = money_text(where.minimum_minor, currency, locale=locale())
        yield _("from %(amount)s on") % {"amount": amount}


def _tiers(codes: list[str], names: Mapping[str, str]) -> Iterator[str]:
    if codes:
        yield _names([names.get(code, code) for code in codes])


def _names(values: list[str]) -> str:
    if len(values) <= SHOWN:
        return ", ".join(values)
    more = len(values) - SHOWN
    return _("%(names)s and %(count)s more") % {"names": ", ".join(values[:SHOWN]), "count": more}


def _days(first: object, last: object) -> Iterator[str]:
    if first and last:
        yield f"{first} – {last}"
    elif first:
        yield _("from %(day)s on") % {"day": first}
    elif last:
        yield _("until %(day)s") % {"day": last}


def life_text(kind: PointsTypeView) -> str:
    """When points of a kind end, as a phrase."""
    months = kind.expiry.get("months", 0)
    texts = {
        "never": _("never end"),
        "rolling": ngettext("end after %(count)s month", "end after %(count)s months", months),
        "inactivity": ngettext(
            "end %(count)s month after the last purchase",
            "end %(count)s months after the last purchase",
            months,
        ),
        "end_of_month": _("end with the month, %(count)s months later"),
        "end_of_quarter": _("end with the quarter, %(count)s months later"),
        "end_of_year": _("end with the year, %(count)s months later"),
        "fixed": _("end on 31 December"),
    }
    return texts.get(kind.expiry.get("policy", "never"), "") % {"count": months}
