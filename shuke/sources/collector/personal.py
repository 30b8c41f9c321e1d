"""Keeping direct identifiers out of what goes to the lake: by the name of a key, and by the look of a text."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

#: Keys that name a person or a device directly, without case and separators.
_NAMES = frozenset(
    {
        *("email", "emailaddress", "mail", "useremail", "customeremail", "contactemail"),
        *(
            "phone",
            "phonenumber",
            "mobile",
            "mobilephone",
            "mobilenumber",
            "tel",
            "telephone",
            "cell",
            "cellphone",
        ),
        *("firstname", "lastname", "fullname", "surname", "familyname", "givenname", "username", "nickname"),
        *("customername", "receivername", "recipient", "consignee", "contactname", "realname"),
        *("address", "street", "streetaddress", "address1", "address2", "shippingaddress", "billingaddress"),
        *("birthday", "birthdate", "dateofbirth", "dob", "idcard", "idnumber", "passport", "ssn", "taxid"),
        *("ip", "ipaddress", "clientip", "latitude", "longitude", "lat", "lng", "lon"),
        *(
            "traits",
            "userid",
            "anonymousid",
            "previousid",
            "advertisingid",
            "idfa",
            "idfv",
            "gaid",
            "devicetoken",
        ),
        *("token", "password", "secret", "iban", "cardnumber", "creditcard", "openid", "unionid", "wechat"),
        *(
            "姓名",
            "名字",
            "昵称",
            "收货人",
            "收件人",
            "手机",
            "手机号",
            "手机号码",
            "电话",
            "联系电话",
            "邮箱",
        ),
        *("地址", "收货地址", "详细地址", "生日", "出生日期", "身份证", "身份证号", "微信号"),
    }
)
#: Keys whose objects describe a person: in them ``name`` and ``id`` are a person's too.
_PERSONS = frozenset(
    {"user", "customer", "member", "buyer", "contact", "recipient", "person", "profile", "device"}
)
_SEPARATORS = re.compile(r"[\s_.\-]+")
_EMAIL = re.compile(r"[^\s@<>\"',;:/?&=]+(?:@|%40)[^\s@<>\"',;:/?&=%]+\.[^\s@<>\"',;:/?&=%]+", re.IGNORECASE)
_PHONE = re.compile(r"(?:\+|00)\d{8,15}|(?:\+?86)?1[3-9]\d{9}")
#: With what a phone number begins.
_FIRST = "+01(8"
_PHONE_SPACES = re.compile(r"[\s().\-]")
_CHINESE_MOBILES = range(13_000_000_000, 20_000_000_000)

DEEPEST = 32


def _spelled(name: str) -> str:
    """A pattern of every spelling of a name: with separators, and with escapes where it is not ASCII."""
    letters = (re.escape(c) if c.isascii() else rf"(?:{c}|\\u{ord(c):04x})" for c in name)
    return r"[\s_.\-]*".join(letters)


#: What makes a JSON text worth a careful look, for engines of regular expressions that read a whole column at once.
#: Wider than the careful look itself (a test holds that): it may find what is harmless, never miss what is not.
SUSPICIOUS = "(?i)" + "|".join(
    (
        rf'"[\s_.\-]*(?:{"|".join(_spelled(name) for name in sorted(_NAMES))})[\s_.\-]*"\s*:',
        rf'"[\s_.\-]*(?:{"|".join(_spelled(name) for name in sorted(_PERSONS))})[\s_.\-]*"\s*:\s*[\[{{]',
        "@|%40",
        r'"[+01(8][\d\s().\-]{9,}"',
        r"1[3-9]\d{9}|\d{19}|e\+?\d{3}",
        # Escapes of ASCII could hide any of the above, and NUL.
        r"\\u00[0-7]",
    )
)
_LEAST, _MOST = -(2**63), 2**63 - 1


class UnfitValue(Exception):
    """A value that no part of the system could keep.  ``code`` says why: ``too_deep`` or ``number_too_large``."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@lru_cache(maxsize=20_000)
def names_person(key: str) -> bool:
    """Whether a key names a direct identifier, however it is spelled: ``E-Mail``, ``first_name``, ``手机号``."""
    return _SEPARATORS.sub("", key).casefold() in _NAMES


