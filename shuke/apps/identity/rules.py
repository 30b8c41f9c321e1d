"""Decisions about identifiers: how a value is written, and what may bring people together."""

import hashlib
import re

import phonenumbers

GLOBAL_KINDS = frozenset({"email", "phone"})
GLOBAL_SCOPE = "global"
_EMAIL = re.compile(
    r"[^@\s\x00-\x1f\"<>(),;:\\\[\]]+@[A-Za-z0-9\u0080-\uffff-]+(\.[A-Za-z0-9\u0080-\uffff-]+)+"
)


def normalised_email(text: str) -> str | None:
    """The address in the form in which equal addresses are equal, or ``None`` for what is none.

    Upper and lower case of the local part are not kept apart: no large provider does.
    """
    value = text.strip().casefold()
    return value if len(value) <= 254 and _EMAIL.fullmatch(value) else None


def normalised_phone(text: str, *, region: str) -> str | None:
    """E.164 such as +8613800138000, or ``None``.

    Numbers without a country code are of ``region`` (ISO 3166).
    """
    if "*" in text:
        # A masked number (138****8000) belongs to many people and must never bring two together.
        return None
    try:
        number = phonenumbers.parse(text, region)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_possible_number(number):
        return None
    return str(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164))


def normalised(kind: str, text: str, *, region: str = "CN") -> str | None:
    """The value of an identifier of that kind as it is hashed and stored, or ``None`` if it is none."""
    if kind == "email":
        return normalised_email(text)
    if kind == "phone":
        return normalised_phone(text, region=region)
    return text.strip() or None


def scope_of(kind: str, account: str) -> str:
    """Where a value of that kind is unique: everywhere, or within the channel account."""
    return GLOBAL_SCOPE if kind in GLOBAL_KINDS else account


def draw_of(member_id: str) -> int:
    """The member's fixed pseudo-random number, 0 to 2^31-1: the same on every machine and engine."""
    return int.from_bytes(hashlib.sha256(member_id.encode()).digest()[:4], "big") & 0x7FFFFFFF


def masked(kind: str, value: str) -> str:
    """What may be shown to everybody: ``a***@example.com``, ``+86******8000``, other kinds whole.

    >>> masked("email", "ann@example.com")
    'a***@example.com'
    """
    if kind == "email":
        local, _, domain = value.partition("@")
        return f"{local[:1]}***@{domain}"
    if kind == "phone":
        return f"{value[:3]}******{value[-4:]}"
    return value
