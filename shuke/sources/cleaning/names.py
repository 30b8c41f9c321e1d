"""People's names: how they are written, and what is none."""

from __future__ import annotations

import re
import unicodedata

from shuke.sources.cleaning.concealment import concealment
from shuke.sources.cleaning.widths import narrowed, unguarded

_HAN = r"\u3400-\u4dbf\u4e00-\u9fff"
_BETWEEN_HAN = re.compile(rf"(?<=[{_HAN}])\s+(?=[{_HAN}])")
_DOTS = re.compile(r"[·•‧∙・･᛫]")
_TITLE_AFTER = re.compile(rf"(?<=[{_HAN}])(先生|女士|小姐|太太)$")
_TITLE_BEFORE = re.compile(r"^(mr|mrs|ms|miss|dr|prof)\.?\s+(?=\S)", re.IGNORECASE)
_PLACEHOLDERS = frozenset(
    {
        "test",
        "tester",
        "testing",
        "测试",
        "测试用户",
        "匿名",
        "匿名用户",
        "无",
        "无名",
        "未知",
        "先生",
        "女士",
        "顾客",
        "客户",
        "会员",
        "unknown",
        "anonymous",
        "none",
        "null",
        "n/a",
        "na",
        "customer",
        "guest",
        "xxx",
        "abc",
        "asdf",
        "aaa",
    }
)


def normalised_name(text: str) -> str | None:
    """The name as it is kept, or ``None`` for what is no name: masks, placeholders, digits.

    >>> normalised_name(" 王　小明 先生"), normalised_name("ANN  LEE"), normalised_name("阿不都・热合曼")
    ('王小明', 'Ann Lee', '阿不都·热合曼')
    """
    bare = " ".join(unguarded(narrowed(unicodedata.normalize("NFC", text))).split())
    bare = _DOTS.sub("·", _BETWEEN_HAN.sub("", bare))
    bare = _TITLE_BEFORE.sub("", _TITLE_AFTER.sub("", bare).strip()).strip(" ·.,-")
    if is_placeholder_name(bare):
        return None
    is_shouted = bare.isupper() and bare.isascii() and len(bare) > 3
    return bare.title() if is_shouted else bare


def is_placeholder_name(name: str) -> bool:
    """Whether it names nobody: empty, masked, digits only, a word that people type to get past a form.

    >>> is_placeholder_name("测试"), is_placeholder_name("张**"), is_placeholder_name("Test Lee")
    (True, True, False)
    """
    folded = name.casefold().strip()
    return (
        folded in _PLACEHOLDERS
        or not any(letter.isalpha() for letter in folded)
        or concealment(name) is not None
    )


def name_key(name: str) -> str:
    """What is equal for names that differ in case, accents and the order of their words only.

    >>> name_key("Müller, Ann") == name_key("ann muller")
    True
    """
    plain = unicodedata.normalize("NFKD", narrowed(name)).casefold()
    letters = "".join(letter for letter in plain if not unicodedata.combining(letter))
    return " ".join(sorted(re.findall(r"\w+", letters)))