@lru_cache(maxsize=20_000)
def _describes_person(key: str) -> bool:
    return _SEPARATORS.sub("", key).casefold() in _PERSONS


@lru_cache(maxsize=10_000)
def _unwanted_keys(keys: tuple[str, ...], of_person: bool) -> tuple[str, ...]:
    """Events of one name have the same keys again and again, so the answer is remembered for all of them together."""
    return tuple(key for key in keys if names_person(key) or (of_person and key in {"name", "id"}))


def without_identifiers(value: dict[str, Any], *, of_person: bool = False, depth: int = 1) -> dict[str, Any]:
    """An object without what identifies a person directly, changed in place.

    ``of_person``: the object describes a person, so that ``name`` and ``id`` are left out as well.
    Raises ``UnfitValue``.
    """
    if depth > DEEPEST:
        raise UnfitValue("too_deep")
    for key in _unwanted_keys(tuple(value), of_person):
        del value[key]
    for key, item in list(value.items()):
        kept = _without(key, item, of_person=of_person, depth=depth)
        if kept is _NOTHING:
            del value[key]
        elif kept is not item:
            value[key] = kept
    return value


_NOTHING: Any = object()


def _without(key: str, item: Any, *, of_person: bool, depth: int) -> Any:
    """The value that may stay under a key, or ``_NOTHING``."""
    kind = type(item)
    if kind is str:
        return (_plain_address(item) or _NOTHING) if looks_personal(item) else item
    if kind is dict or kind is list:
        return _inside(key, item, of_person=of_person, depth=depth + 1)
    if kind is int and not _is_fit(item):
        return _NOTHING
    return item


def _inside(key: str, item: Any, *, of_person: bool, depth: int) -> Any:
    """The same for what lies in an object or list."""
    is_person = of_person or _describes_person(key)
    if isinstance(item, dict):
        return without_identifiers(item, of_person=is_person, depth=depth)
    # Each item is judged like the value of an object with one key; what identifies leaves no gap.
    held = (without_identifiers({"": part}, of_person=is_person, depth=depth) for part in item)
    return [part for kept in held for part in kept.values()]


def _is_fit(number: int) -> bool:
    """False for a phone number written as one.  Raises ``UnfitValue`` beyond 64 bits."""
    if not _LEAST <= number <= _MOST:
        raise UnfitValue("number_too_large")
    return number not in _CHINESE_MOBILES


def has_nul(value: Any) -> bool:
    """Whether a NUL stands in any text or key."""
    if isinstance(value, dict):
        return any("\x00" in key or has_nul(item) for key, item in value.items())
    if isinstance(value, list):
        return any(has_nul(item) for item in value)
    return isinstance(value, str) and "\x00" in value


def _plain_address(text: str) -> str:
    """Of a web address that carries an identifier what stands before its query, of other texts nothing."""
    bare = text.partition("?")[0].partition("#")[0]
    is_address = text.startswith(("http://", "https://", "/"))
    return bare if is_address and bare != text and not looks_personal(bare) else ""


def looks_personal(text: str) -> bool:
    """Whether a text holds an address of mail, or is a phone number with a country code or of a Chinese mobile."""
    if ("@" in text or "%40" in text) and _EMAIL.search(text):
        return True
    if not 8 <= len(text) <= 24 or text[0] not in _FIRST:
        return False
    return _PHONE.fullmatch(_PHONE_SPACES.sub("", text)) is not None


def shape(value: Any, *, depth: int = 0) -> Any:
    """What a value is made of, without what it says: keys and types.  For events that were put aside."""
    if isinstance(value, dict):
        if depth >= 4:
            return "object"
        shown = list(value.items())[:50]
        return {
            key[:60] if key.isprintable() and not looks_personal(key) else "…": shape(item, depth=depth + 1)
            for key, item in shown
        }
    if isinstance(value, list):
        return [shape(value[0], depth=depth + 1)] if value and depth < 4 else []
    names = {str: "text", bool: "boolean", int: "number", float: "number", type(None): "nothing"}
    return names.get(type(value), "other")
