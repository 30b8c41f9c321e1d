"""Values that a platform hides: they name nobody and must never bring two people together."""

from __future__ import annotations

import re
from typing import Literal

from shuke.sources.cleaning.widths import narrowed, unguarded

Concealment = Literal["masked", "cipher"]

#: Marks of ciphers in exports and answers: Douyin ``##…`` and ``$$…``, Taobao and PDD ``~…~``, Youzan ``$…$1$``.
_CIPHER = re.compile(r"(##|\$\$).*|~[^~]{8,}~.*|\$[^$]{8,}\$\d+\$|#[A-Za-z0-9+/=]{16,}#.*")
_MASK = re.compile(r"[*＊●•×✱]|[0-9][xX]{3,}|[xX]{3,}[0-9]|\.{3,}|…")


def concealment(text: str) -> Concealment | None:
    """Whether a cell is a mask (``138****8000``, ``张**``) or a cipher (``##a8f…``); ``None``: in the clear.

    >>> concealment("138****8000"), concealment("##bXk3d0=="), concealment("13800138000")
    ('masked', 'cipher', None)
    """
    bare = unguarded(narrowed(text))
    if _CIPHER.fullmatch(bare):
        return "cipher"
    return "masked" if _MASK.search(bare) else None
