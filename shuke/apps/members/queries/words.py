"""What is known of people in the reader's words: names of attributes and of who told them."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from babel.dates import format_date, format_skeleton
from django.utils.translation import gettext as _

from shuke.apps.members.schemas import AttributeView
from shuke.platform.languages import babel_locale
from shuke.web.labels import label_of
from shuke.web.panels import names_of

#: Attributes whose values are dates, or yes and no.
DATES, SWITCHES = frozenset({"joined_on"}), frozenset({"home_owner"})
TRUE, FALSE = frozenset({"true", "yes", "1", "y", "是"}), frozenset({"false", "no", "0", "n", "否"})


def attribute_views(rows: Sequence[dict[str, Any]]) -> list[AttributeView]:
    """Rows of ``member_attributes`` with labels."""
    names = source_names({row["source"] for row in rows})
    return [
        AttributeView(
            **row,
            label=attribute_label(row["attribute"]),
            value_label=value_label(row["attribute"], row["value"]),
            source_label=names[row["source"]],
        )
        for row in rows
    ]


def attribute_label(attribute: str) -> str:
    """The word for an attribute; an unknown one is its own name with spaces."""
    word = label_of("attribute", attribute)
    return word if word != attribute else attribute.replace("_", " ").strip().capitalize()


def value_label(attribute: str, value: str) -> str:
    """A value as people write it: dates, birthdays, yes and no; anything else as it is."""
    if attribute in SWITCHES:
        folded = value.strip().casefold()
        return _("Yes") if folded in TRUE else _("No") if folded in FALSE else value
    if attribute == "birthday":
        return _birthday(value)
    if attribute in DATES:
        try:
            day = date.fromisoformat(value)
        except ValueError:
            return value
        return day.isoformat() if babel_locale() == "zh_Hans" else format_date(day, "d MMM y", locale="en")
    return label_of(f"attribute:{attribute}", value) if value else "–"


def _birthday(value: str) -> str:
    """``MM-DD`` as a day of the year."""
    try:
        day = date.fromisoformat(f"2000-{value}")
    except ValueError:
        return value
    return format_skeleton("MMMd", day, locale=babel_locale())


def source_names(sources: set[str]) -> dict[str, str]:
    """What sources are called: ``import:acc_…`` → the account's name, with how the fact came.

    A source is a word, or a word and the id of an account or source behind a colon.
    """
    parts = {source: source.partition(":") for source in sources}
    ids = {identity for _way, _colon, identity in parts.values() if identity}
    ids |= {way for way, colon, _identity in parts.values() if not colon}
    known = names_of("account", ids) | names_of("source", ids)
    return {source: _source_name(way, identity, known) for source, (way, _colon, identity) in parts.items()}


def _source_name(way: str, identity: str, known: dict[str, str]) -> str:
    if not identity:
        return known.get(way) or label_of("data_source", way)
    name = known.get(identity, identity)
    return _("%(name)s, %(way)s") % {"name": name, "way": label_of("data_source", way)}
