"""Template tags of the console: icons, money, numbers, times and the words for codes."""

import re
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_datetime, format_timedelta
from babel.numbers import format_decimal, format_percent
from django import template
from django.templatetags.static import static
from django.utils import timezone
from django.utils.html import format_html, json_script
from django.utils.safestring import SafeString

from shuke.platform.clock import now
from shuke.platform.languages import babel_locale
from shuke.platform.money import money_text
from shuke.platform.permissions import Actor
from shuke.web.labels import label_of, tone_of
from shuke.web.verbs import verb_in_words

register = template.Library()
SPRITE = "vendor/tabler-icons-3.52.0/sprite.svg"
NOTHING = "–"
_HAN = re.compile(r"[\u3400-\u9fff]")


@register.simple_tag
def icon(name: str, **attributes: str) -> SafeString:
    """``{% icon "users" %}``: an icon of ``scripts/icons.txt``; ``class=`` adds classes."""
    return format_html(
        '<svg class="icon {}" aria-hidden="true"><use href="{}#{}"></use></svg>',
        attributes.get("class", ""),
        static(SPRITE),
        name,
    )


@register.filter
def money(amount_minor: int | None, currency: str = "CNY") -> str:
    """``{{ order.paid_minor|money:order.currency }}``: minor units as people write money."""
    return (
        NOTHING
        if amount_minor is None
        else money_text(amount_minor, currency or "CNY", locale=babel_locale())
    )


@register.filter
def integer(value: float | None) -> str:
    """A whole number with separators."""
    return NOTHING if value is None or value == "" else format_decimal(round(value), locale=babel_locale())


@register.filter
def decimal(value: float | Decimal | None, digits: int = 2) -> str:
    """A number with up to ``digits`` decimal places."""
    if value is None:
        return NOTHING
    return format_decimal(
        round(Decimal(str(value)), digits), format=f"#,##0.{'#' * digits}", locale=babel_locale()
    )


@register.filter
def fixed(value: float | Decimal | None, digits: int = 2) -> str:
    """A number with exactly ``digits`` decimal places, as columns need it."""
    if value is None:
        return NOTHING
    pattern = f"#,##0.{'0' * digits}" if digits else "#,##0"
    return format_decimal(round(Decimal(str(value)), digits), format=pattern, locale=babel_locale())


@register.filter
def percent(share: float | None, digits: int = 1) -> str:
    """``0.123`` → ``12.3%``."""
    if share is None:
        return NOTHING
    pattern = "#,##0%" if digits == 0 else f"#,##0.{'0' * digits}%"
    return format_percent(share, format=pattern, locale=babel_locale())


@register.filter
def moment(value: datetime | None) -> str:
    """A time in the retailer's time zone, to the minute."""
    if value is None:
        return NOTHING
    zone = timezone.get_current_timezone()
    if babel_locale() == "zh_Hans":
        return f"{value.astimezone(zone):%Y-%m-%d %H:%M}"
    return format_datetime(value, "d MMM y, HH:mm", tzinfo=ZoneInfo(str(zone)), locale="en")


@register.filter
def day(value: date | datetime | None) -> str:
    """A date; of a time its date in the retailer's time zone."""
    if not value:
        return NOTHING
    if isinstance(value, datetime):
        value = value.astimezone(timezone.get_current_timezone()).date()
    return value.isoformat() if babel_locale() == "zh_Hans" else format_date(value, "d MMM y", locale="en")


@register.filter
def ago(value: datetime | None) -> str:
    """How long ago, roughly: ``3 hours ago``."""
    if value is None:
        return NOTHING
    return format_timedelta(value - now(), add_direction=True, locale=babel_locale())


@register.filter
def label(code: str | None, noun: str) -> str:
    """``{{ stage|label:"lifecycle_stage" }}``: the word people read for a code."""
    return label_of(noun, code)


@register.simple_tag
def status(code: str | None, noun: str) -> SafeString:
    """A coloured badge with the word for a code: ``{% status campaign.status "campaign_status" %}``."""
    return format_html('<span class="badge tone-{}">{}</span>', tone_of(noun, code), label_of(noun, code))


@register.simple_tag
def trend(change: float, good: str = "up") -> SafeString:
    """A change against before as a coloured share with an arrow; ``good`` says which direction is."""
    share = format_percent(abs(change), format="#,##0.0%", locale=babel_locale())
    if abs(change) < 0.0005:
        return format_html('<span class="trend trend-flat">{}</span>', share)
    direction = "up" if change > 0 else "down"
    arrow = icon("trending-up" if direction == "up" else "trending-down")
    tone = "good" if direction == good else "bad"
    sign = "+" if direction == "up" else "−"
    return format_html('<span class="trend trend-{}">{}{}{}</span>', tone, arrow, sign, share)


@register.simple_tag
def chart_option(option: dict[str, Any], chart_id: str) -> SafeString:
    """The option of a chart as a JSON data block that charts.js reads."""
    return json_script(option, f"{chart_id}-option")


@register.filter
def permitted(permission: str, actor: Actor | None) -> bool:
    """``{% if "members.edit"|permitted:actor %}``."""
    return actor is not None and actor.may(permission)


@register.filter
def audit_verb(verb: str) -> str:
    """``{{ entry.verb|audit_verb }}``: what was done, in words."""
    return verb_in_words(verb)


@register.filter
def changed(change: Any) -> str:
    """``[before, after]`` of an audit entry as ``before → after``."""
    if isinstance(change, list) and len(change) == 2:
        return " → ".join(NOTHING if part in (None, "", []) else _short(part) for part in change)
    return _short(change)


def _short(value: Any) -> str:
    text = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
    return text if len(text) <= 120 else f"{text[:117]}…"


@register.filter
def in_my_language(text: str) -> str:
    """Of a text with a line in each language, the reader's lines; of any other text all of it.

    A line is Chinese if it has a Han character.
    """
    lines = [line for line in text.splitlines() if line.strip()]
    wants_chinese = babel_locale() == "zh_Hans"
    mine = [line for line in lines if bool(_HAN.search(line)) == wants_chinese]
    return " ".join(mine or lines)
