"""What the debugger shows of an event: its shape in full, and nobody's address, phone or card number.

The lake's events carry no direct identifiers under the names that are known for them.  But senders put them into
any property and into free text; whoever looks over a developer's shoulder need not read them.
"""

import re
from typing import Any

HIDDEN = "•••"
MAX_TEXT = 500
MAX_DEPTH = 20
MAX_ITEMS = 100
#: Names of properties that hold something personal whatever the value looks like, without case, "_", "-" and spaces.
PERSONAL_NAMES = frozenset(
    {
        "email", "mail", "phone", "phonenumber", "mobile", "tel", "telephone", "firstname",
        "lastname", "middlename", "fullname", "realname", "username", "contactname", "receivername",
        "receiver", "recipient", "consignee", "address", "address1", "address2", "street",
        "streetaddress", "shippingaddress", "billingaddress", "birthday", "birthdate",
        "dateofbirth", "dob", "ip", "ipaddress", "password", "token", "secret", "idcard",
        "idnumber", "passport", "ssn", "cardnumber", "iban", "openid", "unionid", "姓名", "收货人",
        "收件人", "手机", "手机号", "电话", "邮箱", "地址", "收货地址", "身份证", "身份证号", "生日",
    }
)  # fmt: skip
_EMAIL = re.compile(r"[^\s@<>\"',;:/?&=]*@[^\s@<>\"',;:/?&=]+\.[^\s@<>\"',;:/?&=]+")
_NUMBER = re.compile(
    r"(?<![\w+])(?:\+\d[\d ().-]{6,17}\d|1[3-9]\d{9}|\(?\d{3}\)?[ .-]\d{3}[ .-]\d{4}|\d{17}[\dXx]|\d{13,19})(?!\w)"
)
_ADDRESS = re.compile(r"(?<![\d.])(?:\d{1,3}\.){3}\d{1,3}(?![\d.])")
_SEPARATORS = re.compile(r"[\s_\-.]+")


def masked(value: Any, *, name: str = "", depth: int = 0) -> Any:
    """A JSON value as it may be shown.  ``name`` is the property it stands in."""
    if value is None or isinstance(value, bool):
        return value
    if _SEPARATORS.sub("", name).lower() in PERSONAL_NAMES:
        return HIDDEN
    if isinstance(value, dict | list):
        return _masked_parts(value, depth=depth + 1)
    if isinstance(value, str):
        return _masked_text(value)
    return HIDDEN if _masked_text(str(value)) != str(value) else value


def _masked_parts(value: dict[Any, Any] | list[Any], *, depth: int) -> Any:
    if depth > MAX_DEPTH:
        return "…"
    if isinstance(value, list):
        return [masked(item, depth=depth) for item in value[:MAX_ITEMS]]
    return {_masked_text(str(key)): masked(item, name=str(key), depth=depth) for key, item in value.items()}


def _masked_text(text: str) -> str:
    shown = _NUMBER.sub(_masked_number, _ADDRESS.sub(HIDDEN, _EMAIL.sub(HIDDEN, text[:MAX_TEXT])))
    return shown + "…" if len(text) > MAX_TEXT else shown


def _masked_number(match: re.Match[str]) -> str:
    """Phones, identity and payment cards; other long numbers (orders, times in milliseconds) stay."""
    text = match.group(0)
    if text.startswith(("+", "(")) or len(text) in {11, 12, 18}:
        return HIDDEN
    return HIDDEN if len(text) >= 15 and _has_check_digit(text) else text


def _has_check_digit(digits: str) -> bool:
    """Whether a number ends as payment cards do (Luhn)."""
    total = 0
    for place, character in enumerate(reversed(digits)):
        value = int(character) * (1 + place % 2)
        total += value - 9 if value > 9 else value
    return total % 10 == 0


def shortened(key: str) -> str:
    """A key to tell people apart by, too short to look anybody up with."""
    return f"{key[:8]}…" if len(key) > 8 else key
