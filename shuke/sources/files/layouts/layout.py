"""What a layout is: how a platform's file is recognised, and which of its columns means what."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

import polars as pl

from shuke.sources.files.notes import Note

#: Units in brackets say nothing; other brackets do: (Billing) is not (Shipping).
_UNIT = re.compile(r"[(\[【](元|件|个|￥|¥|rmb|cny|分|kg|克)[)\]】]")
_NOISE = re.compile(r"[\s_\-‐–—:;,.#*'\"`/\\]+")
#: Words to the right of a platform's name for one thing, the first that a file has and fills counts.
Columns = Mapping[str, tuple[str, ...]]
StatusWords = Literal["chinese", "shopify", "woocommerce", "none"]


def header_key(header: str) -> str:
    """A header without case, width, blanks, punctuation and a unit in brackets.

    >>> header_key("用户实付金额（元） ") == header_key("用户实付金额")
    True
    >>> header_key("First Name (Billing)") == header_key("First Name (Shipping)")
    False
    """
    text = unicodedata.normalize("NFKC", header).casefold()
    return _NOISE.sub("", _UNIT.sub("", text))


@dataclass(frozen=True)
class Draft:
    """A file on its way to our own columns.

    ``rows`` has ``row_no`` and text columns named after fields of the layout's kind, and what else the
    layout picked.  ``faults`` are rows to be put aside: (row number, column, code).
    """

    rows: pl.DataFrame
    notes: tuple[Note, ...] = ()
    faults: tuple[tuple[int, str, str], ...] = ()
    settings: Mapping[str, str] = field(default_factory=dict)


Finish = Callable[[Draft], Draft]


@dataclass(frozen=True)
class Layout:
    """One export of one platform.

    ``needs``: groups of headers of which one each must be there.  ``columns``: field of ``kind`` (or a
    name that ``finish`` uses and drops) → headers.  ``status``: picked columns whose words tell the three
    states.  ``settings`` are those of a profile: the zone and currency of the platform.
    """

    name: str
    label: str
    kind: str
    sales_channel: str
    needs: tuple[tuple[str, ...], ...]
    columns: Columns
    status: tuple[str, ...] = ()
    status_words: StatusWords = "none"
    finish: Finish | None = None
    settings: Mapping[str, str] = field(default_factory=dict)

    def fits(self, keys: frozenset[str]) -> int:
        """How many of a file's headers (as keys) this layout knows; 0 where one that it needs is missing."""
        if not all(any(header_key(word) in keys for word in group) for group in self.needs):
            return 0
        known = {header_key(word) for words in (*self.columns.values(), *self.needs) for word in words}
        return len(known & keys)


CHINA: Mapping[str, str] = {"time_zone": "Asia/Shanghai", "currency": "CNY"}
