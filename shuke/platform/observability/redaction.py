"""Taking contacts out of text before it is logged or shown."""

import re
from typing import Any

EMAIL = re.compile(r"[\w.+%-]+@[\w-]+(?:\.[\w-]+)+")
#: Eight or more digits, possibly grouped: telephone, card and identity numbers.  Dates and times do not match.
DIGITS = re.compile(r"(?<![\w.:+-])\+?(?:\(\d{1,4}\)[ -]?)?\d(?:[ -]?\d){7,18}(?![\w:])")
DATE = re.compile(r"\d{4}-\d{2}-\d{2}(?:[ T]\d{1,2})?")
REDACTED = "[redacted]"

#: Names of fields that hold personal data or secrets, wherever they appear in a log's extra values.
PRIVATE = frozenset(
    {
        "address", "authorization", "birthday", "cookie", "display_name", "email", "first_name", "full_name",
        "last_name", "mobile", "name_encrypted", "openid", "password", "phone", "recipient", "secret", "token",
        "unionid", "username",
    }
)  # fmt: skip


def redact(text: str) -> str:
    """The text with e-mail addresses and long numbers replaced."""
    without_emails = EMAIL.sub(REDACTED, text) if "@" in text else text
    return DIGITS.sub(_unless_date, without_emails)


def redact_value(value: Any) -> Any:
    """The same for a value of a log entry: text, numbers that may be phones, and containers of them."""
    if isinstance(value, str):
        return redact(value)
    if isinstance(value, dict):
        return {key: REDACTED if is_private(key) else redact_value(item) for key, item in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [redact_value(item) for item in value]
    if value is None or isinstance(value, (bool, int, float)):
        return value
    return redact(str(value))


def is_private(key: Any) -> bool:
    """Whether a field of that name is never logged."""
    return str(key).lower() in PRIVATE


def _unless_date(match: re.Match[str]) -> str:
    return match[0] if DATE.match(match[0]) else REDACTED
