"""E-mail addresses in the form in which equal addresses are equal, and mistyped domains."""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType

from shuke.sources.cleaning.widths import narrowed, unguarded

_EMAIL = re.compile(
    r"[^@\s\x00-\x1f\"<>(),;:\\\[\]*]+@[A-Za-z0-9\u0080-\uffff-]+(\.[A-Za-z0-9\u0080-\uffff-]+)+"
)
_SHOWN_AS = re.compile(r"[^<>]*<([^<>]+)>")
#: Large providers; an address whose domain is one keystroke away from one of them is probably mistyped.
PROVIDERS = (
    "qq.com", "163.com", "126.com", "sina.com", "sohu.com", "foxmail.com", "aliyun.com", "gmail.com", "outlook.com",
    "hotmail.com", "yahoo.com", "icloud.com", "live.com", "139.com", "189.cn",
)  # fmt: skip
#: Domains that look like a slip and are somebody's.
_REAL = frozenset(
    {"mail.com", "ymail.com", "live.cn", "sina.cn", "188.com", "email.com", "me.com", "gmx.com"}
)
_ENDINGS: Mapping[str, str] = MappingProxyType(
    {".con": ".com", ".cm": ".com", ".comm": ".com", ".ocm": ".com", ".vom": ".com"}
)


def normalised_email(text: str) -> str | None:
    """The address in the form in which equal addresses are equal, or ``None`` for what is none.

    Upper and lower case of the local part are not kept apart: no large provider does.  Full-width letters, a
    ``mailto:`` and a name around the address (``Ann <ann@example.com>``) are taken off.  A masked address is none.
    """
    bare = unguarded(narrowed(text)).removeprefix("mailto:")
    shown = _SHOWN_AS.fullmatch(bare)
    value = (shown.group(1).strip() if shown else bare).casefold()
    return value if len(value) <= 254 and _EMAIL.fullmatch(value) else None


def mended_email(address: str) -> str | None:
    """What a normalised address with a mistyped domain probably should be; ``None`` where nothing is suspicious.

    >>> mended_email("ann@gmial.com"), mended_email("ann@163.con"), mended_email("ann@example.com")
    ('ann@gmail.com', 'ann@163.com', None)
    """
    local, _, domain = address.partition("@")
    if domain in PROVIDERS or domain in _REAL:
        return None
    for wrong, right in _ENDINGS.items():
        if domain.endswith(wrong):
            return f"{local}@{domain.removesuffix(wrong)}{right}"
    near = [provider for provider in PROVIDERS if _is_one_slip(domain, provider)]
    return f"{local}@{near[0]}" if len(near) == 1 else None


def _is_one_slip(typed: str, meant: str) -> bool:
    """One letter too many, too few or wrong, or two neighbours swapped.  Digits are never slips: 126 is not 163."""
    if abs(len(typed) - len(meant)) > 1 or _digits(typed) != _digits(meant):
        return False
    start = next((i for i, (a, b) in enumerate(zip(typed, meant, strict=False)) if a != b), None)
    if start is None:
        return len(typed) != len(meant)
    rest_typed, rest_meant = typed[start:], meant[start:]
    swapped = rest_typed[1::-1] + rest_typed[2:]
    return (
        swapped == rest_meant
        or rest_typed[1:] == rest_meant
        or rest_typed == rest_meant[1:]
        or rest_typed[1:] == rest_meant[1:]
    )


def _digits(text: str) -> str:
    return "".join(letter for letter in text if letter.isdigit())
