"""Letters that look alike and are not: full-width forms, invisible marks, Excel's guards."""

from __future__ import annotations

#: Full-width ASCII (！ to ～) and the ideographic space to their plain forms; invisible marks to nothing.
_TABLE: dict[int, str | None] = {
    **{code: chr(code - 0xFEE0) for code in range(0xFF01, 0xFF5F)},
    0x3000: " ",
    0x00A0: " ",
    0x202F: " ",
    0xFF0D: "-",
    0x2010: "-",
    0x2011: "-",
    0x2012: "-",
    0x2013: "-",
    0x2014: "-",
    **dict.fromkeys([*range(0x200B, 0x2010), *range(0x202A, 0x202F), 0x2060, 0xFEFF]),
}


def narrowed(text: str) -> str:
    """The text with plain ASCII letters, digits, brackets, blanks and hyphens, trimmed.

    >>> narrowed("（０１０）６２３４　５６７８\u200b")
    '(010)6234 5678'
    """
    return text.translate(_TABLE).strip()


def unguarded(text: str) -> str:
    """A cell without the quote, tab or ``="…"`` by which an export keeps Excel from changing it.

    >>> unguarded("'13800138000")
    '13800138000'
    >>> unguarded('="0012"')
    '0012'
    """
    bare = text.strip("\t\r\n \u3000\ufeff")
    if bare.startswith('="') and bare.endswith('"') and len(bare) > 2:
        bare = bare[2:-1]
    return bare.strip("'`‘’\t \"")
