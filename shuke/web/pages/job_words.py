"""When work starts by itself, in words."""

import re

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

EVERY_DAY = re.compile(r"cron (\d+) (\d+) \* \* \*")
EVERY_HOUR = re.compile(r"cron (\d+) \* \* \* \*")
EVERY_MONTH = re.compile(r"cron (\d+) (\d+) (\d+) \* \*")
EVERY_SECONDS = re.compile(r"every (\d+) s")


def rule_words(rule: str) -> str:
    """A schedule's rule for people; one of an unusual form as it is written."""
    if found := EVERY_DAY.fullmatch(rule):
        return _("Every day at %(time)s") % {"time": _clock(hour=found[2], minute=found[1])}
    if found := EVERY_HOUR.fullmatch(rule):
        return _("Every hour, %(minute)s minutes past") % {"minute": found[1]}
    if found := EVERY_MONTH.fullmatch(rule):
        at = {"day": found[3], "time": _clock(hour=found[2], minute=found[1])}
        return _("On day %(day)s of every month at %(time)s") % at
    if found := EVERY_SECONDS.fullmatch(rule):
        return _interval(int(found[1]))
    return rule


def _clock(*, hour: str, minute: str) -> str:
    return f"{int(hour):02d}:{int(minute):02d}"


def _interval(seconds: int) -> str:
    if seconds % 60:
        return ngettext("Every second", "Every %(count)s seconds", seconds) % {"count": seconds}
    minutes = seconds // 60
    return ngettext("Every minute", "Every %(count)s minutes", minutes) % {"count": minutes}
