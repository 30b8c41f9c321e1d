"""Decisions about identifiers: how a value is written, and what may bring people together."""

import hashlib
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from shuke.sources.cleaning.concealment import concealment
from shuke.sources.cleaning.emails import normalised_email
from shuke.sources.cleaning.phones import is_placeholder_phone, normalised_phone

GLOBAL_SCOPE = "global"


@dataclass(frozen=True)
class KindRule:
    """What a kind of identifier may do.

    The lower ``priority`` decides whose a row is.  ``is_global`` values are unique everywhere, others
    within a channel account.  ``names_person`` is false for what names a device or an occasion: it
    makes no member.  ``links`` says whether two members who share a value are one person, unless more
    than ``limit`` share it: then it links nobody.
    """

    priority: int
    is_global: bool = False
    names_person: bool = True
    links: bool = False
    limit: int = 1


#: Every kind, the most reliable first (docs/algorithms/identity.md).
KINDS: Mapping[str, KindRule] = MappingProxyType(
    {
        "external": KindRule(10, links=True, limit=3),
        "card": KindRule(20, links=True, limit=3),
        "unionid": KindRule(30, is_global=True, links=True, limit=3),
        "external_userid": KindRule(40, links=True, limit=3),
        "openid": KindRule(50, links=True, limit=3),
        "email": KindRule(60, is_global=True, links=True, limit=3),
        "phone": KindRule(70, is_global=True, links=True, limit=3),
        "anonymous": KindRule(80, names_person=False),
        "order_contact": KindRule(90, names_person=False),
        "receiver_phone": KindRule(91, is_global=True, names_person=False),
    }
)
PRIORITY = {kind: rule.priority for kind, rule in KINDS.items()}
_HAN = re.compile(r"[\u3400-\u9fff]+")
_TITLES = re.compile(r"(女士|先生|小姐|太太)$")
_PHONES = frozenset({"phone", "receiver_phone"})
_CONTACTS = _PHONES | {"email"}
_HASH = re.compile(r"[0-9a-f]{32}|[0-9a-f]{40}|[0-9a-f]{64}", re.IGNORECASE)


def normalised(kind: str, text: str, *, region: str = "CN") -> str | None:
    """The value of an identifier of that kind as it is hashed and stored, or ``None`` if it is none."""
    form = form_of(kind, text)
    if form == "masked":
        return None
    if form == "hash":
        return text.strip().lower()
    if kind == "email":
        return normalised_email(text)
    if kind in _PHONES:
        number = normalised_phone(text, region=region)
        return None if number is None or is_placeholder_phone(number) else number
    # NUL is refused by PostgreSQL and never part of a value that a person or system means.
    return text.replace("\x00", "").strip() or None


def form_of(kind: str, text: str) -> str:
    """How a value is given: ``plain``, ``hash`` (of a phone or email), ``cipher``, or ``masked``.

    A masked value (138****8000, 王**) is that of many people and a cipher that of one order: neither
    ever says that two people are one.

    >>> form_of("phone", "138****8000"), form_of("email", "a@b.cn")
    ('masked', 'plain')
    """
    value = text.strip()
    if kind in _CONTACTS and _HASH.fullmatch(value):
        return "hash"
    hidden = concealment(value)
    if hidden == "cipher":
        return hidden
    # A customer number may well hold an x or a dot; two stars in it are a mask.
    is_masked = hidden == "masked" if kind in _CONTACTS else "**" in value
    return "masked" if is_masked else "plain"


def scope_of(kind: str, account: str) -> str:
    """Where a value of that kind is unique: everywhere, or within the channel account."""
    return GLOBAL_SCOPE if kind in KINDS and KINDS[kind].is_global else account


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
    if kind in _PHONES:
        return f"{value[:3]}******{value[-4:]}"
    return value


def names_agree(one: str, other: str) -> bool:
    """Whether two names may be of one person.

    Latin names must have a word in common besides the last one, which is the family's.  Of Chinese names one
    must contain the other: brothers share all but one character.  An unknown name agrees with any.

    >>> names_agree("Ann Lee", "ann"), names_agree("Ann Lee", "Bob Lee"), names_agree("王小明", "王小红")
    (True, False, False)
    """
    first, second = (unicodedata.normalize("NFKC", name).casefold() for name in (one, other))
    if _HAN.search(first) and _HAN.search(second):
        bare = [_TITLES.sub("", "".join(name.split())) for name in (first, second)]
        return bare[0] in bare[1] or bare[1] in bare[0]
    words = [set(name.split()[:-1] or name.split()) for name in (first, second)]
    return not all(words) or bool(words[0] & words[1])
