"""Decisions about members."""

import re
import unicodedata

_HAN = re.compile(r"[\u3400-\u9fff]+")


def name_words(name: str) -> set[str]:
    """The words by which a name can be found: the folded whole name, its words, and pairs of Han characters.

    >>> sorted(name_words("Ann Lee"))
    ['ann', 'ann lee', 'lee']
    >>> sorted(name_words("王小明"))
    ['小明', '王小', '王小明']
    """
    folded = " ".join(unicodedata.normalize("NFKC", name).casefold().split())
    words = {folded, *folded.split(" ")}
    for run in _HAN.findall(folded):
        words.update(run[i : i + 2] for i in range(len(run) - 1))
    return words - {""}
