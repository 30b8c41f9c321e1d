"""Phone numbers in E.164, the form in which equal numbers are equal."""

from __future__ import annotations

import re

import phonenumbers

from shuke.sources.cleaning.concealment import concealment
from shuke.sources.cleaning.widths import narrowed, unguarded

_SCHEME = re.compile(r"(tel|phone|mobile|电话|手机)\s*[::]?\s*", re.IGNORECASE)
LONG_ENOUGH = 10
_LETTER = re.compile(r"[^\W\d_]")
#: Digits that no subscriber has: all equal, or counting up or down.
_COUNTING = ("01234567890123456789", "98765432109876543210")


def normalised_phone(text: str, *, region: str) -> str | None:
    """E.164 such as +8613800138000, or ``None`` for what is no whole number of one subscriber.

    Numbers without a country code are of ``region`` (ISO 3166).  None are: masked numbers and ciphers, which
    stand for many; numbers with letters (a vanity number or ``138xxxx8000``); numbers with an extension, which
    platforms hand out per order and switchboards share; local numbers without their area code.
    """
    bare = unguarded(narrowed(text))
    match = _SCHEME.match(bare)
    bare = bare[match.end() :] if match else bare
    if not bare or len(bare) > 40 or _LETTER.search(bare) or concealment(bare):
        return None
    try:
        number = phonenumbers.parse(bare, region)
    except phonenumbers.NumberParseException:
        return None
    reason = phonenumbers.is_possible_number_with_reason(number)
    if number.extension or reason != phonenumbers.ValidationResult.IS_POSSIBLE:
        return None
    # Shorter ones that no plan knows lack their area code: 62345678 is a number in every Chinese city.
    if len(str(number.national_number)) < LONG_ENOUGH and not phonenumbers.is_valid_number(number):
        return None
    return str(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164))


def is_placeholder_phone(number: str) -> bool:
    """Whether an E.164 number is one that people type to get past a form: 11111111111, 12345678901.

    >>> is_placeholder_phone("+8611111111111"), is_placeholder_phone("+8613800138000")
    (True, False)
    """
    digits = number.lstrip("+")[-8:]
    return len(set(digits)) <= 1 or any(digits in row for row in _COUNTING)
