"""Properties and contexts as they go to the lake: plain JSON without direct identifiers.

Whole columns are glanced at by one pattern; only the texts that it finds suspicious are taken apart.
"""

from __future__ import annotations

from typing import Any

import msgspec
import polars as pl

from shuke.sources.collector.bodies import FAULTS
from shuke.sources.collector.personal import DEEPEST, SUSPICIOUS, UnfitValue, has_nul, without_identifiers

#: Texts that say nothing.
_EMPTY = frozenset({"null", "{}", ""})
_NULL = frozenset({b"null", b""})


def cleaned(raw: list[bytes], *, of_person: bool = False) -> tuple[pl.Series, dict[int, str]]:
    """The texts without identifiers, and by their place the codes of those that cannot be kept.

    ``of_person``: each describes a person, as traits do, so that all are looked at with care.
    Equal texts, such as the context that a server sends with every event, are looked at once.
    """
    faults: dict[bytes, str] = {}
    decoded = {item: _text(item, faults) for item in set(raw)}
    distinct = list(decoded)
    column = pl.Series("raw", [decoded[item] for item in distinct], dtype=pl.String)
    verdicts = pl.DataFrame({"raw": column}).select(
        careful=pl.col("raw").str.contains(SUSPICIOUS)
        # Fewer brackets than that cannot be nested too deep.
        | (pl.col("raw").str.count_matches(r"[\[{]") > DEEPEST)
        | ~pl.col("raw").str.contains(r"^\s*\{"),
    )["careful"]
    kept: dict[bytes, str | None] = {}
    for item, text, is_suspicious in zip(distinct, column, verdicts, strict=True):
        kept[item] = _carefully(item, faults, of_person=of_person) if is_suspicious or of_person else text
    codes = {place: faults[item] for place, item in enumerate(raw) if item in faults} if faults else {}
    return pl.Series([kept[item] for item in raw], dtype=pl.String), codes


def _text(raw: bytes, faults: dict[bytes, str]) -> str | None:
    try:
        text = raw.decode()
    except UnicodeDecodeError:
        faults[raw] = "not_utf8"
        return None
    return None if text in _EMPTY else text


def _carefully(raw: bytes, faults: dict[bytes, str], *, of_person: bool) -> str | None:
    """The text without identifiers, ``None`` if nothing is left or it cannot be kept."""
    if raw in faults or raw.strip() in _NULL:
        return None
    try:
        value: Any = msgspec.json.decode(raw)
        if not isinstance(value, dict):
            raise UnfitValue("wrong_field")
        if has_nul(value):
            raise UnfitValue("has_nul")
        plain = without_identifiers(value, of_person=of_person)
    except UnfitValue as error:
        faults[raw] = error.code
    except RecursionError:
        faults[raw] = "too_deep"
    except FAULTS:
        faults[raw] = "number_too_large"
    else:
        return msgspec.json.encode(plain).decode() if plain else None
    return None
