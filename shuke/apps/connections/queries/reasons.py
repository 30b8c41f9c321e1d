"""Reasons and fields in the active language."""

import re

from django.utils.translation import gettext

from shuke.sources.files.kinds import KINDS
from shuke.sources.files.reasons import REASONS, limits

_QUOTED = re.compile("“([^”]*)”")


def reason_text(*, kind: str, code: str, column: str, otherwise: str = "") -> str:
    """The reason in the active language, naming the field by its label; ``otherwise`` for codes not of files."""
    if code not in REASONS and otherwise:
        return _record_text(otherwise)
    label = gettext(column_label(kind, column))
    template = gettext(REASONS.get(code, "{column}"))
    return template.format(column=label, **limits(KINDS.get(kind), column, code))


def column_label(kind: str, column: str) -> str:
    """The label of a field; an attribute's own name."""
    found = KINDS.get(kind)
    if found is not None and column in found.field_names:
        return found.field(column).label
    return column.removeprefix("attribute:") or "row"


def _record_text(message: str) -> str:
    """A connector's sentence in the active language; a field it quotes is put back."""
    named = _QUOTED.search(message)
    if named is None:
        return gettext(message)
    template = message.replace(named.group(0), "“{name}”", 1)
    return gettext(template).replace("{name}", named.group(1))
