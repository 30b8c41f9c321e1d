"""The traits of a member in words, each with how it was computed."""

from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from shuke.web.labels import label_of
from shuke.web.templatetags.console import day, decimal, integer, money, percent


@dataclass(frozen=True)
class TraitInWords:
    """One line of the card."""

    label: str
    value: str
    explanation: str


def trait_groups(traits: dict[str, Any] | None, *, currency: str) -> list[tuple[str, list[TraitInWords]]]:
    """Heading and lines; nothing for a member without traits."""
    if not traits:
        return []
    return [
        (_("Purchases"), _purchases(traits, currency)),
        (_("Value and rhythm"), _rhythm(traits, currency)),
        (_("Habits"), _habits(traits)),
    ]


def _purchases(traits: dict[str, Any], currency: str) -> list[TraitInWords]:
    return [
        TraitInWords(
            _("Member since"), day(traits["member_since"]), _("The joining day, else the first order.")
        ),
        TraitInWords(_("First order"), day(traits["first_order_date"]), _("Business date.")),
        TraitInWords(_("Last order"), day(traits["last_order_date"]), _("Business date.")),
        TraitInWords(
            _("Orders in all"), integer(traits["orders_total"]), _("Orders that were not cancelled.")
        ),
        TraitInWords(
            _("Spent in all"), money(traits["spend_total_minor"], currency), _("Paid less refunded, ever.")
        ),
    ]


def _rhythm(traits: dict[str, Any], currency: str) -> list[TraitInWords]:
    cycle = traits["purchase_cycle_days"]
    scores = [traits["recency_score"], traits["frequency_score"], traits["monetary_score"]]
    return [
        TraitInWords(
            _("Orders in a year"),
            integer(traits["frequency"]),
            _("In the 365 days up to the day of the traits."),
        ),
        TraitInWords(
            _("Spent in a year"),
            money(traits["monetary_minor"], currency),
            _("Paid less refunded in 365 days."),
        ),
        TraitInWords(
            _("Average order"),
            money(traits["average_order_minor"], currency),
            _("Spent by order in 365 days."),
        ),
        TraitInWords(
            _("Purchase cycle"),
            "–" if cycle is None else _days(cycle),
            _("Median days between the member's own shopping days."),
        ),
        TraitInWords(
            _("RFM scores"),
            " · ".join("–" if score is None else str(score) for score in scores),
            _("Recency, frequency and money: 1 is the lowest fifth of all members, 5 the highest."),
        ),
    ]


def _days(count: float) -> str:
    return ngettext("%(days)s day", "%(days)s days", 1 if count == 1 else 2) % {"days": decimal(count, 1)}


def _habits(traits: dict[str, Any]) -> list[TraitInWords]:
    hour = traits["favourite_hour"]
    return [
        TraitInWords(
            _("Favourite department"), traits["favourite_department"] or "–", _("Where most money goes.")
        ),
        TraitInWords(
            _("Favourite category"), traits["favourite_category"] or "–", _("Where most money goes.")
        ),
        TraitInWords(
            _("Favourite store"), traits["favourite_store"] or "–", _("Where most orders are placed.")
        ),
        TraitInWords(
            _("Favourite day and hour"),
            " · ".join(
                [label_of("weekday", traits["favourite_weekday"]), "–" if hour is None else f"{hour:02d}:00"]
            ),
            _("When most orders are placed."),
        ),
        TraitInWords(
            _("Bought on discount"),
            percent(traits["discount_share"], 0),
            _("Share of the lines of 365 days with a discount."),
        ),
    ]
